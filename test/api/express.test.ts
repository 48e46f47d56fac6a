import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hasEdit, needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { direct, guest, repeatedly, world } from '../support/express-calls.js';
import { interruptible } from '../support/guests.js';
import { binding, type CallerModule, experimental, ModuleConfig, Runtime } from '../support/package.js';
import { slowness } from '../support/slowness.js';
import { wat } from '../support/wat.mjs';

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

/** Calls that have been quick are run by the JS thread, at the end of its turn. */
describe('a guest that has been quick so far', () => {
  const guest = `(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\04\\00\\00\\00here")
    (func (export "run") (param i32) (if (local.get 0) (then (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20))))))
    (func (export "loop") (param i32) (loop $l (br_if $l (local.get 0)))))`;

  it('begins though the JS thread does not come to the end of its turn', async () => {
    const { runtime } = await world(guest);
    const compiled = await runtime.compileModule(wat(guest));
    const file = join(mkdtempSync(join(tmpdir(), 'wazero-express-')), 'out');
    const fd = openSync(file, 'w');
    try {
      for (let round = 0; round < 5; round++) {
        const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName('').withStdout(fd));
        const run = module.exportedFunction('run')!;
        for (let i = 0; i < 50; i++) await run.call(0);
        await turn(); // so that it begins at once
        const ended = run.call(1);
        const end = performance.now() + 20_000;
        while (statSync(file).size < 4 * (round + 1) && performance.now() < end);
        expect(readFileSync(file, 'utf8')).toBe('here'.repeat(round + 1));
        await ended;
      }
    } finally {
      closeSync(fd);
      rmSync(dirname(file), { recursive: true });
    }
  });

  needsEdit('e2')('holds the event loop for no longer than others when it is not quick any more', async () => {
    const { another } = await world(guest);
    const native = binding() as { expressPoll(): void };
    const { expressPoll } = native;
    let longest = 0;
    native.expressPoll = () => {
      const began = performance.now();
      expressPoll();
      longest = Math.max(longest, performance.now() - began);
    };
    try {
      for (let round = 0; round < 5; round++) {
        const loop = (await another()).exportedFunction('loop')!;
        for (let i = 0; i < 50; i++) await loop.call(0);
        const error = await errorOf(() => loop.withOptions({ timeoutMs: 500 }).call(1));
        expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
      }
    } finally {
      native.expressPoll = expressPoll;
    }
    expect(longest).toBeLessThan(400 * slowness); // some two milliseconds, on a machine that has nothing else to do
  });

  (direct && availableParallelism() > 1 ? it : it.skip)('wakes no thread', async () => {
    const { module } = await world(guest);
    const run = module.exportedFunction('run')!.withOptions({ timeoutMs: 10_000 });
    /** How often threads of the process have gone to sleep. */
    const sleeps = () =>
      readdirSync('/proc/self/task').reduce((sum, task) => {
        const status = readFileSync(`/proc/self/task/${task}/status`, 'utf8');
        return sum + Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
      }, 0);
    const calls = 2_000;
    let least = Infinity;
    for (let round = 0; round < 5; round++) {
      const before = sleeps();
      for (let i = 0; i < calls; i++) await run.call(0);
      least = Math.min(least, sleeps() - before);
    }
    expect(least).toBeLessThan(calls / 4);
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
        // What takes longer, as all does in an emulator, goes through Go.
        if (direct && slowness === 1 && round > 4) expect(throughGo).toBe(0);
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
