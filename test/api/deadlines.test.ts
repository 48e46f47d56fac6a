// Deadlines of calls that C++ runs without Go, in both lanes: a call with one goes no other way than a call without, ends when its time is over wherever
// it is, and leaves the next one alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasEdit, needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { expectAftermath, timeout } from '../support/faults.js';
import { closedAfterEach, interruptible } from '../support/guests.js';
import { binding, type CallerModule, type Module, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
const runtimes = closedAfterEach();
const lanes = ['callSync', 'call'] as const;
const direct = hasEdit('e5') && process.env.WAZERO_NODE_DIRECT !== '0';

/** How often a call was given to Go. */
let throughGo = 0;
beforeAll(() => {
  const native = binding() as { call(...args: unknown[]): unknown };
  const { call } = native;
  native.call = (...args) => {
    throughGo++;
    return call(...args);
  };
});

const guest = wat(`(module
  (import "env" "f" (func $f (param i32) (result i32)))
  (global $n (mut i32) (i32.const 0))
  (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "get") (result i32) (global.get $n))
  (func (export "spin") (param i32) (result i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 1))
  (func $deep (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
    (else (i32.add (call $deep (i32.sub (local.get 0) (i32.const 1))) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "deep") (param i32) (result i32) (call $deep (local.get 0)))
  (func (export "ask") (param i32) (result i32)
    (drop (call $f (local.get 0))) (global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.const 7)))`);

type Host = (caller: CallerModule, n: number) => unknown;
async function world(host: Host = () => 0, config: RuntimeConfig = interruptible()) {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  const builder = runtime.newHostModuleBuilder('env').newFunctionBuilder();
  // One that is lent its caller needs a frame, any other does not.
  const fn =
    host.length === 2
      ? builder.withModuleFunction(host as never, ['i32'], ['i32'])
      : builder.withFunction(host as never, ['i32'], ['i32']);
  await fn.export('f').instantiate();
  const compiled = await runtime.compileModule(guest);
  const another = async () => {
    const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
    for (const lane of lanes) for (let i = 0; i < 4; i++) await module.exportedFunction('get')![lane]();
    return module;
  };
  return { runtime, another };
}
const get = (module: Module, name: string, timeoutMs?: number) =>
  module.exportedFunction(name)!.withOptions(timeoutMs === undefined ? {} : { timeoutMs });
/** Called often enough that C++ enters it. */
async function warm(module: Module, name: string, ...args: number[]) {
  for (const lane of lanes) for (let i = 0; i < 4; i++) await get(module, name)[lane](...(args as never[]));
}
/** Holds the thread. */
function hold(ms: number) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe.each(lanes)('%s with a deadline', (lane) => {
  it('is no more work for Go than one without, by timeoutMs, withDefaultTimeout and untrusted()', async () => {
    for (const [config, timeoutMs] of [
      [interruptible(), 10_000],
      [interruptible().withDefaultTimeout(10_000), undefined],
      [RuntimeConfig.untrusted(), undefined],
    ] as const) {
      const { another } = await world(undefined, config);
      const module = await another();
      await warm(module, 'count');
      const count = get(module, 'count', timeoutMs);
      // Whose thread loses its processor within a call is interrupted, as any that runs on, and up to 64 calls go through Go then.
      let least = Infinity;
      for (let round = 0; round < 40 && least > 0; round++) {
        const before = throughGo;
        for (let i = 0; i < 100; i++) expect(await count[lane]()).toBe(9 + 100 * round + i);
        least = Math.min(least, throughGo - before);
      }
      if (direct) expect(least).toBe(0);
      await module.close();
    }
  });

  needsEdit('e2')('ends an endless guest in time, of every length', async () => {
    const { another } = await world();
    for (const timeoutMs of [0.01, 0.5, 1, 3, 20, 60]) {
      for (const [name, arg] of [
        ['spin', 0],
        ['deep', 60],
      ] as const) {
        const module = await another();
        await warm(module, name, 1);
        const begun = performance.now();
        const error = await errorOf(async () => get(module, name, timeoutMs)[lane](...([arg] as never[])));
        const took = performance.now() - begun;
        if ((error as { code: string }).code === 'ERR_WAZERO_ABORTED') {
          expect(timeoutMs).toBeLessThan(20); // it was over before the call began: nothing ran
          expect(module.isClosed).toBe(false);
          continue;
        }
        expect(error).toMatchObject({
          ...timeout,
          message: `module closed with context deadline exceeded: the call of "${name}" was stopped after ${timeoutMs} ms (timeoutMs)`,
        });
        expect(took).toBeGreaterThanOrEqual(timeoutMs - 1);
        expect(took).toBeLessThan(timeoutMs + 1000);
        expect(module.isClosed).toBe(true);
      }
    }
  });

  it('whose time is over in a host function ends when that answers, and nothing of the guest runs on', async () => {
    const holds = (n: number) => {
      if (n > 0) hold(60);
      return 1;
    };
    for (const host of [holds, (_: CallerModule, n: number) => holds(n)]) {
      const { another } = await world(host as never);
      const module = await another();
      await warm(module, 'ask', 0);
      expect(await errorOf(async () => get(module, 'ask', 20)[lane](...([1] as never[])))).toMatchObject(timeout);
      expect(module.isClosed).toBe(true);
    }
  });

  needsEdit('e2')('leaves the next call alone, wherever its end fell', async () => {
    const { another } = await world();
    let module = await another();
    await warm(module, 'spin', 1);
    await warm(module, 'count');
    let [ended, stopped] = [0, 0];
    for (let i = 0; i < 600; i++) {
      // Some 50 to 500 us of work against a deadline in the middle of it.
      const error = await errorOf(async () =>
        get(module, 'spin', 0.2)[lane](...([(1 + (i % 20)) * 20_000] as never[])),
      );
      if (error === undefined || (error as { code: string }).code === 'ERR_WAZERO_ABORTED') {
        ended++;
        const before = throughGo;
        for (let n = 0; n < 3; n++) await get(module, 'count', n === 2 ? 10_000 : undefined)[lane]();
        if (direct && lane === 'callSync') expect(throughGo - before).toBe(0);
        continue;
      }
      expect(error).toMatchObject(timeout);
      stopped++;
      module = await another();
      await warm(module, 'spin', 1);
      await warm(module, 'count');
    }
    expect(ended + stopped).toBe(600);
  });
});

describe('a deadline of callSync', () => {
  it('is that of the calls nested in it', async () => {
    const { another } = await world((caller: CallerModule, n: number) => {
      if (n > 0) caller.exportedFunction('spin')!.callSync(...([0] as never[]));
      return n;
    });
    const module = await another();
    await warm(module, 'ask', 0);
    const begun = performance.now();
    expect(await errorOf(async () => get(module, 'ask', 30).callSync(...([1] as never[])))).toMatchObject(timeout);
    expect(performance.now() - begun).toBeLessThan(1030);
    expect(module.isClosed).toBe(true);
  });

  needsEdit('e2')(
    'of a guest inside of another: the inner one ends, the outer goes on; and the other way round',
    async () => {
      let inner: (() => unknown) | undefined;
      const { another } = await world(((_n: number) => {
        try {
          inner?.();
        } catch {
          return 2;
        }
        return 1;
      }) as never);
      for (let round = 0; round < 5; round++) {
        const [outside, inside] = [await another(), await another()];
        await warm(outside, 'ask', 0);
        await warm(inside, 'spin', 1);
        inner = () => get(inside, 'spin', 10).callSync(...([0] as never[]));
        expect(get(outside, 'ask', 10_000).callSync(...([1] as never[]))).toBe(7);
        expect([outside.isClosed, inside.isClosed]).toEqual([false, true]);
        const fresh = await another();
        await warm(fresh, 'count');
        inner = () => {
          hold(30);
          get(fresh, 'count', 10_000).callSync();
        };
        expect(await errorOf(async () => get(outside, 'ask', 10).callSync(...([1] as never[])))).toMatchObject(timeout);
        expect([outside.isClosed, fresh.isClosed]).toEqual([true, false]);
        expect(get(fresh, 'get').callSync()).toBe(9);
        inner = undefined;
      }
    },
  );
});

describe('a deadline of call', () => {
  it('reaches a guest that waits for JavaScript; the late answer does not matter', async () => {
    let answer = (_: number) => {};
    const { another } = await world(((n: number) =>
      n === 0
        ? 1
        : new Promise<number>((resolve) => {
            answer = resolve;
          })) as never);
    let least = Infinity; // as above: a thread may lose its processor
    for (let round = 0; round < 5; round++) {
      const module = await another();
      await warm(module, 'ask', 0);
      const before = throughGo;
      const call = errorOf(() => get(module, 'ask', 30).call(...([1] as never[])));
      if (round % 2 === 0) await sleep(1);
      least = Math.min(least, throughGo - before);
      expect(await call).toMatchObject({ ...timeout, message: expect.stringContaining('after 30 ms (timeoutMs)') });
      answer(1);
      expect(module.isClosed).toBe(true);
    }
    if (direct) expect(least).toBe(0);
  });

  it('does not end one that is answered in time', async () => {
    const { another } = await world(((n: number) => (n === 0 ? 1 : sleep(5, 1))) as never);
    const module = await another();
    await warm(module, 'ask', 0);
    for (let i = 0; i < 5; i++) expect(await get(module, 'ask', 10_000).call(...([1] as never[]))).toBe(7);
  });

  needsEdit('e2')('of many guests at once that wait, run, and wait for their turn', async () => {
    const { another } = await world(((n: number) => (n === 0 ? 1 : new Promise(() => {}))) as never);
    const guests = await Promise.all(Array.from({ length: 60 }, another));
    for (const each of guests)
      for (const name of ['ask', 'spin'])
        for (let i = 0; i < 4; i++) await get(each, name).call(...([name === 'ask' ? 0 : 1] as never[]));
    const begun = performance.now();
    const ends = guests.map((each, i) => {
      const name = i % 10 === 0 ? 'spin' : 'ask';
      const first = errorOf(() => get(each, name, 20 + (i % 7)).call(...([i % 10 === 0 ? 0 : 1] as never[])));
      const second = errorOf(() => get(each, 'get', 10_000).call()); // waits for the first
      return Promise.all([first, second]);
    });
    for (const [first, second] of await Promise.all(ends)) {
      expect(['ERR_WAZERO_EXIT', 'ERR_WAZERO_ABORTED']).toContain((first as { code: string }).code);
      if ((first as { code: string }).code === 'ERR_WAZERO_EXIT')
        expect(second).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    }
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});

it('a close and a signal come to a call with a deadline as to any other', async () => {
  let asks = () => {};
  const { another } = await world(((n: number) => {
    if (n > 0) asks();
    return n === 0 ? 1 : new Promise(() => {});
  }) as never);
  for (const how of ['close', 'abort'] as const) {
    const module = await another();
    await warm(module, 'ask', 0);
    const stop = new AbortController();
    const come = new Promise<void>((resolve) => {
      asks = resolve;
    });
    const call = errorOf(() =>
      module
        .exportedFunction('ask')!
        .withOptions({ timeoutMs: 10_000, signal: stop.signal })
        .call(...([1] as never[])),
    );
    await come;
    if (how === 'close') void module.close();
    else stop.abort();
    expect(await call).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: how });
  }
});
