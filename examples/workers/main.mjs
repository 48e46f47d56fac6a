import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

const workers = Array.from({ length: Math.min(4, availableParallelism()) }, () => {
  const worker = new Worker(new URL('worker.mjs', import.meta.url));
  worker.setMaxListeners(0);
  return worker;
});

let next = 0;
async function fib(n) {
  const id = next++;
  const worker = workers[id % workers.length];
  worker.postMessage({ id, n });
  for (;;) {
    const [message] = await once(worker, 'message');
    if (message.id === id) return message.answer;
  }
}

console.log((await Promise.all(Array.from({ length: 20 }, (_, n) => fib(n + 1)))).join(' '));
await Promise.all(workers.map((worker) => worker.terminate()));
