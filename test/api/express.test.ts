// Asynchronous calls that a thread of C++ runs without Go: after a few calls, of functions that are short. Whatever happens in a call is
// the same before and after that, so every scenario here runs several times, and says the same each time.
import { availableParallelism } from 'node:os';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasEdit, needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import { closedAfterEach, interruptible } from '../support/guests.js';
import {
  binding,
  type CallerModule,
  experimental,
  type Module,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();

/** How often C++ was asked to begin a call, or to go on with one. */
let asked = 0;
beforeAll(() => {
  const native = binding() as { expressCall(): void; expressReply(): boolean };
  const { expressCall } = native;
  native.expressCall = () => {
    asked++;
    expressCall();
  };
});
const direct = hasEdit('e5') && process.env.WAZERO_NODE_DIRECT !== '0';

const runtimes = closedAfterEach();

type Fn = (...args: never[]) => unknown;
interface World {
  runtime: Runtime;
  module: Module;
  another(): Promise<Module>;
  call(name: string, ...args: unknown[]): Promise<unknown>;
}
/** A guest with a host function `env.f` that is lent its caller. */
async function world(text: string, f: Fn = () => 0, config = interruptible()): Promise<World> {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  await wasi.instantiate(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(f as never, ['i32'], ['i32'])
    .export('f')
    .instantiate();
  const compiled = await runtime.compileModule(wat(text));
  const another = () => runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
  const module = await another();
  return {
    runtime,
    module,
    another,
    call: (name, ...args) => module.exportedFunction(name)!.call(...(args as [])) as Promise<unknown>,
  };
}

/** The same action several times; the last ones on the thread of C++. */
async function repeatedly(action: (round: number) => Promise<void>): Promise<void> {
  const before = asked;
  for (let round = 0; round < 7; round++) await action(round);
  expect(asked > before).toBe(direct);
}

const guest = `(module
  (import "env" "f" (func $f (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 10)
  (global $n (mut i32) (i32.const 0))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "twice") (param i32) (result i32) (i32.add (call $f (call $f (local.get 0))) (local.get 0)))
  (func (export "ask") (param i32) (result i32) (call $f (local.get 0)))
  (func (export "many") (param i32) (result i32)
    (loop $l (drop (call $f (local.get 0))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 7))
  (func (export "grow") (param i32) (result i32) (drop (memory.grow (local.get 0))) (memory.size))
  (func (export "trap") (param i32) (result i32) (if (local.get 0) (then unreachable)) (i32.const 1))
  (func (export "exit") (param i32) (call $exit (local.get 0)))
  (func (export "loop") (param i32) (loop $l (br_if $l (local.get 0))))
  (func (export "echo") (param i32 i64 f32 f64 externref) (result externref f64 f32 i64 i32)
    (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)))`;

describe('a call', () => {
  it('has the same results', async () => {
    const { call } = await world(guest);
    const value = {};
    await repeatedly(async (round) => {
      expect(await call('echo', -5, 2n ** 63n - 1n, 0.5, Number.NaN, value)).toEqual([
        value,
        Number.NaN,
        0.5,
        2n ** 63n - 1n,
        -5,
      ]);
      expect(await call('count')).toBe(round + 1);
      expect(await call('down', 10)).toBe(10);
    });
  });

  it('that Go has to go on with ends in the same way', async () => {
    const { call, module } = await world(guest);
    await repeatedly(async (round) => {
      expect(await call('down', 20_000)).toBe(20_000); // a larger stack
      expect(await call('grow', round % 2)).toBe(1 + Math.ceil(round / 2));
      expect(await call('trap', 0)).toBe(1);
      const error = await errorOf(() => call('trap', 1));
      expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
      expect((error as Error & { frames: unknown[] }).frames).toHaveLength(1);
      expect(await errorOf(() => call('down', 2 ** 31))).toMatchObject({ kind: 'stack overflow' });
      expect(module.memory!.size()).toBe((1 + Math.ceil(round / 2)) * 65_536);
    });
  });

  it('that exits closes its module', async () => {
    await repeatedly(async () => {
      const { call, module } = await world(guest);
      for (let i = 0; i < 4; i++) await call('count');
      expect(await errorOf(() => call('exit', 3))).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: 3 });
      expect(module.isClosed).toBe(true);
      expect(await errorOf(() => call('count'))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    });
  });

  it('of a thousand guests at once, in each in its order', async () => {
    const { runtime } = await world(guest);
    const compiled = await runtime.compileModule(wat(guest));
    const guests = await Promise.all(
      Array.from({ length: 300 }, () => runtime.instantiateModule(compiled, new ModuleConfig().withName(''))),
    );
    await repeatedly(async (round) => {
      const all = guests.map((each) => Promise.all([1, 2, 3].map(() => each.exportedFunction('count')!.call())));
      for (const numbers of await Promise.all(all)) expect(numbers).toEqual([1, 2, 3].map((n) => round * 3 + n));
    });
  });

  it('lets timers and other turns go on, however many follow each other', async () => {
    const { module, another } = await world(guest);
    const functions = [module, await another()].map((each) => each.exportedFunction('count')!);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const end = performance.now() + 300;
    // No setImmediate stands between calls of different groups.
    for (let i = 0; performance.now() < end; i++) await functions[i % 2]!.call();
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });
});

describe('a host function', () => {
  it('answers at once, later, never well, in each call of its own', async () => {
    let answer: unknown;
    const { call } = await world(guest, (_: CallerModule, n: number) =>
      typeof answer === 'function' ? answer(n) : answer,
    );
    await repeatedly(async () => {
      answer = (n: number) => n + 1;
      expect(await call('twice', 5)).toBe(12);
      answer = async (n: number) => n + 2;
      expect(await call('twice', 5)).toBe(14);
      answer = (n: number) => sleep(1, n + 3);
      expect(await call('twice', 5)).toBe(16);
      const mine = new Error('mine');
      answer = () => {
        throw mine;
      };
      expect(await errorOf(() => call('twice', 5))).toMatchObject({ code: 'ERR_WAZERO_TRAP', cause: mine });
      answer = () => Promise.reject(mine);
      expect(await errorOf(() => call('twice', 5))).toMatchObject({ code: 'ERR_WAZERO_TRAP', cause: mine });
      answer = async () => 'five';
      expect(await errorOf(() => call('twice', 5))).toMatchObject({ code: 'ERR_WAZERO_TRAP' });
      answer = 4;
      expect(await call('many', 200)).toBe(7);
    });
  });

  it('calls its caller, again and again, while it answers', async () => {
    const { call, module } = await world(guest, async (caller: CallerModule, n: number) => {
      const first = await caller.exportedFunction('count')!.call();
      await turn();
      return ((await caller.exportedFunction('count')!.call()) as number) - (first as number) + n;
    });
    await repeatedly(async () => expect(await call('twice', 5)).toBe(12));
    expect(await module.exportedFunction('count')!.call()).toBe(7 * 4 + 1);
  });

  it('takes a snapshot that another one restores', async () => {
    let snapshot: experimental.Snapshot | undefined;
    const { call } = await world(
      `(module (import "env" "f" (func $f (param i32) (result i32)))
        (func (export "run") (result i32) (local $got i32)
          (if (i32.lt_s (local.tee $got (call $f (i32.const 0))) (i32.const 3)) (then (drop (call $f (i32.add (local.get $got) (i32.const 1))))))
          (local.get $got)))`,
      async (caller: CallerModule, n: number) => {
        await turn();
        if (n === 0) snapshot = experimental.snapshot(caller);
        else snapshot!.restore([n]);
        return 0;
      },
    );
    if (hasEdit('e9snapshot')) await repeatedly(async () => expect(await call('run')).toBe(3));
  });

  it('of more guests than C++ has stacks for waits, and all come back', async () => {
    const answers: (() => void)[] = [];
    const { runtime } = await world(
      guest,
      (_: CallerModule, n: number) => new Promise((resolve) => answers.push(() => resolve(n + 1))),
    );
    const compiled = await runtime.compileModule(wat(guest));
    const guests = await Promise.all(
      Array.from({ length: 1200 }, () => runtime.instantiateModule(compiled, new ModuleConfig().withName(''))),
    );
    await repeatedly(async () => {
      const all = guests.map((each, i) => each.exportedFunction('ask')!.call(i));
      while (answers.length < guests.length) await sleep(1);
      for (const answer of answers.splice(0).reverse()) answer();
      expect(await Promise.all(all)).toEqual(guests.map((_, i) => i + 1));
    });
  });

  it('waits on while others, of which there may be many, make and close instances', async () => {
    const answers: (() => void)[] = [];
    const { another } = await world(
      guest,
      (_: CallerModule, n: number) => new Promise((resolve) => answers.push(() => resolve(n + 1))),
    );
    const guests = await Promise.all(Array.from({ length: 20 }, another));
    const native = binding() as { frameReply(...args: unknown[]): void };
    const { frameReply } = native;
    let throughGo = 0;
    native.frameReply = (...args) => {
      throughGo++;
      frameReply(...args);
    };
    try {
      await repeatedly(async (round) => {
        const all = guests.map((each, i) => each.exportedFunction('ask')!.call(i));
        while (answers.length < guests.length) await sleep(1);
        await (await another()).close();
        (await another()).closeSync();
        await using one = new Runtime(interruptible());
        await one.instantiate(wat('(module (func (export "run")))'));
        throughGo = 0;
        for (const answer of answers.splice(0)) answer();
        expect(await Promise.all(all)).toEqual(guests.map((_, i) => i + 1));
        if (direct && round > 4) expect(throughGo).toBe(0);
      });
    } finally {
      native.frameReply = frameReply;
    }
  });

  it('waits while an instance is made that joins its caller, and one that does not', async () => {
    let asks = () => {};
    const { runtime, another } = await world(
      guest,
      () =>
        new Promise((resolve) => {
          asks();
          release = () => resolve(1);
        }),
    );
    let release = () => {};
    await repeatedly(async (round) => {
      const module = await another();
      const name = `guest${round}`;
      const named = await runtime.instantiate(wat(guest), new ModuleConfig().withName(name));
      for (let i = 0; i < 4; i++) await named.exportedFunction('count')!.call();
      await module.exportedFunction('count')!.call();
      const come = new Promise<void>((resolve) => {
        asks = resolve;
      });
      const call = named.exportedFunction('ask')!.call(1);
      await come;
      await another();
      const joining = runtime.instantiate(
        wat(
          `(module (import "${name}" "count" (func $count (result i32))) (func (export "run") (result i32) (call $count)))`,
        ),
        new ModuleConfig().withName(''),
      );
      await turn();
      release();
      expect(await call).toBe(1);
      expect(await (await joining).exportedFunction('run')!.call()).toBe(5);
    });
  });
});

describe('what ends a call from outside', () => {
  needsEdit('e2')('a signal and a close reach a guest that runs, and other guests go on meanwhile', async () => {
    await repeatedly(async (round) => {
      const { module, another } = await world(guest);
      const other = await another();
      for (let i = 0; i < 4; i++)
        await Promise.all([module.exportedFunction('loop')!.call(0), other.exportedFunction('count')!.call()]);
      const stop = new AbortController();
      const endless = module.exportedFunction('loop')!.withOptions({ signal: stop.signal }).call(1);
      const ended = errorOf(() => endless);
      if (round % 2 === 0) await sleep(round * 2);
      for (let i = 0; i < 20; i++) expect(await other.exportedFunction('count')!.call()).toBe(5 + i);
      if (round % 3 === 0) void module.close();
      else stop.abort();
      expect(await ended).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: round % 3 === 0 ? 'close' : 'abort' });
      expect(module.isClosed).toBe(true);
    });
  });

  it('a signal and a close reach a guest that waits for a host function; its late answer does not matter', async () => {
    await repeatedly(async (round) => {
      let asks = () => {};
      let release = (_: number) => {};
      const { module } = await world(
        guest,
        () =>
          new Promise<number>((resolve) => {
            release = resolve;
            asks();
          }),
      );
      for (let i = 0; i < 4; i++) await module.exportedFunction('count')!.call();
      for (let i = 0; i < 3; i++) {
        const come = new Promise<void>((resolve) => {
          asks = resolve;
        });
        const call = module.exportedFunction('ask')!.call(1);
        await come;
        release(i);
        expect(await call).toBe(i);
      }
      const come = new Promise<void>((resolve) => {
        asks = resolve;
      });
      const stop = new AbortController();
      const ended = errorOf(() => module.exportedFunction('ask')!.withOptions({ signal: stop.signal }).call(1));
      await come;
      if (round % 2 === 0) void module.close();
      else stop.abort();
      if (round % 3 === 0) release(1);
      expect(await ended).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: round % 2 === 0 ? 'close' : 'abort' });
      release(2);
    });
  });

  it('a signal in the very turn of the call ends it, or comes too late', async () => {
    const { module, another } = await world(guest);
    for (let i = 0; i < 4; i++) await module.exportedFunction('count')!.call();
    await repeatedly(async () => {
      for (let i = 0; i < 20; i++) {
        const each = await another();
        for (let n = 0; n < 4; n++) await each.exportedFunction('count')!.call();
        const stop = new AbortController();
        const call = each.exportedFunction('count')!.withOptions({ signal: stop.signal }).call();
        stop.abort();
        const error = await errorOf(() => call);
        if (error) expect((error as { code: string }).code).toMatch(/^ERR_WAZERO_(EXIT|ABORTED)$/);
        await each.close();
      }
    });
  });
});

it('a guest that cannot be interrupted holds the thread of C++, and nobody else', async () => {
  const { module, another } = await world(
    `(module (func (export "spin") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "seven") (result i32) (i32.const 7)))`,
    undefined,
    new RuntimeConfig(),
  );
  const other = await another();
  const spin = module.exportedFunction('spin')!;
  const seven = other.exportedFunction('seven')!;
  experimental.setConcurrency(2);
  try {
    for (let i = 0; i < 4; i++) await Promise.all([spin.call(1), seven.call()]);
    let spinning = true;
    const long = spin.call(600_000_000).then(() => {
      spinning = false;
    });
    let meanwhile = 0;
    while (spinning) {
      const start = performance.now();
      expect(await seven.call()).toBe(7);
      if (spinning) meanwhile++;
      expect(performance.now() - start).toBeLessThan(1_000);
      await turn();
    }
    await long;
    expect(meanwhile).toBeGreaterThan(10);
    for (let i = 0; i < 200; i++) expect(await seven.call()).toBe(7);
  } finally {
    experimental.setConcurrency(availableParallelism());
  }
});
