/**
 * Linked instances: a table and a memory of one are imported by the others. wazero has no lock there, a call through a table that
 * another thread grows jumps to garbage; one link group is one queue. And what ends inside a group ends the whole call.
 */
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { interruptible } from '../support/guests.js';
import { ExitError, isWazeroError, ModuleConfig, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const seconds = Number(process.env.WAZERO_LINKED_SECONDS || 5);

const owner = wat(`(module
  (memory (export "memory") 1 200) (table (export "table") 2 4000 funcref) (elem (i32.const 0) $one $two)
  (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
  (func (export "growTable") (result i32) (table.grow (ref.null func) (i32.const 1)))
  (func (export "growMemory") (result i32) (memory.grow (i32.const 1)))
  (func (export "pages") (result i32) (memory.size)))`);
const endless = wat(
  `(module (import "env" "begun" (func $begun)) (func (export "forever") (call $begun) (loop $l (br $l))))`,
);
const caller = wat(`(module (type $t (func (result i32)))
  (import "owner" "memory" (memory 1 200)) (import "owner" "table" (table 2 4000 funcref))
  (func (export "through") (param i32) (result i32) (local $i i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call_indirect (type $t) (local.get 0))))
      (i32.store (i32.mul (local.get $i) (i32.const 4)) (local.get $sum))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 1000))))
    (local.get $sum))
  (func (export "last") (result i32) (i32.load (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)))))`);

/** A runtime whose guests say when they are about to loop. */
async function telling() {
  const runtime = new Runtime(interruptible());
  let tell = () => {};
  const begun = new Promise<void>((resolve) => (tell = resolve));
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => tell(), [], [])
    .export('begun')
    .instantiate();
  return { runtime, begun };
}

describe('linked instances', () => {
  it(
    `called in parallel for ${seconds} s: right answers or typed errors`,
    async () => {
      const end = performance.now() + seconds * 1000;
      let rounds = 0;
      let refused = 0;
      while (performance.now() < end) {
        await using runtime = new Runtime(interruptible());
        const a = await runtime.instantiate(owner, new ModuleConfig().withName('owner'));
        const importers = await Promise.all(
          [1, 2, 3].map(() => runtime.instantiate(caller, new ModuleConfig().withName(''))),
        );
        const answer = async (promise: Promise<unknown>, right: (value: number) => boolean): Promise<void> => {
          try {
            const value = (await promise) as number;
            if (!right(value)) throw new Error(`Expected a right answer but received ${value}`);
          } catch (error) {
            if (!isWazeroError(error)) throw error;
            refused++;
          }
        };
        for (let batch = 0; batch < 50 && performance.now() < end; batch++) {
          const calls = importers.flatMap((module, i) => [
            answer(module.exportedFunction('through', ['i32'], ['i32']).call(i % 2), (v) => v === 1000 * (1 + (i % 2))),
            answer(module.exportedFunction('last', [], ['i32']).call(), (v) => v >= 0),
          ]);
          calls.push(answer(a.exportedFunction('growTable', [], ['i32']).call(), (v) => v >= -1));
          calls.push(answer(a.exportedFunction('growMemory', [], ['i32']).call(), (v) => v >= -1));
          await Promise.all(calls);
          rounds += calls.length;
        }
        // closed while calls of the group are on their way
        const last = importers.map((module) =>
          answer(module.exportedFunction('through', ['i32'], ['i32']).call(0), (v) => v === 1000),
        );
        await a.close();
        await Promise.all(last);
      }
      console.log(`linked instances: ${rounds} parallel calls, ${refused} answered with a typed error`);
      expect(rounds).toBeGreaterThan(100);
    },
    seconds * 1000 + 60_000,
  );

  needsEdit('e2')('closing the module of the callee ends a call that came from another', async () => {
    const { runtime, begun } = await telling();
    await using _ = runtime;
    const a = await runtime.instantiate(endless, new ModuleConfig().withName('owner'));
    const b = await runtime.instantiate(
      wat('(module (import "owner" "forever" (func $f)) (func (export "foreverInOwner") (call $f)))'),
      new ModuleConfig().withName('b'),
    );
    const call = b
      .exportedFunction('foreverInOwner')!
      .call()
      .then(
        () => 'returned',
        (error: unknown) => error,
      );
    await begun;
    const started = performance.now();
    await a.closeWithExitCode(7);
    const error = await call;
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(error).toBeInstanceOf(ExitError);
    expect(error).toMatchObject({ exitCode: 7, reason: 'close' });
    expect(a.isClosed).toBe(true);
  });

  needsEdit('e2')('a re-exported function is stopped by closing the module it came from', async () => {
    const { runtime, begun } = await telling();
    await using _ = runtime;
    const a = await runtime.instantiate(endless, new ModuleConfig().withName('owner'));
    const reexporter = await runtime.instantiate(
      wat('(module (import "owner" "forever" (func $f)) (export "forever" (func $f)))'),
      new ModuleConfig().withName('again'),
    );
    const call = reexporter
      .exportedFunction('forever')!
      .call()
      .then(
        () => 'returned',
        (error: unknown) => error,
      );
    await begun;
    await a.close();
    expect(await call).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'close' });
  });
});
