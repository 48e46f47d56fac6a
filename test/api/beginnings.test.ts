// What instances of one module begin with is kept after some of them: each must be as if it had been made of the module's segments.
import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { experimental, type Module, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const needsImages = needsEdit('e11fork');
const plain = new ModuleConfig().withName('');
/** More than it takes until the state is kept. */
const times = 12;

const guest = wat(`(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (type $unary (func (param i32) (result i32)))
  (memory (export "memory") 2 20)
  (data (i32.const 5) "begin") (data (i32.const 70000) "second page") (data $passive "passive")
  (table $t (export "table") 4 20 funcref) (elem (table $t) (i32.const 0) func $double $host)
  (elem $spare func $triple $host)
  (global $i (mut i32) (i32.const 1)) (global $v (mut v128) (v128.const i64x2 1 2)) (global $f (mut funcref) (ref.func $triple))
  (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $triple (type $unary) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "through") (param i32 i32) (result i32) (call_indirect $t (type $unary) (local.get 1) (local.get 0)))
  (func (export "count") (result i32) (global.set $i (i32.add (global.get $i) (i32.const 1))) (global.get $i))
  (func (export "vector") (result i64) (i64x2.extract_lane 1 (global.get $v)))
  (func (export "byte") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "throughGlobal") (param i32) (result i32)
    (table.set $t (i32.const 3) (global.get $f)) (call_indirect $t (type $unary) (local.get 0) (i32.const 3)))
  (func (export "init") (result i32)
    (memory.init $passive (i32.const 16) (i32.const 0) (i32.const 7))
    (table.init $t $spare (i32.const 0) (i32.const 0) (i32.const 2)) (i32.load8_u (i32.const 16)))
  (func (export "spoil")
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 131072))
    (drop (memory.grow (i32.const 2))) (memory.fill (i32.const 131072) (i32.const 7) (i32.const 131072))
    (global.set $i (i32.const 100)) (global.set $v (v128.const i64x2 8 9)) (global.set $f (ref.null func))
    (table.set $t (i32.const 0) (ref.null func)) (drop (table.grow $t (ref.func $host) (i32.const 3)))
    (data.drop $passive) (elem.drop $spare)))`);

const call = (module: Module, name: string, ...args: number[]) =>
  module.exportedFunction(name)?.callSync(...(args as never[]));

/** A host function that adds so much, for one instance. */
async function hostThatAdds(runtime: Runtime, much: number): Promise<Module> {
  return runtime
    .newHostModuleBuilder(`env ${much}`)
    .newFunctionBuilder()
    .withFunction((n) => n + much, ['i32'], ['i32'])
    .export('host')
    .instantiate();
}

/** Nothing of those before it, and all that the module says. */
function checkBeginning(module: Module, much: number) {
  expect(module.memory?.size()).toBe(131072);
  expect(module.memory?.readString(5, 5)).toBe('begin');
  expect(module.memory?.readString(70000, 11)).toBe('second page');
  const bytes = Buffer.from(module.memory?.read(0, 131072) as Uint8Array);
  bytes.fill(0, 5, 10);
  bytes.fill(0, 70000, 70011);
  expect(bytes.equals(Buffer.alloc(131072))).toBe(true);
  expect(call(module, 'through', 0, 4)).toBe(8);
  expect(call(module, 'through', 1, 4)).toBe(much + 4);
  expect(() => call(module, 'through', 2, 4)).toThrow();
  expect(() => call(module, 'through', 4, 4)).toThrow();
  expect(call(module, 'throughGlobal', 4)).toBe(12);
  expect(call(module, 'count')).toBe(2);
  expect(call(module, 'vector')).toBe(2n);
  expect(call(module, 'init')).toBe('p'.charCodeAt(0));
  expect(call(module, 'through', 0, 4)).toBe(12);
}

describe('what instances begin with', () => {
  needsImages('is the same for the first and for the last, whatever was done to those before', async () => {
    const runtime = new Runtime();
    const compiled = await runtime.compileModule(guest);
    const live: Module[] = [];
    for (let i = 0; i < times; i++) {
      const host = await hostThatAdds(runtime, 1000 + i);
      const options = { importResolver: () => host };
      const module =
        i % 2 === 0
          ? runtime.instantiateModuleSync(compiled, plain, options)
          : await runtime.instantiateModule(compiled, plain, options);
      checkBeginning(module, 1000 + i);
      call(module, 'spoil');
      expect(call(module, 'byte', 200_000)).toBe(7);
      if (i % 3 === 0) module.closeSync();
      else live.push(module);
      await new Promise(setImmediate); // ranges go back
    }
    for (const module of live) {
      expect(call(module, 'count')).toBe(101);
      expect(call(module, 'byte', 6)).toBe(255);
    }
    expect(experimental.stats().images).toBe(0);
    await runtime.close();
  });

  needsImages('is shared by memories on Linux, and gone with the module', async () => {
    const runtime = new Runtime();
    if (process.platform !== 'linux' || !runtime.guardPages) return; // each is as any other
    const before = mappings();
    const compiled = await runtime.compileModule(
      wat('(module (memory (export "memory") 3) (data (i32.const 100000) "a beginning of its own"))'),
    );
    const modules = Array.from({ length: times }, () => runtime.instantiateModuleSync(compiled, plain));
    expect(mappings()).toBeGreaterThan(before + times / 2);
    for (const module of modules) expect(module.memory?.readString(100_000, 11)).toBe('a beginning');
    for (const module of modules) await module.close();
    await compiled.close();
    await runtime.close();
    await expect.poll(mappings).toBeLessThanOrEqual(before);
  });

  needsImages('is no image: it can be frozen, and not reset', async () => {
    const runtime = new Runtime();
    const host = await hostThatAdds(runtime, 1);
    const options = { importResolver: () => host };
    const compiled = await runtime.compileModule(guest);
    const modules = Array.from({ length: times }, () => runtime.instantiateModuleSync(compiled, plain, options));
    const last = modules.at(-1) as Module;
    expect(await errorOf(() => last.resetSync())).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
    call(last, 'spoil');
    const image = last.freezeSync();
    const module = runtime.instantiateModuleSync(image, plain, options);
    expect(call(module, 'byte', 6)).toBe(255);
    expect(call(module, 'count')).toBe(101);
    checkBeginning(runtime.instantiateModuleSync(compiled, plain, options), 1);
    await runtime.close();
  });

  needsImages('is made anew where it hangs on an import, or a start section runs', async () => {
    const runtime = new Runtime();
    const source = await runtime.compileModule(
      wat(`(module (import "at" "at" (global $at i32)) (memory (export "memory") 1) (data (global.get $at) "here"))`),
    );
    const started = await runtime.compileModule(
      wat(`(module (import "env" "next" (func $next (result i32))) (memory (export "memory") 1) (start $start)
        (func $start (i32.store (i32.const 0) (call $next))))`),
    );
    let next = 0;
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(() => next++, [], ['i32'])
      .export('next')
      .instantiate();
    for (let i = 0; i < times; i++) {
      const at = await runtime.instantiate(
        wat(`(module (global (export "at") i32 (i32.const ${64 * i})))`),
        plain.withName(`at ${i}`),
      );
      const module = runtime.instantiateModuleSync(source, plain, { importResolver: () => at });
      expect(module.memory?.readString(64 * i, 4)).toBe('here');
      if (i > 0) expect(module.memory?.readUint32Le(0)).toBe(0);
      expect(runtime.instantiateModuleSync(started, plain).memory?.readUint32Le(0)).toBe(i);
    }
    await runtime.close();
  });

  needsImages('has the limits of any instance', async () => {
    const runtime = new Runtime();
    const host = await hostThatAdds(runtime, 1);
    const options = { importResolver: () => host };
    const compiled = await runtime.compileModule(guest);
    const small = plain.withLimits({ memoryPages: 1 });
    const few = plain.withLimits({ tableElements: 3 });
    const messages = new Set<string>();
    for (let i = 0; i < times; i++) {
      runtime.instantiateModuleSync(compiled, plain, options);
      for (const config of [small, few])
        messages.add(String(await errorOf(() => runtime.instantiateModuleSync(compiled, config, options))));
    }
    expect(messages.size).toBe(2);
    await runtime.close();
    const room = 3;
    const little = new Runtime(new RuntimeConfig().withLimits({ totalMemoryBytes: room * 131072 }));
    const own = await little.compileModule(wat('(module (memory (export "memory") 2) (data (i32.const 9) "x"))'));
    for (let i = 0; i < times; i++) {
      const modules = Array.from({ length: room }, () => little.instantiateModuleSync(own, plain));
      expect(await errorOf(() => little.instantiateModuleSync(own, plain))).toMatchObject({
        limit: 'totalMemoryBytes',
      });
      for (const module of modules) module.closeSync();
    }
    await little.close();
  });
});

/** Of images, of the process. */
function mappings(): number {
  return readFileSync('/proc/self/maps', 'utf8').split('wasm image').length - 1;
}
