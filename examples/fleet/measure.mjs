// What a second host brings: `node examples/fleet/measure.mjs`. Each host has one processor of its own, as a machine would.
import { Machine } from './machine.mjs';
import { Asker } from './queue.mjs';

/** Jobs a second, with a host on each of these processors that takes so many jobs at once. */
async function throughput(processors, concurrency, count, plugin, input) {
  const machine = await Machine.start();
  const asker = new Asker(machine.redis);
  try {
    await asker.ready();
    for (const processor of processors)
      await machine.startHost({ concurrency, under: ['taskset', '-c', String(processor)] });
    const ask = (_, i) => asker.ask(`tenant${i % 8}`, plugin, input); // none of them reaches its budget
    await Promise.all(Array.from({ length: 16 }, ask)); // all hosts have the plugin
    const began = performance.now();
    await Promise.all(Array.from({ length: count * processors.length }, ask));
    return (1_000 * count * processors.length) / (performance.now() - began);
  } finally {
    await asker.close();
    await machine.close();
  }
}

/** With one host (the mean of either processor: others may use them, too), and with two. */
async function oneAndTwo(...of) {
  const alone = [await throughput([0], ...of), await throughput([1], ...of)];
  return [(alone[0] + alone[1]) / 2, await throughput([0, 1], ...of)];
}

/** Jobs that compute for some 10 ms, and jobs that wait for 20 ms. */
export async function measure() {
  return {
    computing: await oneAndTwo(2, 80, 'invoice', { item: 'item7', quantity: 3, rounds: 100_000 }),
    waiting: await oneAndTwo(4, 150, 'report', { day: 'today' }),
  };
}

if (process.argv[1] === import.meta.filename)
  for (const [name, [one, two]] of Object.entries(await measure()))
    console.log(
      `${name}: ${one.toFixed(0)} jobs a second with one host, ${two.toFixed(0)} with two, ${(two / one).toFixed(2)} x`,
    );
