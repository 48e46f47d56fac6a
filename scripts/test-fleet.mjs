// npm run test:fleet: examples/fleet on a real Redis (Debian's redis-server, or what REDIS_SERVER names), with hosts that die, stand still and are given what is hostile.
import { deepStrictEqual as deepEqual, strictEqual as equal, match, ok, rejects } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Machine, redisServer } from '../examples/fleet/machine.mjs';
import { measure } from '../examples/fleet/measure.mjs';
import { Asker } from '../examples/fleet/queue.mjs';
import { fail, output } from './lib/tools.mjs';

if (!existsSync(redisServer))
  fail('npm run test:fleet needs Redis: apt-get install redis-server, or REDIS_SERVER=path.');

/** A machine with two hosts, and what its queue says of each job: how often it was begun, stalled, and ended. */
async function withHosts(use) {
  const machine = await Machine.start();
  const asker = new Asker(machine.redis);
  const told = { active: {}, stalled: {}, completed: {}, failed: {} };
  for (const [name, counts] of Object.entries(told))
    asker.events.on(name, ({ jobId }) => {
      counts[jobId] = (counts[jobId] ?? 0) + 1;
    });
  try {
    await asker.ready();
    const hosts = [await machine.startHost(), await machine.startHost()];
    await use({ machine, asker, told, hosts });
  } finally {
    await asker.close();
    await machine.close();
  }
}
const report = (asker, count, prefix) =>
  Array.from({ length: count }, async (_, i) => {
    const answer = await asker.ask(
      i % 2 ? 'acme' : 'globex',
      'report',
      { day: 'n'.repeat(i) },
      { jobId: `${prefix}${i}` },
    );
    equal(answer.orders, '/orders/'.length + i);
  });
const ids = (counts) => Object.keys(counts).length;
const once = (counts) => Object.values(counts).every((count) => count === 1);
async function until(what, holds) {
  for (const end = performance.now() + 30_000; !holds(); await setTimeout(5))
    if (performance.now() > end) throw new Error(`Expected ${what} within 30 s`);
}

const tests = {
  async 'the example prints what it says'() {
    const [command, script] = [process.execPath, 'examples/fleet/main.mjs'];
    deepEqual(output(command, [script], { timeout: 120_000, stdio: ['ignore', 'pipe', 'inherit'] }).split('\n'), [
      'invoice: {"item":"item7","cents":777,"checksum":0}',
      'report: {"day":"today","orders":13}',
      'loop: failed: cpu',
      'memory: failed: InternalError: out of memory',
      'throws: failed: Error: because',
      '60 of 60 answers are right; one host of two was killed after 10 of them',
    ]);
  },

  async 'a host that is killed in the middle of jobs: none is lost, none answered twice'() {
    await withHosts(async ({ machine, asker, told, hosts }) => {
      const jobs = report(asker, 300, 'killed-');
      await until('some answers', () => ids(told.completed) >= 30);
      await machine.stopHost(hosts[0], 'SIGKILL');
      await machine.startHost(); // the one that the operator starts in its place
      await Promise.all(jobs);
      ok(ids(told.stalled) > 0, 'the host that was killed had jobs, and others took them over');
      equal(ids(told.completed), 300);
      ok(once(told.completed), 'each has one answer');
      deepEqual(told.failed, {});
    });
  },

  async 'a host that stands still, and goes on when others have done its jobs, answers nobody twice'() {
    await withHosts(async ({ asker, told, hosts }) => {
      const jobs = report(asker, 200, 'stopped-');
      await until('some answers', () => ids(told.completed) >= 20);
      hosts[0].process.kill('SIGSTOP');
      try {
        await Promise.all(jobs);
      } finally {
        hosts[0].process.kill('SIGCONT');
      }
      ok(ids(told.stalled) > 0, 'the host that stood still had jobs');
      await setTimeout(1_000); // what it has in hand it tries to answer now
      await Promise.all(report(asker, 40, 'after-')); // and it works
      equal(ids(told.completed), 240);
      ok(once(told.completed), 'each has one answer');
      deepEqual(told.failed, {});
    });
  },

  async 'hostile jobs end at their budget, are not tried again, and others are answered meanwhile'() {
    await withHosts(async ({ asker, told }) => {
      const hostile = ['loop', 'memory', 'because'].flatMap((how) =>
        Array.from({ length: 3 }, (_, i) =>
          rejects(asker.ask('mallory', 'hostile', { how }, { jobId: `${how}-${i}` }), (error) => {
            match(error.message, { loop: /^cpu$/, memory: /out of memory/, because: /because/ }[how]);
            return true;
          }),
        ),
      );
      await Promise.all(report(asker, 50, 'meanwhile-'));
      await Promise.all(hostile);
      for (const how of ['loop', 'memory', 'because']) equal((await asker.queue.getJob(`${how}-0`)).attemptsMade, 1);
      equal(ids(told.failed), 9);
      ok(once(told.failed), 'each has failed once');
    });
  },

  async 'a job whose hosts die, one after another, fails in the end'() {
    await withHosts(async ({ machine, asker, told, hosts }) => {
      for (const host of hosts) await machine.stopHost(host);
      const job = asker.ask('mallory', 'report', { day: 'today', times: 200 }, { jobId: 'deadly' }); // four seconds
      const failed = rejects(job, /stalled more than allowable limit/);
      let begun = 0;
      const killer = (async () => {
        while (!told.failed.deadly) {
          const host = await machine.startHost();
          await until('the job to begin or fail', () => (told.active.deadly ?? 0) > begun || told.failed.deadly);
          begun = told.active.deadly;
          await setTimeout(500); // the last host that takes it only says that it is over
          if (!told.failed.deadly) await machine.stopHost(host, 'SIGKILL');
        }
      })();
      await failed;
      await killer;
      ok(begun <= 5, `it was begun ${begun} times`);
    });
  },

  async 'a second host raises the throughput'() {
    const { computing, waiting } = await measure();
    for (const [name, [one, two]] of Object.entries({ computing, waiting }))
      console.log(`  ${name}: ${one.toFixed(0)} jobs a second with one host, ${two.toFixed(0)} with two`);
    ok(waiting[1] > 1.3 * waiting[0], 'of jobs that wait'); // those that compute depend on what else the machine does
  },
};

for (const [name, test] of Object.entries(tests)) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  const began = performance.now();
  await test();
  console.log(`${name}: ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}
