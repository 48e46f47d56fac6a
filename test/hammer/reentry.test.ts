/** Host functions that do what they should not: close what runs, recurse without end, wait for their own queue, give memory away. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { endingOnceBegun, expectAftermath } from '../support/faults.js';
import { interruptible } from '../support/guests.js';
import { type CallerModule, ExitError, type Module, Runtime, Trap } from '../support/package.js';
import { wat } from '../support/wat.mjs';

/** 10^6 once in a while. */
const hostCalls = Number(process.env.WAZERO_HOST_CALLS || 20_000);
expectAftermath();
const guest = wat(`(module (import "env" "host" (func $host (param i32) (result i32))) (memory (export "memory") 1)
  (func (export "f") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "many") (param i32) (result i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call $host (i32.const 1))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum)))`);
const signature = [['i32'], ['i32']] as const;
const fOf = (module: Module) => module.exportedFunction('f', ...signature);

type Host = (caller: CallerModule, value: number, runtime: Runtime) => number | Promise<number>;
async function withHost(host: Host, use: (module: Module, runtime: Runtime) => Promise<void>): Promise<void> {
  await using runtime = new Runtime(interruptible());
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction((caller, value) => host(caller, value, runtime), ...signature)
    .export('host')
    .instantiate();
  await use(await runtime.instantiate(guest), runtime);
}

/** Answers 1 and leaves it alone. */
const started = (_closing: Promise<void>) => 1;

describe('a host function that closes', () => {
  it.each<[string, Host]>([
    ['the calling module, and waits for it', (caller) => caller.close().then(() => 1)],
    ['the calling module, and does not wait', (caller) => started(caller.close())],
    ['the runtime, and waits for it', (_caller, _value, runtime) => runtime.close().then(() => 1)],
    ['the runtime, and does not wait', (_caller, _value, runtime) => started(runtime.close())],
  ])('H4: %s: the call ends with ExitError', async (_name, host) => {
    await withHost(host, async (module) => {
      const error = await errorOf(() => fOf(module).call(1));
      expect(error).toBeInstanceOf(ExitError);
      expect(error).toMatchObject({ exitCode: 0, reason: 'close' });
      expect(module.isClosed).toBe(true);
    });
  });
  it('H4: the calling module in the sync lane: the call ends with ExitError', async () => {
    await withHost(
      (caller) => started(caller.close()),
      async (module) => {
        expect(() => fOf(module).callSync(1)).toThrow(ExitError);
        expect(module.isClosed).toBe(true);
      },
    );
  });
  it('H4: synchronously: ERR_WAZERO_BUSY, and the call goes on', async () => {
    const codes: unknown[] = [];
    const host: Host = async (caller, _value, runtime) => {
      for (const close of [() => caller.closeSync(), () => runtime.closeSync()])
        codes.push(((await errorOf(close)) as { code: string }).code);
      return 42;
    };
    await withHost(host, async (module) => {
      expect(await fOf(module).call(1)).toBe(42);
      expect(codes).toEqual(['ERR_WAZERO_BUSY', 'ERR_WAZERO_BUSY']);
    });
  });
});

describe('a host function that calls', () => {
  it('G3, H4: the guest without end, in the sync lane: a Trap, the module stays open, the process lives', async () => {
    let depth = 0;
    await withHost(
      (caller, value) => {
        depth++;
        return fOf(caller).callSync(value);
      },
      async (module) => {
        expect(await errorOf(() => fOf(module).callSync(1))).toBeInstanceOf(Trap);
        expect(depth).toBeGreaterThan(50);
        expect(module.isClosed).toBe(false);
      },
    );
  });
  it('H4: the guest 10,000 deep in the async lane', async () => {
    await withHost(
      (caller, value) => (value < 10_000 ? fOf(caller).call(value + 1) : value),
      async (module) => {
        expect(await fOf(module).call(0)).toBe(10_000);
      },
    );
  });
  needsEdit('e2')(
    'H4: its own module through another handle, which queues behind it: only the deadline ends that',
    async () => {
      let outside: Module | undefined;
      await withHost(
        () => fOf(outside!).call(1),
        async (module) => {
          outside = module;
          const { error } = await endingOnceBegun(() => fOf(module).withOptions({ timeoutMs: 100 }).call(1));
          expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_WAZERO_EXIT' });
        },
      );
    },
  );
  it(`H7: nothing, ${hostCalls} times in one call, in both lanes, and timers go on`, async () => {
    await withHost(
      (_caller, value) => value,
      async (module) => {
        const many = module.exportedFunction('many', ...signature);
        expect(many.callSync(hostCalls)).toBe(hostCalls);
        let ticks = 0;
        const timer = setInterval(() => ticks++, 1);
        expect(await many.call(hostCalls)).toBe(hostCalls);
        clearInterval(timer);
        expect(ticks).toBeGreaterThan(2);
      },
    );
  });
});

it('H6: AsyncLocalStorage holds in host functions, each call with its own', async () => {
  const storage = new AsyncLocalStorage<number>();
  const host: Host = async () => {
    await Promise.resolve();
    return storage.getStore() ?? -1;
  };
  await withHost(host, async (module) => {
    const calls = [1, 2, 3].map((n) => storage.run(n, () => fOf(module).call(0)));
    expect(await Promise.all(calls)).toEqual([1, 2, 3]);
    expect(await storage.run(4, () => fOf(module).call(0))).toBe(4);
  });
});

it('H5: a buffer that is given away shows nothing of other guests, also after its module is closed', async () => {
  await withHost(
    () => 1,
    async (module, runtime) => {
      const { buffer } = module.memory!;
      let given = new ArrayBuffer(0);
      try {
        given = structuredClone(buffer, { transfer: [buffer] });
      } catch (error) {
        expect((error as Error).name).toBe('DataCloneError'); // Node 20 transfers or copies it, later ones refuse
      }
      const kept = new Uint8Array(buffer);
      await module.close();
      expect(kept.length).toBe(0);
      const others = await Promise.all(Array.from({ length: 50 }, () => runtime.instantiate(guest)));
      for (const other of others) other.memory!.write(0, new Uint8Array(65_536).fill(0x5a));
      expect(new Uint8Array(given).every((byte) => byte === 0)).toBe(true);
    },
  );
});
