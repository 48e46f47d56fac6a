/** What nobody holds is closed: modules and their link groups; externrefs that no guest holds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { experimental, type HostModuleBuilder, ModuleConfig, Runtime, RuntimeConfig } from 'node-wazero';
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { wat } from '../support/wat.mjs';
import { withWebAssembly } from '../support/webassembly.js';

const anonymous = new ModuleConfig().withName('');
const modules = () => experimental.stats().modules;
/** Waits until so many modules are left, and answers how many are. */
async function leftOf(most: number): Promise<number> {
  for (const deadline = Date.now() + 20_000; modules() > most && Date.now() < deadline; await sleep(10))
    globalThis.gc?.();
  return modules();
}
const owner = wat('(module (memory (export "memory") 1) (table (export "t") 1 funcref) (func (export "f")))');
const user = wat(
  '(module (import "o" "memory" (memory 1)) (import "o" "t" (table 1 funcref)) (import "o" "f" (func)))',
);

it('modules without a name, in circles with JavaScript and with each other', async () => {
  await using runtime = new Runtime();
  const make = () => {
    for (let i = 0; i < 50; i++) {
      const a = runtime.instantiateSync(owner, anonymous);
      const options = { importResolver: () => a };
      const b = runtime.instantiateSync(user, anonymous, options);
      if (i % 3 === 0) a.closeSync(); // its memory is the other's, too
      Object.assign(a, { b });
    }
  };
  make();
  expect(await leftOf(0)).toBe(0);
});

needsEdit('e16made')('what the host makes, with what is linked with it', async () => {
  await using runtime = new Runtime();
  const text = wat(
    '(module (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref)) (import "a" "g" (global (mut i64))) (func (export "f")))',
  );
  const make = () => {
    for (let i = 0; i < 50; i++) {
      const [memory, table] = [runtime.newMemory({ min: 1, max: 1 }), runtime.newTable({ min: 1 })];
      const imports = [memory, table, runtime.newGlobal('i64', 1n, { mutable: true })];
      const user = runtime.instantiateSync(text, anonymous, { imports });
      table.set(0, runtime.instantiateSync(text, anonymous, { imports }).exportedFunction('f')?.reference() ?? null);
      if (i % 3 === 0) user.closeSync();
      Object.assign(user, { buffer: memory.buffer, tag: runtime.newTag(['i32']) });
    }
  };
  make();
  const [kept, held] = (() => {
    const memory = runtime.newMemory({ min: 1, max: 1 });
    const { buffer } = runtime.newMemory({ min: 1, max: 1 });
    const imports = [memory, runtime.newTable({ min: 1 }), runtime.newGlobal('i64', 1n, { mutable: true })];
    return [runtime.instantiateSync(text, anonymous, { imports }), buffer] as const;
  })();
  new Uint8Array(held)[0] = 7;
  expect(await leftOf(5)).toBe(5);
  expect(new Uint8Array(held)[0]).toBe(7);
  expect(kept.exportedFunction('f')?.callSync()).toBe(undefined);
});

it('not those that can be found, are told of their end, run, or are of a group of which something is held', async () => {
  await using runtime = new Runtime();
  let ended = 0;
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const kept = (() => {
    runtime.instantiateSync(owner, new ModuleConfig().withName('named'));
    runtime.instantiateSync(owner, anonymous, { closeNotifier: () => ended++ });
    const a = runtime.instantiateSync(owner, anonymous);
    return runtime.instantiateSync(user, anonymous, { importResolver: () => a });
  })();
  const slow = (() => {
    const builder: HostModuleBuilder = runtime.newHostModuleBuilder('env');
    const host = builder
      .newFunctionBuilder()
      .withFunction(() => gone, [], [])
      .export('wait');
    host.instantiateSync();
    return runtime
      .instantiateSync(wat('(module (import "env" "wait" (func $wait)) (func (export "f") call $wait))'), anonymous)
      .exportedFunction('f')
      ?.call();
  })();
  for (let i = 0; i < 10; i++) {
    globalThis.gc?.();
    await sleep(10);
  }
  expect(modules()).toBe(6);
  go();
  await slow;
  expect(kept.isClosed).toBe(false);
  expect(runtime.module('named')).toBeDefined();
  expect(ended).toBe(0);
});

