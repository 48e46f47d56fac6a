/** What V8's object has not: deadlines, limits, a cache, and an end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Runtime, RuntimeConfig, Tenant } from 'node-wazero';
import { describe, expect, it } from 'vitest';
import { slowness } from '../support/slowness.js';
import { exportsOf, wat, withWebAssembly } from '../support/webassembly.js';

const loops = '(module (func (export "loop") (loop $l (br $l))) (func (export "one") (result i32) i32.const 1))';

describe('deadlines', () => {
  it('end a loop on the JS thread; its instance is dead, others are not', async () => {
    await withWebAssembly({ timeoutMs: 100 }, (W) => {
      const [bad, good] = [exportsOf(W, loops), exportsOf(W, loops)];
      const begun = Date.now();
      expect(() => bad.loop()).toThrow(W.RuntimeError);
      expect(Date.now() - begun).toBeLessThan(5000 * slowness);
      expect(() => bad.one()).toThrow(W.RuntimeError);
      expect(good.one()).toBe(1);
    });
  });

  it('end a start function, and a call that promises', async () => {
    await withWebAssembly({ timeoutMs: 100 }, async (W) => {
      const start = '(module (func $f (loop $l (br $l))) (start $f))';
      expect(() => exportsOf(W, start)).toThrow(W.RuntimeError);
      await expect(W.promising(exportsOf(W, loops).loop)()).rejects.toThrow(W.RuntimeError);
    });
  });

  it('a signal ends what runs off the JS thread', async () => {
    const abort = new AbortController();
    await withWebAssembly({ signal: abort.signal }, async (W) => {
      const call = W.promising(exportsOf(W, loops).loop)();
      setTimeout(() => abort.abort(), 20);
      await expect(call).rejects.toThrow(W.RuntimeError);
    });
  });
});

describe('limits', () => {
  it('of memory: a RangeError to JavaScript, -1 to a guest', async () => {
    await withWebAssembly({ limits: { memoryPages: 2 } }, (W) => {
      expect(() => new W.Memory({ initial: 3 })).toThrow(RangeError);
      const memory = new W.Memory({ initial: 1 });
      expect(memory.grow(1)).toBe(1);
      expect(() => memory.grow(1)).toThrow(RangeError);
      const { grow } = exportsOf(W, '(module (memory 1) (func (export "grow") (result i32) i32.const 2 memory.grow))');
      expect(grow()).toBe(-1);
    });
  });
});

describe('a tenant', () => {
  it('has its instances on its account, and the namespace its limits', async () => {
    await using tenant = new Tenant('of a namespace', { instances: 3 });
    await withWebAssembly({ tenant }, (W) => {
      const held = [exportsOf(W, loops), exportsOf(W, loops), exportsOf(W, loops)];
      expect(tenant.usage().instances).toBe(3);
      expect(() => exportsOf(W, loops)).toThrow(RangeError);
      expect(held[0].one()).toBe(1);
    });
  });
});

describe('the runtime', () => {
  it('may be yours, and stays open', async () => {
    await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    await withWebAssembly({ runtime }, (W) => expect(exportsOf(W, loops).one()).toBe(1));
    expect((await runtime.instantiate(wat(loops))).isClosed).toBe(false);
  });
});

describe('promising', () => {
  it('a guest waits for the Promise of a Suspending, and others go on', async () => {
    const text = `(module (import "m" "wait" (func $wait (param i32) (result i32)))
      (func (export "f") (param i32) (result i32) local.get 0 call $wait i32.const 1 i32.add))`;
    await withWebAssembly({}, async (W) => {
      const wait = new W.Suspending(async (x: number) => {
        await sleep(5);
        return x * 2;
      });
      const [a, b] = [exportsOf(W, text, { m: { wait } }), exportsOf(W, text, { m: { wait } })];
      expect(await Promise.all([W.promising(a.f)(20), W.promising(b.f)(1)])).toEqual([41, 3]);
      expect(() => a.f(1)).toThrow();
      expect(() => W.promising(() => {})).toThrow(TypeError);
    });
  });
  it('what is no Promise but has then is one to a Suspending, whatever it does beside answering', async () => {
    const text = `(module (import "m" "wait" (func $wait (result i32))) (func (export "f") (result i32) call $wait))`;
    await withWebAssembly({}, async (W) => {
      const of = (then: unknown) =>
        W.promising(exportsOf(W, text, { m: { wait: new W.Suspending(() => ({ then })) } }).f)();
      const twice = of((resolve: (value: number) => void) => {
        resolve(1);
        resolve(2);
        throw new Error('too late');
      });
      expect(await twice).toBe(1);
      await expect(
        of(() => {
          throw new RangeError('first');
        }),
      ).rejects.toThrow(new RangeError('first'));
    });
  });
});
