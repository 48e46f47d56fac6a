// What a second host brings: `node examples/fleet/measure.mjs`. Each host has one processor of its own, as a machine would.
import { readFileSync } from 'node:fs';
import { Machine } from './machine.mjs';
import { Asker } from './queue.mjs';

/** Two of the processors that this process may use; on a machine with one it is twice the same. */
function processors() {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1];
  const all = list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return [all[0], all[1] ?? all[0]];
}

/** Jobs a second, with a host on each of these processors that takes so many jobs at once. */
async function throughput(on, concurrency, count, plugin, input) {
  const machine = await Machine.start();
  const asker = new Asker(machine.redis);
  try {
    await asker.ready();
    for (const processor of on) await machine.startHost({ concurrency, under: ['taskset', '-c', String(processor)] });
    const ask = (_, i) => asker.ask(`tenant${i % 8}`, plugin, input); // none of them reaches its budget
    await Promise.all(Array.from({ length: 16 }, ask)); // all hosts have the plugin
    const began = performance.now();
    await Promise.all(Array.from({ length: count * on.length }, ask));
    return (1_000 * count * on.length) / (performance.now() - began);
  } finally {
    await asker.close();
    await machine.close();
  }
}

/** With one host (the mean of either processor: others may use them, too), and with two. */
async function oneAndTwo(...of) {
  const [first, second] = processors();
  const alone = [await throughput([first], ...of), await throughput([second], ...of)];
  return [(alone[0] + alone[1]) / 2, await throughput([first, second], ...of)];
}

/** Jobs that compute for some 10 ms, and jobs that wait for 20 ms. */
export async function measure() {
  return {
    computing: await oneAndTwo(2, 80, 'invoice', { item: 'item7', quantity: 3, rounds: 100_000 }),
    waiting: await oneAndTwo(2, 100, 'report', { day: 'today' }),
  };
}

if (process.argv[1] === import.meta.filename)
  for (const [name, [one, two]] of Object.entries(await measure()))
    console.log(
      `${name}: ${one.toFixed(0)} jobs a second with one host, ${two.toFixed(0)} with two, ${(two / one).toFixed(2)} x`,
    );