it('a buffer keeps its module', async () => {
  await using runtime = new Runtime();
  const buffer = (() => {
    const { memory } = runtime.instantiateSync(owner, anonymous);
    memory?.writeByte(7, 42);
    return memory?.buffer as ArrayBuffer;
  })();
  for (let i = 0; i < 10; i++) {
    globalThis.gc?.();
    await sleep(10);
  }
  expect([modules(), new Uint8Array(buffer)[7]]).toEqual([1, 42]);
});

it('instances of node-wazero/webassembly, whose imports know them', async () => {
  await withWebAssembly({}, async (W) => {
    const text =
      '(module (import "m" "f" (func $f (result i32))) (memory (export "m") 1) (func (export "run") (result i32) call $f))';
    const module = new W.Module(wat(text));
    const make = () => {
      for (let i = 0; i < 100; i++) {
        const instance = new W.Instance(module, { m: { f: () => instance.exports.m.buffer.byteLength } });
        if (instance.exports.run() !== 65536) throw new Error('another memory');
      }
    };
    make();
    expect(await leftOf(0)).toBe(0);
  });
});

needsEdit('e12extern')('externrefs: only those that tables and globals hold, and those of calls that run', async () => {
  await using runtime = new Runtime();
  const text = `(module (import "env" "make" (func $make (param i32) (result externref)))
    (table $t 8 externref) (global $g (mut externref) (ref.null extern))
    (func (export "id") (param externref) (result externref) local.get 0)
    (func (export "made") (param i32) (result externref) local.get 0 call $make)
    (func (export "put") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))
    (func (export "get") (param i32) (result externref) (table.get $t (local.get 0)))
    (func (export "keep") (param externref) local.get 0 global.set $g)
    (func (export "kept") (result externref) global.get $g))`;
  const make = (i: number) => ({ i });
  runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(make, ['i32'], ['externref'])
    .export('make')
    .instantiateSync();
  const module = runtime.instantiateSync(wat(text));
  const f = (name: string) => module.exportedFunction(name) as any;
  const [put, kept] = [{ put: 1 }, { kept: 1 }];
  f('put').callSync(3, put);
  f('keep').callSync(kept);
  const id = f('id');
  for (let i = 0; i < 20_000; i++) {
    const value = { i };
    if (id.callSync(value) !== value) throw new Error('another value');
  }
  expect(experimental.stats().references).toBeLessThan(3_000);
  await Promise.all(Array.from({ length: 3_000 }, async (_, i) => expect((await f('made').call(i)).i).toBe(i)));
  await expect.poll(() => experimental.stats().references).toBeLessThan(3_000);
  for (let i = 0; i < 3_000; i++) id.callSync({ i });
  expect(f('get').callSync(3)).toBe(put);
  expect(f('kept').callSync()).toBe(kept);
});

it('a profile that nobody can stop any more ends, and another can be taken', async () => {
  await using runtime = new Runtime(RuntimeConfig.untrusted());
  (() => void experimental.profile(runtime))();
  expect(() => experimental.profile(runtime)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
  let again: { stop(): Promise<object> } | undefined;
  for (const deadline = Date.now() + 20_000; !again && Date.now() < deadline; await sleep(10)) {
    globalThis.gc?.();
    try {
      again = experimental.profile(runtime);
    } catch {} // not yet
  }
  const { stop } = again!;
  again = undefined;
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await sleep(10);
  }
  expect(await stop()).toHaveProperty('nodes'); // who has stop has it all
});
