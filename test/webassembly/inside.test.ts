/** What a guest waits for in `promising` calls back into it: one more frame on its stack, not a call that waits for its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { wat, withWebAssembly } from '../support/webassembly.js';

const guest = wat(`(module
  (import "js" "waits" (func $waits (param i32) (result i32)))
  (import "js" "plain" (func $plain (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "inc") (param i32) (result i32) (i32.store8 (i32.const 7) (i32.const 9)) (i32.add (local.get 0) (i32.const 1)))
  (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "spin") (result i32) (loop $l (br $l)) (i32.const 0))
  (func (export "run") (param i32) (result i32) (call $plain (call $waits (local.get 0)))))`);

it('synchronously, after an await, and by a function of promising', async () => {
  await withWebAssembly({}, async (WebAssembly) => {
    let e: any;
    const waits = async (n: number) => {
      const now = e.inc(n);
      await sleep(1);
      const later = e.inc(now) + Number(e.wide(1n));
      const waited = await WebAssembly.promising(e.inc)(later);
      return waited + new Uint8Array(e.memory.buffer)[7]!;
    };
    const plain = (n: number) => e.inc(n);
    const imports = { js: { waits: new WebAssembly.Suspending(waits), plain } };
    e = (await WebAssembly.instantiate(guest, imports)).instance.exports;
    const run = WebAssembly.promising(e.run);
    expect(await run(1)).toBe(1 + 1 + 1 + 2 + 1 + 9 + 1);
    expect(await Promise.all([run(2), run(3)])).toEqual([17, 18]);
    expect(e.inc(1)).toBe(2);
  });
});

it('the deadline of the guest that waits reaches what is called inside', async () => {
  await withWebAssembly({ timeoutMs: 300 }, async (WebAssembly) => {
    let e: any;
    const waits = async () => {
      await sleep(1);
      return e.spin();
    };
    const imports = { js: { waits: new WebAssembly.Suspending(waits), plain: () => 0 } };
    e = (await WebAssembly.instantiate(guest, imports)).instance.exports;
    await expect(WebAssembly.promising(e.run)(1)).rejects.toBeInstanceOf(WebAssembly.RuntimeError);
  });
});

it('somebody else, meanwhile, still hears that the guest is busy', async () => {
  await withWebAssembly({}, async (WebAssembly) => {
    let go: (() => void) | undefined;
    const waits = () => new Promise<number>((resolve) => (go = () => resolve(5)));
    const imports = { js: { waits: new WebAssembly.Suspending(waits), plain: (n: number) => n } };
    const e = (await WebAssembly.instantiate(guest, imports)).instance.exports;
    const running = WebAssembly.promising(e.run)(1);
    await expect.poll(() => go).toBeDefined();
    expect(() => e.inc(1)).toThrow('another call runs or waits');
    go?.();
    expect(await running).toBe(5);
    expect(e.inc(1)).toBe(2);
  });
});

it('compiling has a deadline of its own', async () => {
  const body = '(i64.store (i32.const 0) (i64.mul (i64.load (i32.const 8)) (i64.load (i32.const 16))))'.repeat(400);
  const many = Array.from({ length: 60 }, () => `(func ${body})`).join('');
  const large = wat(`(module (memory 1) ${many})`);
  await withWebAssembly({ timeoutMs: 1 }, async (WebAssembly) => {
    await expect(WebAssembly.compile(large)).rejects.toMatchObject({ cause: { name: 'TimeoutError' } });
  });
  await withWebAssembly({ timeoutMs: 1, compileTimeoutMs: Infinity }, async (WebAssembly) => {
    expect(await WebAssembly.compile(large)).toBeInstanceOf(WebAssembly.Module);
  });
  await withWebAssembly({ compileTimeoutMs: 1 }, async (WebAssembly) => {
    await expect(WebAssembly.compile(large)).rejects.toMatchObject({ cause: { name: 'TimeoutError' } });
  });
});
