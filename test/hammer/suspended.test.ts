/** Guests that wait for JavaScript cost memory, not threads. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { expectAftermath } from '../support/faults.js';
import { Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
const count = Number(process.env.WAZERO_SUSPENDED || 10_000);
const guest = wat(`(module (import "env" "wait" (func $wait (param i32) (result i32))) (memory 1)
  (func (export "run") (param i32) (result i32) (i32.store (i32.const 0) (local.get 0))
    (i32.add (call $wait (local.get 0)) (i32.load (i32.const 0)))))`);
const threads = () => Number(/^Threads:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);

it.runIf(process.platform === 'linux')(
  `G11: ${count} guests wait for a Promise in fewer than 100 threads, and all resume right`,
  async () => {
    await using runtime = new Runtime();
    const waiting: (() => void)[] = [];
    const wait = (n: number) => new Promise<number>((resolve) => waiting.push(() => resolve(n * 2)));
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(wait, ['i32'], ['i32'])
      .export('wait')
      .instantiate();
    const compiled = await runtime.compileModule(guest);
    const calls: Promise<number>[] = [];
    let most = 0;
    for (let n = 0; n < count; n++) {
      const module = runtime.instantiateModuleSync(compiled);
      calls.push(module.exportedFunction('run', ['i32'], ['i32']).call(n));
      if (n % 500 === 0) {
        await new Promise(setImmediate);
        most = Math.max(most, threads());
      }
    }
    while (waiting.length < count) {
      most = Math.max(most, threads());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    most = Math.max(most, threads());
    console.log(
      `${count} suspended guests: at most ${most} threads, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`,
    );
    expect(most).toBeLessThan(100);
    // in another order than they began to wait
    for (let i = waiting.length - 1; i >= 0; i -= 2) waiting[i]!();
    for (let i = waiting.length - 2; i >= 0; i -= 2) waiting[i]!();
    expect(await Promise.all(calls)).toEqual(Array.from({ length: count }, (_, n) => n * 3));
  },
  120_000,
);
