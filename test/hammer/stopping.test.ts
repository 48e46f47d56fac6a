/** Deadline and signal end whatever a call is doing, not only guest code; and a call that has not started costs nothing but itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { aborted, endless, interruptible, timedOut } from '../support/guests.js';
import { ExitError, ModuleConfig, Runtime, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const timeout = { code: 'ERR_WAZERO_EXIT', name: 'TimeoutError', exitCode: timedOut, reason: 'timeout' };

/** poll_oneoff on the monotonic clock, an hour ahead; and fd_read of stdin. */
const waiting = wat(`(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "sleep") (result i32)
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
  (func (export "stdin") (result i32)
    (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 8))
    (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 128))))`);

async function timed(action: () => unknown): Promise<{ error: unknown; ms: number }> {
  const started = performance.now();
  const error = await errorOf(action);
  return { error, ms: performance.now() - started };
}

describe('a deadline', () => {
  needsEdit('e2')('ends a sleep of an hour, in both lanes', async () => {
    await using runtime = new Runtime(interruptible());
    await wasi.instantiate(runtime);
    for (const lane of ['call', 'callSync'] as const) {
      const module = await runtime.instantiate(waiting, new ModuleConfig().withSysNanosleep().withSysNanotime());
      const { error, ms } = await timed(() => module.exportedFunction('sleep')!.withOptions({ timeoutMs: 50 })[lane]());
      expect(error, lane).toMatchObject(timeout);
      expect(ms, lane).toBeLessThan(1_050);
    }
  });

  it('ends a read of stdin that never answers', async () => {
    await using runtime = new Runtime(interruptible());
    await wasi.instantiate(runtime);
    const module = await runtime.instantiate(
      waiting,
      new ModuleConfig().withStdin(() => new Promise<number>(() => {})),
    );
    const { error, ms } = await timed(() => module.exportedFunction('stdin')!.withOptions({ timeoutMs: 50 }).call());
    expect(error).toMatchObject(timeout);
    expect(ms).toBeLessThan(1_050);
  });

  needsEdit('e2')('ends a start section and a start function, in both lanes, and nothing is left', async () => {
    await using runtime = new Runtime(interruptible());
    const startSection = wat('(module (func $run (loop $l (br $l))) (start $run))');
    for (const [binary, config] of [
      [startSection, new ModuleConfig()],
      [endless.loop, new ModuleConfig().withStartFunctions('run')],
    ] as const) {
      expect(
        (await timed(() => runtime.instantiate(binary, config.withName('n'), { timeoutMs: 50 }))).error,
      ).toMatchObject(timeout);
      expect(
        (await timed(() => runtime.instantiateSync(binary, config.withName('n'), { timeoutMs: 50 }))).error,
      ).toMatchObject(timeout);
      expect(runtime.module('n')).toBeUndefined();
    }
  });

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
      const controller = new AbortController();
      const reason = new Error(`enough of ${shape}`);
      const call = errorOf(() => module.exportedFunction('run')!.withOptions({ signal: controller.signal }).call());
      await sleep(20);
      const started = performance.now();
      controller.abort(reason);
      const error = await call;
      expect(performance.now() - started, shape).toBeLessThan(1_000);
      expect(error, shape).toBeInstanceOf(ExitError);
      expect(error, shape).toMatchObject({ name: 'AbortError', exitCode: aborted, reason: 'abort' });
      expect((error as Error).cause, shape).toBe(reason);
    }
  });
});

describe('close', () => {
  needsEdit('e2')('ends a running call; calls that wait reject with ERR_WAZERO_CLOSED and have not run', async () => {
    await using runtime = new Runtime(interruptible());
    const module = await runtime.instantiate(endless.loop);
    const run = module.exportedFunction('run')!;
    const running = errorOf(() => run.call());
    const queued = errorOf(() => run.call());
    await sleep(20);
    expect(await errorOf(() => module.closeSync())).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    expect(await errorOf(() => run.callSync())).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    await module.closeWithExitCode(9);
    expect(await running).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: 9, reason: 'close' });
    expect(await queued).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(await errorOf(() => run.call())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('a guest that exits by itself with the numbers of deadline and abort is not taken for one of them', async () => {
    await using runtime = new Runtime(interruptible());
    await wasi.instantiate(runtime);
    const exiting =
      wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "exit") (param i32) (call $exit (local.get 0))))`);
    for (const exitCode of [0, 3, aborted, timedOut]) {
      for (const lane of ['call', 'callSync'] as const) {
        const module = await runtime.instantiate(exiting);
        const error = await errorOf(() => module.exportedFunction('exit', ['i32'], [])[lane](exitCode));
        expect(error).toBeInstanceOf(ExitError);
        expect(error).toMatchObject({ exitCode, reason: 'exit' });
        expect(module.isClosed).toBe(true);
      }
    }
  });
});
