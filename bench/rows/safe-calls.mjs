// Calls the way that the documents tell people to make them: with a deadline, in conversations. And many at once, for long.
import { Runtime, RuntimeConfig } from '../../dist/index.js';
import { compare, guest, own, quick, sustained, timeAsync } from '../measure.mjs';
import { node26, nodeApi, piscina } from '../peers.mjs';

const group = 'Calls with deadlines, and many calls';
const binary = guest('calls.wat');
const interruptible = () => new RuntimeConfig().withCloseOnContextDone(true);
async function world(config) {
  const runtime = new Runtime(config);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => {}, [], [])
    .export('nothing')
    .newFunctionBuilder()
    .withFunction(() => 0, ['i32', 'i32'], ['i32'])
    .export('length')
    .newFunctionBuilder()
    .withFunction(() => new Promise((resolve) => setImmediate(resolve)), [], [])
    .export('later')
    .instantiate();
  return { runtime, module: await runtime.instantiate(binary) };
}
const { runtime, module } = await world(interruptible());
const untrusted = await world(RuntimeConfig.untrusted());
const { empty: nodeApiEmpty } = nodeApi();

const many = quick ? 1e5 : 3e6;
const napi = own('empty()', { empty: nodeApiEmpty });
const f = (from, name) => from.module.exportedFunction(name);
const plain = own('f.callSync(i)', { f: f({ module }, 'free') });
const add = own('f.callSync(i, 1)', { f: f({ module }, 'add') });
const timed = own('f.callSync(i)', { f: f({ module }, 'free').withOptions({ timeoutMs: 1000 }) });
const guarded = own('f.callSync(i)', { f: f(untrusted, 'free') });
const limit = () => napi(many);
const against = 'an empty Node-API call';
const rows = [
  ['callSync (i32) -> (), one call site', plain, 5.5],
  ['callSync (i32, i32) -> i32, one call site', add, 5.5],
];
const note =
  'of a call about half is JavaScript (checks, and what crosses, in an array that both share), a third C++ and the guest, a fifth Node-API';
for (const [row, run, bar] of rows)
  await compare({ group, row, against, bar, note, ours: () => run(many), peer: limit });
for (const [row, run] of [
  ['callSync with timeoutMs', timed],
  ['callSync in an untrusted runtime, which has a deadline for all', guarded],
])
  await compare({ group, row, bar: 150, absolute: true, ours: () => run(many), limit, limitIs: against });

const empty = f({ module }, 'empty');
const { signal } = new AbortController();
const each = quick ? 500 : 5000;
const without = () => timeAsync(() => empty.call(), each);
for (const [row, options] of [
  ['call with timeoutMs, one at a time', { timeoutMs: 1000 }],
  ['call with a signal, one at a time', { signal }],
]) {
  const called = empty.withOptions(options);
  await compare({
    group,
    row,
    against: 'the same without',
    bar: 1.2,
    ours: () => timeAsync(() => called.call(), each),
    peer: without,
  });
}

// A plugin's request: room for a string of 1 KiB, the string, the work, the answer, the room given back.
const text = 'abcdefgh'.repeat(128);
const talker = (await world(interruptible())).module; // nobody has called its `free` with a number of his own
const conversation = () =>
  talker.exclusive(
    async (lent) => {
      const p = await lent.exportedFunction('alloc').call(text.length);
      lent.memory.writeString(p, text);
      await lent.exportedFunction('reverse').call(p, text.length);
      const answer = lent.memory.readString(p, text.length);
      await lent.exportedFunction('free').call(p);
      return answer;
    },
    { timeoutMs: 1000 },
  );
await compare({
  group,
  row: 'exclusive: three calls and 1 KiB each way, with a deadline',
  unit: 'µs',
  bar: 25,
  absolute: true,
  ours: async () => (await timeAsync(conversation, quick ? 200 : 2000)) / 1000,
});

const pool = await piscina({ guest: binary });
const total = quick ? 20_000 : 200_000;
const guests = await Promise.all(Array.from({ length: 1000 }, () => runtime.instantiate(binary)));
const functions = guests.map((one) => one.exportedFunction('empty'));
const limited = functions.map((one) => one.withOptions({ timeoutMs: 1000 }));
for (const [row, list] of [
  ['call, 1,000 outstanding, a closed loop', functions],
  ['the same with timeoutMs', limited],
])
  await compare({
    group,
    row,
    against: 'a piscina pool, likewise',
    note: 'until the loop was a closed one of 200,000 calls, and calls came in bursts of 1,000, piscina took 79 µs each, and the ratio was 0.089',
    bar: 1 / 10,
    ours: () => sustained(total, 1000, (i) => list[i].call()),
    peer: () => sustained(total / 4, 1000, () => pool.run()),
  });
await pool.destroy();

const later = guest('later.wat');
const jspi = node26('jspi.mjs');
const suspended = await Promise.all(
  Array.from({ length: 1000 }, async () => (await runtime.instantiate(later)).exportedFunction('run')),
);
const hostCalls = quick ? 10_000 : 40_000;
const encoded = Buffer.from(later).toString('base64');
await compare({
  group,
  row: 'call with one asynchronous host call in it, 1,000 guests, a closed loop',
  against: 'V8 with JSPI, Node 26, likewise',
  bar: 3,
  ours: () => sustained(hostCalls, 1000, (i) => suspended[i].call(1)),
  peer: async () => (await jspi.ask({ binary: encoded, guests: 1000, each: 1, total: hostCalls })).ns,
});
jspi.close();
await runtime.close();
await untrusted.runtime.close();
