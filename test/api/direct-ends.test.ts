// How synchronous calls without Go end: as direct.test.ts, every scenario several times, the last ones entered by C++.
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { hosted, repeatedly, runtimes, thrown, world } from '../support/direct-calls.js';
import { needsEdit } from '../support/edits.js';
import { interruptible } from '../support/guests.js';
import {
  type CallerModule,
  type ExitError,
  type Module,
  Runtime,
  RuntimeConfig,
  type Trap,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

describe('an end', () => {
  it('by a trap has the same message and frames', async () => {
    const { call } = await world(`(module (memory 1) (func $inner (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "load") (param i32) (result i32) (call $inner (local.get 0)))
      (func $deep (export "deep") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))`);
    const messages = new Set<string>();
    repeatedly(() => {
      expect(call('load', 8)).toBe(0);
      const trap = thrown(() => call('load', 65_536)) as Trap;
      messages.add(trap.message + trap.frames.map((frame) => frame.function));
      for (const depth of [10, 1000, 20_000, 100_000]) expect(call('deep', depth)).toBe(depth);
      expect((thrown(() => call('deep', 1e9)) as Trap).kind).toBe('stack overflow');
    });
    expect(messages.size).toBe(1);
  });

  it('at the limit of the call stack comes at the same depth', async () => {
    const guest = `(module (global $n (export "n") (mut i32) (i32.const 0)) (func $deep (export "deep") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $deep) (global.set $n (global.get $n))))`;
    for (const callStackBytes of [20_000, 100_000, 400_000]) {
      const { call, module } = await world(guest, {}, new RuntimeConfig().withLimits({ callStackBytes }));
      const depths: number[] = [];
      repeatedly(() => {
        module.exportedGlobal('n')!.set(0);
        expect((thrown(() => call('deep')) as Trap).kind).toBe('stack overflow');
        depths.push(module.exportedGlobal('n')!.get() as number);
      });
      expect(Math.max(...depths) - Math.min(...depths)).toBeLessThanOrEqual(4); // what the first stack does not use for alignment
    }
  });

  it.each([true, false])('by close() in a host function (closeOnContextDone %s)', async (closeOnContextDone) => {
    for (const rounds of [0, 5]) {
      let close = false;
      const { module, call } = await world(
        hosted,
        {
          f: [
            ['i32'],
            ['i32'],
            (x: number) => {
              if (close) void module.closeWithExitCode(3);
              return x + 1;
            },
          ],
        },
        new RuntimeConfig().withCloseOnContextDone(closeOnContextDone),
      );
      for (let i = 0; i < rounds; i++) expect(call('twice', 1)).toBe(4);
      close = true;
      if (closeOnContextDone)
        expect(thrown(() => call('twice', 1))).toMatchObject({
          code: 'ERR_WAZERO_EXIT',
          exitCode: 3,
          reason: 'close',
        });
      else expect(call('twice', 1)).toBe(4);
      expect(module.isClosed).toBe(true);
      expect(thrown(() => call('twice', 1))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    }
  });

  needsEdit('e5')('by the guest itself, after calls that were entered directly', async () => {
    for (const exitCode of [0, 7]) {
      const runtime = new Runtime(interruptible());
      runtimes.push(runtime);
      await wasi.instantiate(runtime);
      const module = await runtime.instantiate(
        wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "maybe") (param i32) (result i32) (if (i32.ge_s (local.get 0) (i32.const 0)) (then (call $exit (local.get 0)))) (i32.const 1)))`),
      );
      const maybe = module.exportedFunction('maybe', ['i32'], ['i32']);
      repeatedly(() => expect(maybe.callSync(-1)).toBe(1));
      const error = thrown(() => maybe.callSync(exitCode)) as ExitError;
      expect([error.exitCode, error.reason]).toEqual([exitCode, 'exit']);
      expect(module.isClosed).toBe(true);
      await turn();
      expect(thrown(() => maybe.callSync(-1))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    }
  });

  it('by the exit of a nested call ends the outer one', async () => {
    for (const rounds of [0, 5]) {
      const runtime = new Runtime();
      runtimes.push(runtime);
      await wasi.instantiate(runtime);
      let exit = false;
      const module: Module = await (async () => {
        await runtime
          .newHostModuleBuilder('env')
          .newFunctionBuilder()
          .withFunction(
            () => {
              if (exit) thrown(() => module.exportedFunction('exit')!.callSync());
            },
            [],
            [],
          )
          .export('f')
          .instantiate();
        return runtime.instantiate(
          wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (import "env" "f" (func $f))
          (func (export "exit") (call $exit (i32.const 9))) (func (export "run") (result i32) (call $f) (call $f) (i32.const 1)))`),
        );
      })();
      const run = module.exportedFunction('run', [], ['i32']);
      for (let i = 0; i < rounds; i++) expect(run.callSync()).toBe(1);
      exit = true;
      expect(thrown(() => run.callSync())).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: 9, reason: 'exit' });
    }
  });
});

it('a deadline takes the call through Go, and the next one is direct again', async () => {
  const { module } = await world(
    '(module (func (export "run") (param i32) (loop $l (br_if $l (local.get 0)))))',
    {},
    interruptible(),
  );
  const run = module.exportedFunction('run', ['i32'], []);
  repeatedly(() => {
    run.callSync(0);
    run.withOptions({ timeoutMs: 1000 }).callSync(0);
  });
  expect((await endingOnceBegun(() => run.withOptions({ timeoutMs: 20 }).callSync(1))).error).toMatchObject({
    reason: 'timeout',
  });
});

it('context reaches the host function', async () => {
  const seen: unknown[] = [];
  const { module } = await world('(module (import "env" "lent" (func $f)) (func (export "run") (call $f)))', {
    lent: [[], [], (caller: CallerModule) => void seen.push(caller.context)],
  });
  repeatedly((round) => module.exportedFunction('run')!.withOptions({ context: round }).callSync());
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

it('a linked module asks as itself, and functions that are exported again go through Go', async () => {
  const names: string[] = [];
  const { runtime } = await world('(module)', {
    lent: [[], [], (caller: CallerModule) => void names.push(caller.name)],
  });
  const inner = '(module (import "env" "lent" (func $f)) (func (export "ask") (call $f)))';
  const { ModuleConfig } = await import('../support/package.js');
  await runtime.instantiate(wat(inner), new ModuleConfig().withName('inner'));
  const outer = await runtime.instantiate(
    wat('(module (import "inner" "ask" (func $ask)) (export "again" (func $ask)) (func (export "run") (call $ask)))'),
    new ModuleConfig().withName('outer'),
  );
  repeatedly(() => outer.exportedFunction('run')!.callSync());
  repeatedly(() => outer.exportedFunction('again')!.callSync(), false);
  expect(new Set(names)).toEqual(new Set(['inner']));
});
