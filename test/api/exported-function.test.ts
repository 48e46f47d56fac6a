/** ExportedFunction: values in both lanes, order, options, and the stack form. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { type FunctionReference, LimitError, type Module, ModuleConfig, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const bytes = wat(`(module $m
  (import "env" "gate" (func $gate))
  (global $n (mut i32) (i32.const 0))
  (table (export "t") 4 funcref)
  (elem declare func $inc)
  (func $inc (export "inc") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "gated") (result i32) (call $gate) (call $inc))
  (func (export "none"))
  (func (export "trap") unreachable)
  (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func (export "vector") (param i32 v128) (result v128 i32) (local.get 1) (local.get 0))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func (export "self") (result funcref) (ref.func $inc))
  (func (export "put") (param funcref) (table.set (i32.const 0) (local.get 0)))
  (func (export "take") (result funcref) (table.get (i32.const 0)))
  (func (export "bits") (param f64) (result f64) (local.get 0)))`);

let runtime: Runtime;
let module: Module;
const gates: (() => void)[] = [];
beforeAll(async () => {
  runtime = new Runtime(interruptible());
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => new Promise<void>((resolve) => void gates.push(resolve)), [], [])
    .export('gate')
    .instantiate();
  module = await runtime.instantiate(bytes);
});
afterAll(() => runtime.close());
const fn = (name: string) => module.exportedFunction(name)!;

describe('values', () => {
  it.each([
    ['none', [], undefined],
    ['swap', [-1, -1n, 0.1, 0.1], [0.1, Math.fround(0.1), -1n, -1]],
    ['swap', [2 ** 32 - 1, 2n ** 64n - 1n, Number.NaN, -0], [-0, Number.NaN, -1n, -1]],
    ['vector', [7, Uint8Array.from({ length: 16 }, (_, i) => i)], [Uint8Array.from({ length: 16 }, (_, i) => i), 7]],
    ['extern', [null], null],
    ['extern', [undefined], undefined],
  ] as const)('%s in both lanes', async (name, args, expected) => {
    expect(await fn(name).call(...(args as unknown as never[]))).toEqual(expected);
    expect(fn(name).callSync(...(args as unknown as never[]))).toEqual(expected);
  });

  it('any JavaScript value as externref, by identity', async () => {
    for (const value of [{}, [], () => {}, Symbol('s'), 'x', 1n, 0, -0, Number.NaN, Promise.resolve(1)]) {
      const [back] = [fn('extern').callSync(value)];
      expect(Object.is(back, value)).toBe(true);
      if (!(value instanceof Promise)) expect(Object.is(await fn('extern').call(value), value)).toBe(true);
    }
  });

  needsEdit('e2')(
    'funcref comes back as one object, with its definition, and goes back only to its own modules',
    async () => {
      const reference = (await fn('self').call()) as FunctionReference;
      expect(fn('self').callSync()).toBe(reference);
      fn('put').callSync(reference);
      expect(fn('take').callSync()).toBe(reference);
      fn('put').callSync(null);
      expect(await fn('take').call()).toBeNull();
      const other = await runtime.instantiate(bytes, new ModuleConfig().withName('other'));
      expect(() => other.exportedFunction('put')!.callSync(reference)).toThrow(
        expect.objectContaining({ code: 'ERR_WAZERO_INVALID_ARGUMENT' }),
      );
      await other.close();
    },
  );
});

describe('the stack form', () => {
  it('is in place, and keeps NaN payloads', async () => {
    const signalling = 0x7ff4_dead_beef_0001n;
    const stack = new BigUint64Array([signalling, 99n]);
    fn('bits').callWithStackSync(stack);
    expect(stack).toEqual(new BigUint64Array([signalling, 99n]));
    await fn('bits').callWithStack(stack);
    expect(stack).toEqual(new BigUint64Array([signalling, 99n]));
  });

  it('v128 takes two slots', () => {
    const stack = new BigUint64Array([5n, 1n, 2n]);
    fn('vector').callWithStackSync(stack);
    expect(stack).toEqual(new BigUint64Array([1n, 2n, 5n]));
  });

  it("says in wazero's words that it is too short, and refuses references and shared stacks", async () => {
    const short = await errorOf(() => fn('swap').callWithStack(new BigUint64Array(3)));
    expect(short).toMatchObject({ name: 'TypeError', message: 'need 4 params, but stack size is 3' });
    expect(() => fn('extern').callWithStackSync(new BigUint64Array(1))).toThrow(TypeError);
    const shared = new BigUint64Array(new SharedArrayBuffer(8));
    expect(() => fn('bits').callWithStackSync(shared)).toThrow(TypeError);
  });

  it('does not mind that the stack goes away meanwhile', async () => {
    const stack = new BigUint64Array([1n]);
    const pending = fn('bits').callWithStack(stack);
    structuredClone(stack.buffer, { transfer: [stack.buffer] });
    await pending;
  });
});

describe('order', () => {
  it('calls run one after another; what is read after await is of that call', async () => {
    const before = fn('inc').callSync() as number;
    const results = await Promise.all(Array.from({ length: 50 }, () => fn('inc').call()));
    expect(results).toEqual(Array.from({ length: 50 }, (_, i) => before + 1 + i));
  });

  it('the next call starts only after the reactions to the last one have run', async () => {
    const seen: unknown[] = [];
    const first = fn('inc').call();
    const second = fn('inc').call();
    await first.then(async (n) => {
      for (let i = 0; i < 50; i++) await null;
      seen.push(n, module.isClosed);
    });
    seen.push(await second);
    expect(seen).toEqual([await first, false, ((await first) as number) + 1]);
  });

  it('callSync does not overtake: ERR_WAZERO_BUSY', async () => {
    const pending = fn('gated').call();
    const waiting = fn('inc').call();
    expect(() => fn('inc').callSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
    await until(() => gates.length > 0);
    expect(() => fn('inc').callSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
    gates.shift()!();
    expect(await waiting).toBe(((await pending) as number) + 1);
    expect(fn('inc').callSync()).toBe(((await waiting) as number) + 1);
  });

  it('arguments are read at call, and a refused call leaves nothing behind', async () => {
    const vector = new Uint8Array(16).fill(1);
    const pending = fn('gated').call();
    const later = fn('vector').call(0, vector);
    vector.fill(2);
    expect(await errorOf(() => fn('vector').call(0))).toMatchObject({ message: 'expected 2 params, but passed 1' });
    await until(() => gates.length > 0);
    gates.shift()!();
    await pending;
    expect(await later).toEqual([new Uint8Array(16).fill(1), 0]);
  });

  it('a queue that is full: LimitError', async () => {
    const small = await runtime.instantiate(bytes, new ModuleConfig().withName('').withLimits({ queuedCalls: 2 }));
    const calls = Array.from({ length: 4 }, () => errorOf(() => small.exportedFunction('gated')!.call()));
    expect(await calls[3]).toBeInstanceOf(LimitError);
    expect(await calls[3]).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'queuedCalls' });
    for (let i = 0; i < 3; i++) {
      await until(() => gates.length > 0);
      gates.shift()!();
    }
    expect(await Promise.all(calls.slice(0, 3))).toEqual([undefined, undefined, undefined]);
    await small.close();
  });
});

describe('errors', () => {
  it('have a stack that shows who made the call, in both lanes', async () => {
    async function whoAwaits() {
      await fn('inc').withOptions({ signal: AbortSignal.abort() }).call();
    }
    async function whoCalls() {
      return module.exportedFunction('trap')!.callSync();
    }
    async function whoAwaitsTrap() {
      await module.exportedFunction('trap')!.call();
    }
    for (const use of [whoAwaits, whoCalls, whoAwaitsTrap]) {
      const { stack } = (await errorOf(use)) as Error;
      expect(stack).toContain(use.name);
    }
  });
});

describe('options', () => {
  it('withOptions is another function; timeoutMs counts anew for each call', async () => {
    const timed = fn('inc').withOptions({ timeoutMs: 1_000 });
    expect(timed).not.toBe(fn('inc'));
    expect(timed.definition).toBe(fn('inc').definition);
    await sleep(5);
    expect(await timed.call()).toBe((timed.callSync() as number) - 1);
    expect(await fn('none').withOptions({ timeoutMs: Infinity, signal: undefined }).call()).toBeUndefined();
  });

  it('a signal that is aborted already: nothing runs, the module is open', async () => {
    const before = fn('inc').callSync() as number;
    const error = await errorOf(() =>
      fn('inc')
        .withOptions({ signal: AbortSignal.abort('why') })
        .call(),
    );
    expect(error).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'AbortError', cause: 'why' });
    expect(fn('inc').callSync()).toBe(before + 1);
  });

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const heard = vi.spyOn(signal, 'addEventListener');
    const ended = vi.spyOn(signal, 'removeEventListener');
    await Promise.all([1, 2, 3].map(() => fn('inc').withOptions({ signal }).call()));
    expect(heard).toHaveBeenCalledTimes(3);
    expect(ended.mock.calls.map(([, listener]) => listener)).toEqual(heard.mock.calls.map(([, listener]) => listener));
  });

  it('the typed form checks', () => {
    expect(module.exportedFunction('swap', ['i32', 'i64', 'f32', 'f64'], ['f64', 'f32', 'i64', 'i32'])).toBe(
      fn('swap'),
    );
    expect(() => module.exportedFunction('inc', ['i32'], ['i32'])).toThrow(
      'Expected a function (i32) -> (i32) for export "inc" but received () -> (i32)',
    );
  });
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('Expected it to happen within 5 s');
    await sleep(1);
  }
}
