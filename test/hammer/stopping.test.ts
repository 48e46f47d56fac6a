/** Deadline and signal end whatever a call is doing, not only guest code; and a call that has not started costs nothing but itself. */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { ending, endingOnceBegun, expectAftermath, expectEnding, timeout } from '../support/faults.js';
import { aborted, endless, interruptible, timedOut } from '../support/guests.js';
import { CoreFeatures, ExitError, ModuleConfig, Runtime, wasi } from '../support/package.js';
import { withAlias } from '../support/sections.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
/** Each export waits for what never comes. */
const waiting = wat(`(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "sleep for an hour") (result i32)
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
  (func (export "poll stdin") (result i32)
    (i32.store (i32.const 8) (i32.const 1))
    (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
  (func (export "read stdin") (result i32)
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 8))
    (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 128))))`);
const atomic = wat(`(module (memory 1 1) (func (export "wait for memory") (result i32)
  (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))`);
atomic[Buffer.from(atomic).indexOf(Buffer.from([5, 4, 1, 1, 1, 1])) + 3] = 3; // shared, which wabt refuses
const startSection = wat('(module (func $run (loop $l (br $l))) (start $run))');

const folder = mkdtempSync(join(tmpdir(), 'node-wazero-stopping-'));
const fifo = join(folder, 'fifo');
execFileSync('mkfifo', [fifo]);
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ['compiler', 'e2'],
  ['interpreter', 'e2i'],
] as const)('a deadline, %s', (engine, edit) => {
  const test = needsEdit(edit);
  const lanes = ['call', 'callSync'] as const;
  const open = async () => {
    const runtime = new Runtime(
      interruptible(engine).withCoreFeatures(CoreFeatures.V2 | CoreFeatures.Threads | CoreFeatures.TailCall),
    );
    await wasi.instantiate(runtime);
    return runtime;
  };

  test('G9: ends every way to wait, in both lanes', async () => {
    await using runtime = await open();
    const stdin = openSync(fifo, constants.O_RDWR); // a pipe into which nobody writes
    const config = new ModuleConfig().withName('').withSysNanosleep().withSysNanotime().withStdin(stdin);
    const waits = [
      [waiting, 'sleep for an hour'],
      [waiting, 'poll stdin'],
      [waiting, 'read stdin'],
      [atomic, 'wait for memory'],
    ] as const;
    for (const [binary, name] of waits) {
      for (const lane of lanes) {
        const module = await runtime.instantiate(binary, config);
        const how = await endingOnceBegun(() => module.exportedFunction(name)!.withOptions({ timeoutMs: 50 })[lane]());
        expectEnding(how, timeout, 50, `${name}, ${lane}`);
        expect(module.isClosed).toBe(true);
      }
      const module = await runtime.instantiate(binary, config);
      const how = await endingOnceBegun(() => {
        const signal = AbortSignal.timeout(20);
        return module.exportedFunction(name)!.withOptions({ signal }).call();
      });
      expectEnding(how, { code: 'ERR_WAZERO_EXIT', reason: 'abort' }, 20, name);
    }
    closeSync(stdin);
  });

  test('G9: ends a read of stdin for which JavaScript never answers', async () => {
    await using runtime = await open();
    const module = await runtime.instantiate(
      waiting,
      new ModuleConfig().withStdin(() => new Promise<number>(() => {})),
    );
    const how = await endingOnceBegun(() =>
      module.exportedFunction('read stdin')!.withOptions({ timeoutMs: 50 }).call(),
    );
    expectEnding(how, timeout, 50);
  });

  test('G1: ends a start section, _start and start functions, in both lanes, and the name is free', async () => {
    await using runtime = await open();
    for (const [binary, config] of [
      [startSection, new ModuleConfig()],
      [withAlias(endless.loop, 'run', '_start'), new ModuleConfig()],
      [endless.loop, new ModuleConfig().withStartFunctions('run')],
    ] as const) {
      for (const lane of ['instantiate', 'instantiateSync'] as const) {
        const how = await endingOnceBegun(() => runtime[lane](binary, config.withName('n'), { timeoutMs: 50 }));
        expectEnding(how, timeout, 50, lane);
        expect(runtime.module('n')).toBeUndefined();
      }
    }
  });
});

