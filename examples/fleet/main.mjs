// Two host processes behind one queue: `node examples/fleet/main.mjs`. Needs redis-server.
import { Machine } from './machine.mjs';
import { Asker } from './queue.mjs';

const machine = await Machine.start();
const asker = new Asker(machine.redis);
await asker.ready();
const began = performance.now();
await machine.startHost();
const first = performance.now();
const other = await machine.startHost();
console.error(`hosts were ready after ${(first - began).toFixed(0)} and ${(performance.now() - first).toFixed(0)} ms`);

const ask = (tenant, plugin, input) =>
  asker.ask(tenant, plugin, input).then(
    (answer) => JSON.stringify(answer),
    (error) => `failed: ${error.message}`,
  );
console.log('invoice:', await ask('acme', 'invoice', { item: 'item7', quantity: 3 }));
console.log('report:', await ask('acme', 'report', { day: 'today' }));
console.log('loop:', await ask('mallory', 'hostile', { how: 'loop' }));
console.log('memory:', await ask('mallory', 'hostile', { how: 'memory' }));
console.log('throws:', await ask('mallory', 'hostile', { how: 'because' }));

// One of the two dies, with jobs that it has begun.
const jobs = Array.from({ length: 60 }, (_, i) => ask(i % 2 ? 'acme' : 'globex', 'report', { day: 'n'.repeat(i) }));
let answered = 0;
const some = Promise.all(jobs.map((job) => job.then(() => ++answered === 10 && machine.stopHost(other, 'SIGKILL'))));
const answers = await Promise.all(jobs);
await some;
const right = answers.filter((answer, i) => JSON.parse(answer).orders === '/orders/'.length + i).length;
console.log(`${right} of ${jobs.length} answers are right; one host of two was killed after 10 of them`);
await asker.close();
await machine.close();
