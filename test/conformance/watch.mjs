import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Runtime } from '../../dist/index.js';

const periodMs = 10;
// (module (memory 1) (func (export "beat") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))
const beating = Buffer.from(
  '0061736d0100000001060160017f017f030201000503010001070801046265617400000a09010700200041016a0b',
  'hex',
);

/**
 * What has to go on in a process whatever one of its guests does: a timer of 10 ms, calls of another guest, and Go's garbage collector,
 * which another thread runs. A machine that others keep busy makes timers late too: what this thread waited for a processor, and what a
 * thread that does nothing else was late by, is not counted as held.
 */
export class Watch {
  /** ms, the longest since the last reset(): timers late by themselves are not counted */ heldMs = 0;
  beatMs = 0;
  rssMiB = 0;
  longestHeldMs = 0;
  /** as the timer saw it, whosever fault it was */ longestTimerMs = 0;
  longestBeatMs = 0;
  beats = 0;
  #stalled = new Int32Array(new SharedArrayBuffer(4));
  #collected = new Int32Array(new SharedArrayBuffer(8));
  #waited = waitedForProcessorMs();
  #stop = false;

  static async start(config) {
    const watch = new Watch();
    watch.runtime = new Runtime(config);
    const guest = await watch.runtime.instantiate(beating);
    const beat = guest.exportedFunction('beat');
    watch.threads = [
      new Worker(stallWatch, { eval: true, workerData: watch.#stalled }),
      new Worker(collector, {
        eval: true,
        workerData: { collected: watch.#collected, dist: new URL('../../dist/', import.meta.url).href },
      }),
    ];
    await Promise.all(watch.threads.map((thread) => new Promise((resolve) => thread.once('message', resolve))));
    watch.beating = watch.#beat(beat);
    let last = performance.now();
    watch.timer = setInterval(() => {
      const now = performance.now();
      const late = now - last - periodMs;
      last = now;
      watch.#tick(late);
    }, periodMs);
    watch.reset();
    return watch;
  }

  get collections() {
    return Atomics.load(this.#collected, 0);
  }
  get longestCollectionMs() {
    return Atomics.load(this.#collected, 1);
  }

  #tick(late) {
    const waited = waitedForProcessorMs();
    const machine = Math.max(Atomics.exchange(this.#stalled, 0, 0), waited - this.#waited);
    this.#waited = waited;
    this.longestTimerMs = Math.max(this.longestTimerMs, late);
    this.heldMs = Math.max(this.heldMs, late - machine);
    this.longestHeldMs = Math.max(this.longestHeldMs, this.heldMs);
    this.rssMiB = Math.max(this.rssMiB, process.memoryUsage.rss() / 2 ** 20);
  }

  async #beat(beat) {
    while (!this.#stop) {
      const started = performance.now();
      const answer = await beat.call(this.beats);
      if (answer !== this.beats + 1)
        throw new Error(`Expected ${this.beats + 1} from the heartbeat but received ${answer}`);
      this.beats++;
      this.beatMs = Math.max(this.beatMs, performance.now() - started);
      this.longestBeatMs = Math.max(this.longestBeatMs, this.beatMs);
      await sleep(2);
    }
  }

  reset() {
    this.heldMs = 0;
    this.beatMs = 0;
    this.rssMiB = process.memoryUsage.rss() / 2 ** 20;
  }

  async stop() {
    this.#stop = true;
    clearInterval(this.timer);
    await this.beating;
    await Promise.all(this.threads.map((thread) => thread.terminate()));
    await this.runtime.close();
  }
}

/** How long the main thread has been ready to run while the system ran others, since it began. */
function waitedForProcessorMs() {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0; // no Linux
  }
}

const stallWatch = `
const { parentPort, workerData: stalled } = require('node:worker_threads');
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  Atomics.store(stalled, 0, Math.max(Atomics.load(stalled, 0), Math.round(now - last) - ${periodMs}));
  last = now;
}, ${periodMs});
parentPort.postMessage('ready');`;

const collector = `
const { parentPort, workerData: { collected, dist } } = require('node:worker_threads');
(async () => {
  const binding = (await import(dist + 'internal.js')).native();
  setInterval(() => {
    const started = performance.now();
    binding.collect();
    Atomics.add(collected, 0, 1);
    Atomics.store(collected, 1, Math.max(Atomics.load(collected, 1), Math.round(performance.now() - started)));
  }, 100);
  parentPort.postMessage('ready');
})();`;