describe('a deadline', () => {
  it('that passes while the call waits in the queue: ERR_WAZERO_ABORTED, nothing ran, the module is open', async () => {
    await using runtime = new Runtime(interruptible());
    let release = () => {};
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(
        () =>
          new Promise<void>((resolve) => {
            release = resolve;
          }),
        [],
        [],
      )
      .export('wait')
      .instantiate();
    const module = await runtime.instantiate(
      wat(`(module (import "env" "wait" (func $wait)) (global $n (mut i32) (i32.const 0))
      (func (export "first") (call $wait)) (func (export "second") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))`),
    );
    const first = module.exportedFunction('first')!.call();
    const second = module.exportedFunction('second', [], ['i32']);
    const late = await errorOf(() => second.withOptions({ timeoutMs: 30 }).call());
    expect(late).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'TimeoutError' });
    const controller = new AbortController();
    const cancelled = errorOf(() => second.withOptions({ signal: controller.signal }).call());
    controller.abort('not wanted');
    expect(await cancelled).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'AbortError', cause: 'not wanted' });
    expect(await errorOf(() => second.withOptions({ signal: AbortSignal.abort('before') }).call())).toMatchObject({
      code: 'ERR_WAZERO_ABORTED',
      cause: 'before',
    });
    while (String(release) === '() => {}') await sleep(1);
    release();
    await first;
    expect(module.isClosed).toBe(false);
    expect(await second.call(), 'neither of them ran').toBe(1);
  });
});

describe('a signal', () => {
  needsEdit('e2')('ends every endless guest with its reason as cause', async () => {
    await using runtime = new Runtime(interruptible());
    for (const [shape, binary] of Object.entries(endless)) {
      const module = await runtime.instantiate(binary);
      const reason = new Error(`enough of ${shape}`);
      let asked = 0;
      const { error } = await endingOnceBegun(async () => {
        const controller = new AbortController();
        const call = module.exportedFunction('run')!.withOptions({ signal: controller.signal }).call();
        setTimeout(() => {
          asked = performance.now();
          controller.abort(reason);
        }, 20);
        return await call;
      });
      expect(performance.now() - asked, shape).toBeLessThan(1_000);
      expect(error, shape).toBeInstanceOf(ExitError);
      expect(error, shape).toMatchObject({ name: 'AbortError', exitCode: aborted, reason: 'abort' });
      expect((error as Error).cause, shape).toBe(reason);
    }
  });
});

describe('close', () => {
  needsEdit('e2')('ends a running call; calls that wait reject with ERR_WAZERO_CLOSED and have not run', async () => {
    await using runtime = new Runtime(interruptible());
    let begun = () => {};
    const loops = new Promise<void>((resolve) => (begun = resolve));
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(() => begun(), [], [])
      .export('begun')
      .instantiate();
    const module = await runtime.instantiate(
      wat('(module (import "env" "begun" (func $begun)) (func (export "run") (call $begun) (loop $l (br $l))))'),
    );
    const run = module.exportedFunction('run')!;
    const running = errorOf(() => run.call());
    const queued = errorOf(() => run.call());
    await loops;
    expect(await errorOf(() => module.closeSync())).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    expect(await errorOf(() => run.callSync())).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    await module.closeWithExitCode(9);
    expect(await running).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: 9, reason: 'close' });
    expect(await queued).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(await errorOf(() => run.call())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });
});

describe.each(['compiler', 'interpreter'] as const)('an exit, %s', (engine) => {
  const exitImport = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))';
  const exiting = wat(`(module ${exitImport} (import "env" "host" (func $host (param i32))) (memory (export "memory") 1)
    (func (export "exit") (param i32) (call $exit (local.get 0))) (func (export "nested") (param i32) (call $host (local.get 0))))`);
  it.each([0, 3, aborted, timedOut])(
    'G8: with %i, by the guest itself, is not taken for a deadline or a signal, wherever it is',
    async (exitCode) => {
      const expected = { code: 'ERR_WAZERO_EXIT', exitCode, reason: 'exit', name: 'ExitError' };
      await using runtime = new Runtime(interruptible(engine));
      await wasi.instantiate(runtime);
      await runtime
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withModuleFunction((caller, n) => caller.exportedFunction('exit')!.callSync(n) as undefined, ['i32'], [])
        .export('host')
        .instantiate();
      for (const lane of ['call', 'callSync'] as const) {
        for (const name of ['exit', 'nested']) {
          const module = await runtime.instantiate(exiting);
          const f = module.exportedFunction(name, ['i32'], []).withOptions({ timeoutMs: 10_000 });
          const how = await ending(() => f[lane](exitCode));
          expectEnding(how, expected, 0, `${name} ${lane}`);
          expect(how.error).toBeInstanceOf(ExitError);
          expect(module.isClosed).toBe(true);
        }
      }
      const startSection = wat(
        `(module ${exitImport} (memory (export "memory") 1) (func $s (call $exit (i32.const ${exitCode}))) (start $s))`,
      );
      for (const lane of ['instantiate', 'instantiateSync'] as const)
        expectEnding(await ending(() => runtime[lane](startSection)), expected, 0, lane);
    },
  );
});
