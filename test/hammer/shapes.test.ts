/** Loops whose body leaves the guest, or takes long by itself: the deadline reaches them too. */
import { describe, expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { endless, interruptible, timedOut } from '../support/guests.js';
import { ExitError, ModuleConfig, Runtime, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const loopOf = (body: string, more = '') =>
  wat(`(module (import "env" "host" (func $host)) (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 64 1000) (table $t 10 100000 funcref) (global $g (mut i32) (i32.const 0)) (type $void (func))
    (elem (table $t) (i32.const 0) func $nothing)
    (func $nothing) ${more}
    (func (export "run") (loop $l ${body} (br $l))))`);
const bodies: Record<string, Uint8Array> = {
  'calls of a host function': loopOf('(call $host)'),
  'indirect calls': loopOf('(call_indirect (type $void) (i32.const 0))'),
  'memory.fill of 4 MiB': loopOf('(memory.fill (i32.const 0) (i32.const 1) (i32.const 4194304))'),
  'memory.copy': loopOf('(memory.copy (i32.const 1) (i32.const 0) (i32.const 4000000))'),
  'memory.grow': loopOf('(drop (memory.grow (i32.const 0)))'),
  'memory.grow until refused': loopOf('(drop (memory.grow (i32.const 1)))'),
  'table.grow': loopOf('(drop (table.grow $t (ref.null func) (i32.const 1)))'),
  'ref.func': loopOf('(table.set $t (i32.const 1) (ref.func $nothing))'),
  'random_get of 4 MiB': loopOf('(drop (call $random (i32.const 0) (i32.const 4194304)))'),
  fd_write: loopOf(
    '(i32.store (i32.const 4) (i32.const 1000)) (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))',
  ),
  sched_yield: loopOf('(drop (call $yield))'),
  br_table: loopOf('(block $a (block $b (br_table $a $b $l (global.get $g)))) (global.set $g (i32.const 2))'),
};

describe.each(['call', 'callSync'] as const)('%s', (lane) => {
  for (const [name, binary] of Object.entries(bodies)) {
    needsEdit('e2')(
      `${name} in a loop: ended by the deadline in ${lane}`,
      async () => {
        await using runtime = new Runtime(interruptible());
        await wasi.instantiate(runtime);
        await runtime
          .newHostModuleBuilder('env')
          .newFunctionBuilder()
          .withFunction(() => {}, [], [])
          .export('host')
          .instantiate();
        const module = await runtime.instantiate(binary, new ModuleConfig().withStdout('ignore'));
        const started = performance.now();
        const error = await errorOf(() => module.exportedFunction('run')!.withOptions({ timeoutMs: 50 })[lane]());
        const ms = performance.now() - started;
        expect(error).toBeInstanceOf(ExitError);
        expect(error).toMatchObject({ name: 'TimeoutError', exitCode: timedOut });
        expect(ms).toBeLessThan(1_050);
        if (ms > 300) console.log(name, lane, ms);
      },
      20_000,
    );
  }
  for (const [shape, binary] of Object.entries(endless)) {
    needsEdit('e2i')(`${shape}: ended by the deadline in the interpreter, too`, async () => {
      await using runtime = new Runtime(interruptible('interpreter'));
      const module = await runtime.instantiate(binary);
      const started = performance.now();
      expect(await errorOf(() => module.exportedFunction('run')!.withOptions({ timeoutMs: 50 })[lane]())).toMatchObject(
        { name: 'TimeoutError', exitCode: timedOut },
      );
      expect(performance.now() - started).toBeLessThan(1_050);
    });
  }
});
