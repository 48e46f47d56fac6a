/** Module and CallerModule: exclusive, closing, what a host function is lent. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { type CallerModule, type Module, Runtime, type RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const bytes = wat(`(module $m (import "env" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
  (func $inc (export "inc") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "loop") (loop $l (br $l))))`);

type Host = (caller: CallerModule, n: number) => number | Promise<number>;
let host: Host;
let runtime: Runtime;
let module: Module;
async function open(config: RuntimeConfig = interruptible()): Promise<void> {
  runtime = new Runtime(config);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction((caller, n) => host(caller, n), ['i32'], ['i32'])
    .export('host')
    .instantiate();
  module = await runtime.instantiate(bytes);
}
beforeEach(() => open());
afterEach(() => {
  host = () => 0;
  return runtime.close();
});
const inc = (of: Module = module) => of.exportedFunction('inc', [], ['i32']);
const callHost = () => module.exportedFunction('host', ['i32'], ['i32']);

describe('exclusive', () => {
  it('calls of the conversation go at once, all others wait, and it resolves with what fn returns', async () => {
    const order: unknown[] = [];
    const conversation = module.exclusive(async (lent) => {
      order.push(await inc(lent).call());
      outside = inc()
        .call()
        .then((n) => order.push(`outside ${n}`));
      await sleep(5);
      expect(() => inc().callSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
      order.push(inc(lent).callSync());
      lent.memory!.writeByte(0, 7);
      order.push(await lent.exclusive((again) => inc(again).call()));
      return 'done';
    });
    let outside: Promise<unknown> | undefined;
    expect(await conversation).toBe('done');
    await outside;
    expect(order).toEqual([1, 2, 3, 'outside 4']);
  });

  it('waits for its turn, and ends when fn throws', async () => {
    const first = inc().call();
    const error = await errorOf(() =>
      module.exclusive(() => {
        throw new Error('mine');
      }),
    );
    expect(error).toMatchObject({ message: 'mine' });
    expect([await first, await inc().call()]).toEqual([1, 2]);
  });

  it('what was lent has expired afterwards; calls that were not awaited end first', async () => {
    let kept: CallerModule | undefined;
    let unawaited: Promise<number> | undefined;
    await module.exclusive((lent) => {
      kept = lent;
      unawaited = inc(lent).call();
    });
    expect(await unawaited).toBe(1);
    expect(await errorOf(() => inc(kept).call())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(() => inc(kept).callSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
    expect(kept?.signal.aborted).toBe(true);
  });

  it('a deadline between two calls: ERR_WAZERO_ABORTED, and the module is open', async () => {
    const signals: AbortSignal[] = [];
    const error = await errorOf(() =>
      module.exclusive(
        async (lent) => {
          signals.push(lent.signal);
          await new Promise(() => {});
        },
        { timeoutMs: 200 },
      ),
    );
    expect(error).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'TimeoutError' });
    expect([signals[0]?.aborted, module.isClosed, await inc().call()]).toEqual([true, false, 1]);
  });

  needsEdit('e2')('a deadline or signal during a call: ExitError, and the module is closed', async () => {
    const options = [() => ({ timeoutMs: 50 }), () => ({ signal: AbortSignal.timeout(50) })];
    for (const [i, option] of options.entries()) {
      if (i > 0) {
        await runtime.close();
        await open();
      }
      const { error } = await endingOnceBegun(() =>
        module.exclusive((lent) => lent.exportedFunction('loop')!.call(), option()),
      );
      expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: i === 0 ? 'timeout' : 'abort' });
      expect(module.isClosed).toBe(true);
    }
  });

  it('close does not wait for a conversation that never ends', async () => {
    const conversation = errorOf(() => module.exclusive(() => new Promise(() => {})));
    await module.close();
    expect(await conversation).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });
});

describe('a caller', () => {
  it('has the name, the memory, the context of the outermost call, and a signal', async () => {
    const seen: unknown[] = [];
    host = async (caller, n) => {
      seen.push([caller.name, caller.memory === module.memory, caller.context, caller.signal.aborted]);
      return n > 0
        ? caller
            .exportedFunction('host', ['i32'], ['i32'])
            .withOptions({ context: 'inner' })
            .call(n - 1)
        : 5;
    };
    expect(await callHost().withOptions({ context: 'outer' }).call(1)).toBe(5);
    expect(seen).toEqual([
      ['m', true, 'outer', false],
      ['m', true, 'outer', false],
    ]);
  });

  it('is lent until the Promise has settled, and its signal aborts when the call has ended', async () => {
    let kept: CallerModule | undefined;
    let signal: AbortSignal | undefined;
    host = async (caller) => {
      kept = caller;
      signal = caller.signal;
      await sleep(2);
      return inc(caller).call();
    };
    expect(await callHost().call(0)).toBe(1);
    expect(signal?.aborted).toBe(true);
    expect(await errorOf(() => inc(kept).call())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(await errorOf(() => kept!.exclusive(() => 1))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('the answer waits for nested calls that were not awaited; several go one after another', async () => {
    const nested: Promise<number>[] = [];
    host = (caller) => {
      for (let i = 0; i < 5; i++) nested.push(inc(caller).call());
      return 9;
    };
    expect(await callHost().call(0)).toBe(9);
    expect(await Promise.all(nested)).toEqual([1, 2, 3, 4, 5]);
    expect(await inc().call()).toBe(6);
  });

  it('in the sync lane: nested through any handle, also call, which then runs on this thread', () => {
    const later: Promise<number>[] = [];
    host = (caller) => {
      later.push(inc(caller).call());
      return inc(caller).callSync() * 10 + inc().callSync();
    };
    expect(callHost().callSync(0)).toBe(23);
    expect(inc().callSync()).toBe(4);
  });

  it('in the sync lane: a call through another handle waits until the call has ended', async () => {
    let outside: Promise<number> | undefined;
    host = () => {
      outside = inc().call();
      return inc().callSync();
    };
    expect(callHost().callSync(0)).toBe(1);
    expect(await outside).toBe(2);
  });

  it('in the async lane callSync through another handle is refused', async () => {
    host = async () => {
      expect(() => inc().callSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
      return 1;
    };
    expect(await callHost().call(0)).toBe(1);
  });

  it('host functions run in the asynchronous context of their call', async () => {
    const storage = new AsyncLocalStorage<string>();
    host = async (_caller, n) => {
      await sleep(1);
      expect(storage.getStore()).toBe(`call ${n}`);
      return n;
    };
    const calls = [1, 2, 3].map((n) => storage.run(`call ${n}`, () => callHost().call(n)));
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
  });

  it('knows its module in a start section, in both lanes', async () => {
    const starting =
      wat(`(module $s (import "env" "host" (func $host (param i32) (result i32))) (memory (export "memory") 1)
      (data (i32.const 3) "x") (func (export "three") (result i32) (i32.const 3)) (func $start (drop (call $host (i32.const 0)))) (start $start))`);
    const seen: unknown[] = [];
    host = (caller) => {
      seen.push(caller.name, caller.memory!.readString(3, 1), caller.exportedFunction('three')!.callSync());
      return 0;
    };
    await (await runtime.instantiate(starting)).close();
    runtime.instantiateSync(starting).closeSync();
    expect(seen).toEqual(['s', 'x', 3, 's', 'x', 3]);
  });
});

describe('close', () => {
  it('is idempotent in every form, and says so at once', async () => {
    const closing = module.close();
    expect(module.isClosed).toBe(true);
    await Promise.all([closing, module.close(), module.closeWithExitCode(3), module[Symbol.asyncDispose]()]);
    module.closeSync();
    module[Symbol.dispose]();
  });

  it('without withCloseOnContextDone it waits until the guest returns by itself', async () => {
    await runtime.close();
    await open(new (interruptible().constructor as new () => RuntimeConfig)());
    let release: (() => void) | undefined;
    host = (_caller, n) =>
      new Promise((resolve) => {
        release = () => resolve(n);
      });
    const running = callHost().call(4);
    const waiting = errorOf(() => inc().call());
    while (!release) await sleep(1);
    let closed = false;
    const closing = module.close().then(() => {
      closed = true;
    });
    expect(await waiting).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    await sleep(10);
    expect(closed).toBe(false);
    release();
    expect(await running).toBe(4);
    await closing;
  });

  it('from inside its own host function, with withCloseOnContextDone, ends the call', async () => {
    let closing: Promise<void> | undefined;
    host = async (caller) => {
      closing = caller.closeWithExitCode(9);
      await closing;
      return 1;
    };
    expect(await errorOf(() => callHost().call(0))).toMatchObject({
      code: 'ERR_WAZERO_EXIT',
      exitCode: 9,
      reason: 'close',
    });
    await closing;
    await runtime.close();
    await open();
    host = (caller) => {
      closing = caller.closeWithExitCode(9);
      return 1;
    };
    expect(() => callHost().callSync(0)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_EXIT', exitCode: 9 }));
    await closing;
  });

  it('closeSync is refused while a call is in flight', async () => {
    let release: (() => void) | undefined;
    host = () =>
      new Promise((resolve) => {
        release = () => resolve(1);
      });
    const running = callHost().call(0);
    expect(() => module.closeSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
    expect(() => runtime.closeSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
    expect(module.isClosed).toBe(false);
    while (!release) await sleep(1);
    release();
    await running;
    module.closeSync();
  });

  it('linked modules: the memory stays until all of them are closed', async () => {
    const importer = await runtime.instantiate(
      wat('(module (import "m" "memory" (memory 1)) (func (export "load") (result i32) (i32.load8_u (i32.const 0))))'),
    );
    module.memory!.writeByte(0, 42);
    await module.close();
    expect(importer.exportedFunction('load')!.callSync()).toBe(42);
    expect(importer.memory!.readByte(0)).toBe(42);
    await importer.close();
  });

  it('linked modules: one that is closed is forgotten while the others are open', async () => {
    const plugin = wat('(module (import "m" "memory" (memory 1)))');
    const comeAndGo = async () => {
      const instance = await runtime.instantiate(plugin);
      await instance.close();
      return new WeakRef(instance);
    };
    const forgotten = [await comeAndGo(), await comeAndGo(), await comeAndGo()];
    const deadline = Date.now() + 5_000;
    while (forgotten.some((ref) => ref.deref()) && Date.now() < deadline) {
      await sleep(10); // deref keeps it for the rest of a turn
      globalThis.gc?.();
    }
    expect(forgotten.map((ref) => ref.deref())).toEqual([undefined, undefined, undefined]);
    expect(await inc().call()).toBe(1);
  });
});
