// Clocks, sleep, yield and random (wazero: config_test.go, imports/wasi_snapshot_preview1/{clock,random,poll,sched}_test.go).
import { expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { errorOf } from '../support/errors.js';
import { type Module, ModuleConfig, Runtime, RuntimeConfig, type Trap, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

/** Each export answers WASI's errno; what was asked for is at 16 then. */
const guest = wat(`(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $res (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "time") (param i32) (result i32) (call $time (local.get 0) (i64.const 0) (i32.const 16)))
  (func (export "resolution") (param i32) (result i32) (call $res (local.get 0) (i32.const 16)))
  (func (export "sleep") (param i64) (result i32)
    (i64.store (i32.const 256) (i64.const 7)) (i32.store8 (i32.const 264) (i32.const 0)) (i32.store (i32.const 272) (i32.const 1))
    (i64.store (i32.const 280) (local.get 0))
    (call $poll (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 640)))
  (func (export "yield") (result i32) (call $yield))
  (func (export "random") (param i32) (result i32) (call $random (i32.const 16) (local.get 0))))`);

const [realtime, monotonic] = [0, 1];
const EIO = 29;

type Call = (module: Module, name: string, ...args: (number | bigint)[]) => Promise<unknown>;
const lanes: Record<string, Call> = {
  async: (module, name, ...args) => module.exportedFunction(name)!.call(...(args as [])),
  sync: async (module, name, ...args) => module.exportedFunction(name)!.callSync(...(args as [])),
};

async function withGuest<T>(
  config: ModuleConfig,
  use: (module: Module) => Promise<T>,
  runtimeConfig = new RuntimeConfig(),
): Promise<T> {
  await using runtime = new Runtime(runtimeConfig);
  await wasi.instantiate(runtime);
  return await use(await runtime.instantiate(guest, config));
}
async function ask(call: Call, module: Module, name: string, ...args: (number | bigint)[]): Promise<bigint> {
  expect(await call(module, name, ...args)).toBe(0);
  return module.memory!.readUint64Le(16);
}

for (const [lane, call] of Object.entries(lanes)) {
  const name = (text: string) => `${text} (${lane})`;

  it(name("has wazero's deterministic clocks by default"), async () => {
    await withGuest(new ModuleConfig(), async (module) => {
      // 2022-01-01T00:00:00Z, and 1 ms more with each reading; instantiation reads none.
      for (const step of [0n, 1n, 2n])
        expect(await ask(call, module, 'time', realtime)).toBe(1640995200000000000n + step * 1000000n);
      for (const step of [0n, 1n, 2n]) expect(await ask(call, module, 'time', monotonic)).toBe(step * 1000000n);
      expect(await ask(call, module, 'resolution', realtime)).toBe(1000n);
      expect(await ask(call, module, 'resolution', monotonic)).toBe(1n);
      const started = performance.now();
      expect(await call(module, 'sleep', 3_600_000_000_000n)).toBe(0); // an hour
      expect(performance.now() - started).toBeLessThan(1000);
      expect(await call(module, 'yield')).toBe(0);
    });
  });

  it(name("has wazero's deterministic random bytes by default"), async () => {
    // Go's math/rand with seed 42.
    for (let round = 0; round < 2; round++) {
      await withGuest(new ModuleConfig(), async (module) => {
        expect(await call(module, 'random', 5)).toBe(0);
        expect([...module.memory!.read(16, 5)]).toEqual([0x53, 0x8c, 0x7f, 0x96, 0xb1]);
        expect(await call(module, 'random', 3)).toBe(0);
        expect([...module.memory!.read(16, 3)]).toEqual([0x64, 0xbf, 0x1b]);
      });
    }
  });

  it(name('reads the system clocks'), async () => {
    await withGuest(new ModuleConfig().withSysWalltime().withSysNanotime(), async (module) => {
      const before = BigInt(Date.now()) * 1000000n;
      const wall = await ask(call, module, 'time', realtime);
      expect(wall).toBeGreaterThanOrEqual(before - 1000000n);
      expect(wall).toBeLessThan(before + 60_000_000_000n);
      const first = await ask(call, module, 'time', monotonic);
      expect(await ask(call, module, 'time', monotonic)).toBeGreaterThan(first);
    });
  });

  it(name('reads clocks in JavaScript, with their resolution'), async () => {
    let wall = 0n;
    let nano = 0n;
    const config = new ModuleConfig()
      .withWalltime(() => (wall += 1_500_000_001n), 1000)
      .withNanotime(() => (nano += 7n), 100);
    await withGuest(config, async (module) => {
      expect(await ask(call, module, 'time', realtime)).toBe(1_500_000_001n);
      expect(await ask(call, module, 'time', realtime)).toBe(3_000_000_002n);
      expect(await ask(call, module, 'time', monotonic)).toBe(7n);
      expect(await ask(call, module, 'time', monotonic)).toBe(14n);
      expect(await ask(call, module, 'resolution', realtime)).toBe(1000n);
      expect(await ask(call, module, 'resolution', monotonic)).toBe(100n);
      expect(nano).toBe(14n);
    });
  });

  it(name('ends the call where a clock throws, or answers no bigint'), async () => {
    const thrown = new Error('no time');
    for (const [clock, cause] of [
      [
        () => {
          throw thrown;
        },
        thrown,
      ],
      [() => 1 as unknown as bigint, expect.objectContaining({ code: 'ERR_WAZERO_INVALID_ARGUMENT' })],
    ] as const) {
      await withGuest(new ModuleConfig().withNanotime(clock, 1), async (module) => {
        const trap = (await errorOf(() => call(module, 'time', monotonic))) as Trap;
        expect(trap).toMatchObject({ kind: 'host function' });
        expect(trap.cause).toEqual(cause);
        expect(module.isClosed).toBe(false);
      });
    }
  });

  it(name('sleeps and yields in JavaScript'), async () => {
    const slept: bigint[] = [];
    let yields = 0;
    const config = new ModuleConfig().withNanosleep((ns) => void slept.push(ns)).withOsyield(() => void yields++);
    await withGuest(config, async (module) => {
      expect(await call(module, 'sleep', 123456789n)).toBe(0);
      expect(await call(module, 'yield')).toBe(0);
      expect(await call(module, 'yield')).toBe(0);
      expect(slept).toEqual([123456789n]);
      expect(yields).toBe(2);
    });
  });

  it(name("sleeps by the system's clock"), async () => {
    await withGuest(new ModuleConfig().withSysNanosleep(), async (module) => {
      const started = performance.now();
      expect(await call(module, 'sleep', 50_000_000n)).toBe(0);
      expect(performance.now() - started).toBeGreaterThanOrEqual(49);
    });
  });

  it(name('ends a sleep at its deadline'), async () => {
    const config = new ModuleConfig().withSysNanosleep();
    await withGuest(
      config,
      async (module) => {
        const started = performance.now();
        const sleep = module.exportedFunction('sleep')!.withOptions({ timeoutMs: 50 });
        const { error } = await endingOnceBegun(() =>
          lane === 'sync' ? sleep.callSync(10_000_000_000n) : sleep.call(10_000_000_000n),
        );
        expect(error).toMatchObject({ reason: 'timeout' });
        expect(performance.now() - started).toBeLessThan(2000);
      },
      new RuntimeConfig().withCloseOnContextDone(true),
    );
  });

  it(name('reads random bytes given, and fails with EIO when they are used up'), async () => {
    await withGuest(new ModuleConfig().withRandSource(Uint8Array.of(1, 2, 3, 4)), async (module) => {
      expect(await call(module, 'random', 3)).toBe(0);
      expect([...module.memory!.read(16, 3)]).toEqual([1, 2, 3]);
      expect(await call(module, 'random', 3)).toBe(EIO);
    });
  });

  it(name('asks JavaScript for random bytes; what throws is EIO'), async () => {
    let asked = 0;
    const source = (buffer: Uint8Array) => {
      if (++asked > 2) throw new Error('no more');
      buffer.fill(asked);
    };
    await withGuest(new ModuleConfig().withRandSource(source), async (module) => {
      expect(await call(module, 'random', 4)).toBe(0);
      expect([...module.memory!.read(16, 5)]).toEqual([1, 1, 1, 1, 0]);
      expect(await call(module, 'random', 40000)).toBe(0);
      expect(module.memory!.read(16, 40000).every((byte) => byte === 2)).toBe(true);
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
      expect(await call(module, 'random', 4)).toBe(EIO);
      expect((await warned).message).toContain('no more');
    });
  });

  it(name('reads secure random bytes'), async () => {
    await withGuest(new ModuleConfig().withRandSource('secure'), async (module) => {
      const read = async () => {
        expect(await call(module, 'random', 32)).toBe(0);
        return Buffer.from(module.memory!.read(16, 32)).toString('hex');
      };
      expect(await read()).not.toBe(await read());
    });
  });
}

it('waits for a sleep and for random bytes that answer later', async () => {
  const config = new ModuleConfig()
    .withNanosleep((ns) => new Promise<void>((resolve) => setTimeout(resolve, Number(ns) / 1e6)))
    .withRandSource(async (buffer) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      buffer.fill(9);
    });
  await withGuest(config, async (module) => {
    const started = performance.now();
    expect(await module.exportedFunction('sleep')!.call(30_000_000n)).toBe(0);
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
    expect(await module.exportedFunction('random')!.call(2)).toBe(0);
    expect([...module.memory!.read(16, 2)]).toEqual([9, 9]);
    // The other lane cannot wait.
    for (const [name, arg] of [
      ['sleep', 1n],
      ['random', 2],
    ] as const) {
      const error = await errorOf(() => module.exportedFunction(name)!.callSync(arg as never));
      expect(error).toMatchObject({ cause: { code: 'ERR_WAZERO_WOULD_BLOCK' } });
    }
  });
});

it('uses the seed of a later config, not of an earlier one: undefined goes back to the default', async () => {
  const bytes = new ModuleConfig().withRandSource(Uint8Array.of(1)).withWalltime(() => 5n, 1);
  await withGuest(bytes.withRandSource(undefined).withWalltime(undefined, 1), async (module) => {
    expect(await ask(lanes.async!, module, 'time', realtime)).toBe(1640995200000000000n);
    expect(await module.exportedFunction('random')!.call(1)).toBe(0);
    expect([...module.memory!.read(16, 1)]).toEqual([0x53]);
  });
});

it('D16: resolutions are validated as wazero does, and in its words', async () => {
  const clock = () => 0n;
  for (const [resolution, valid] of [
    [1, true],
    [817405952, true], // an hour in nanoseconds, of which wazero keeps 32 bits (D16)
    [817405953, false],
    [1_000_000_000, false],
    [0, false],
  ] as const) {
    for (const kind of ['Walltime', 'Nanotime'] as const) {
      const config = new ModuleConfig()[`with${kind}`](clock, resolution);
      const error = await errorOf(() => withGuest(config, async () => {}));
      if (valid) expect(error).toBe(undefined);
      else {
        expect(error).toBeInstanceOf(TypeError);
        expect(error).toMatchObject({
          code: 'ERR_WAZERO_INVALID_ARGUMENT',
          message: `invalid ${kind} resolution: ${resolution}`,
        });
      }
    }
  }
  for (const kind of ['withWalltime', 'withNanotime'] as const) {
    expect(() => new ModuleConfig()[kind](clock, 1.5)).toThrow();
    expect(() => new ModuleConfig()[kind](clock, -1)).toThrow(RangeError);
    expect(() => new ModuleConfig()[kind](1 as never, 1)).toThrow(TypeError);
  }
});

it('withSystem: the real clocks, sleep and random bytes', async () => {
  await withGuest(new ModuleConfig().withSystem(), async (module) => {
    const call = lanes.async!;
    const before = BigInt(Date.now()) * 1_000_000n;
    expect(await ask(call, module, 'time', realtime)).toBeGreaterThanOrEqual(before);
    const begun = await ask(call, module, 'time', monotonic);
    expect(await call(module, 'sleep', 5_000_000n)).toBe(0);
    expect((await ask(call, module, 'time', monotonic)) - begun).toBeGreaterThanOrEqual(5_000_000n);
    expect(await call(module, 'random', 8)).toBe(0);
    const one = module.memory!.readUint64Le(16);
    await withGuest(new ModuleConfig().withSystem(), async (other) => {
      expect(await call(other, 'random', 8)).toBe(0);
      expect(other.memory!.readUint64Le(16)).not.toBe(one);
    });
  });
  const fixed = new ModuleConfig().withSystem().withWalltime(() => 5n, 1);
  await withGuest(fixed, async (module) => expect(await ask(lanes.sync!, module, 'time', realtime)).toBe(5n));
});
