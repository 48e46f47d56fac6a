/** Calls inside calls: a deadline that passes while the outer guest is parked in the host function must end both, not the process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { endingOnceBegun, expectAftermath } from '../support/faults.js';
import { interruptible, timedOut } from '../support/guests.js';
import { type CallerModule, ExitError, type Module, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
// outer -> host -> inner; the outer guest writes to its memory afterwards, which upstream has freed by then
const guest = wat(`(module (import "env" "host" (func $host (param i32) (result i32))) (memory (export "memory") 1)
  (func (export "outer") (param i32) (result i32) (local $r i32)
    (local.set $r (call $host (local.get 0)))
    (i32.store (i32.const 65532) (local.get $r)) (i32.load (i32.const 65532)))
  (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "forever") (loop $l (br $l))))`);

type Host = (caller: CallerModule, value: number) => number | Promise<number>;
async function withGuest(
  host: Host,
  use: (module: Module, outer: ReturnType<typeof outerOf>) => Promise<void>,
): Promise<void> {
  await using runtime = new Runtime(interruptible());
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(host, ['i32'], ['i32'])
    .export('host')
    .instantiate();
  const module = await runtime.instantiate(guest);
  await use(module, outerOf(module));
}
const outerOf = (module: Module) => module.exportedFunction('outer', ['i32'], ['i32']);
const errorOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => value,
    (error: unknown) => error,
  );

describe('nested calls', () => {
  it('H4: answer in both lanes, before and after an await, to any depth that was asked for', async () => {
    const host: Host = async (caller, n) => {
      if (n % 2) await sleep(1);
      return n === 0
        ? caller.exportedFunction('add', ['i32'], ['i32']).call(0)
        : (await outerOf(caller).call(n - 1)) + 1;
    };
    await withGuest(host, async (_module, outer) => {
      expect(await outer.call(20)).toBe(21);
      expect(await Promise.all([outer.call(3), outer.call(4), outer.call(5)])).toEqual([4, 5, 6]);
    });
    await withGuest(
      (caller, n) =>
        n === 0 ? caller.exportedFunction('add', ['i32'], ['i32']).callSync(0) : outerOf(caller).callSync(n - 1) + 1,
      async (_module, outer) => {
        expect(outer.callSync(20)).toBe(21);
        expect(await outer.call(20)).toBe(21);
      },
    );
  });

  needsEdit('e2')(
    'H4: a nested deadline that passes while the outer guest is parked ends the outer call with ExitError',
    async () => {
      let inner: Promise<unknown> | undefined;
      const host: Host = async (caller) => {
        inner = endingOnceBegun(() => caller.exportedFunction('forever')!.withOptions({ timeoutMs: 50 }).call()).then(
          ({ error }) => error,
        );
        await inner;
        return 1;
      };
      for (let i = 0; i < 20; i++) {
        await withGuest(host, async (module, outer) => {
          const error = await errorOf(outer.call(1));
          expect(await inner).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: timedOut, reason: 'timeout' });
          expect(error).toBeInstanceOf(ExitError);
          expect(error).toMatchObject({ exitCode: timedOut });
          expect(module.isClosed).toBe(true);
        });
      }
    },
  );

  needsEdit('e2')('likewise in the sync lane', async () => {
    const host: Host = (caller) => {
      try {
        caller.exportedFunction('forever')!.withOptions({ timeoutMs: 50 }).callSync();
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
      }
      return 1;
    };
    await withGuest(host, async (module, outer) => {
      expect(() => outer.callSync(1)).toThrow(ExitError);
      expect(module.isClosed).toBe(true);
    });
  });

  needsEdit('e2')('inherit the deadline of the outer call', async () => {
    const host: Host = async (caller) => {
      await caller.exportedFunction('forever')!.call();
      return 1;
    };
    await withGuest(host, async (_module, outer) => {
      const started = performance.now();
      expect((await endingOnceBegun(() => outer.withOptions({ timeoutMs: 100 }).call(1))).error).toMatchObject({
        code: 'ERR_WAZERO_EXIT',
        exitCode: timedOut,
      });
      expect(performance.now() - started).toBeLessThan(1_100);
    });
  });

  it('H3: the deadline ends a host call whose Promise never settles', async () => {
    let signal: AbortSignal | undefined;
    const host: Host = (caller) => {
      signal = caller.signal;
      return new Promise(() => {});
    };
    await withGuest(host, async (_module, outer) => {
      const started = performance.now();
      expect(await errorOf(outer.withOptions({ timeoutMs: 500 }).call(1))).toMatchObject({
        code: 'ERR_WAZERO_EXIT',
        exitCode: timedOut,
        reason: 'timeout',
      });
      expect(performance.now() - started).toBeLessThan(1_500);
      expect(signal?.aborted).toBe(true);
    });
  });

  it('H3, H4: a caller that was kept answers nothing any more', async () => {
    let kept: CallerModule | undefined;
    const host: Host = (caller) => {
      kept = caller;
      return 3;
    };
    await withGuest(host, async (_module, outer) => {
      expect(await outer.call(1)).toBe(3);
      await expect(kept!.exportedFunction('add', ['i32'], ['i32']).call(1)).rejects.toMatchObject({
        code: 'ERR_WAZERO_CLOSED',
      });
    });
  });
});
