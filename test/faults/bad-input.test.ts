import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import {
  binding,
  CompilationCache,
  experimental,
  FSConfig,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  SockConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module (import "env" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1 2) (global (export "g") (mut i32) (i32.const 1)) (global (export "constant") i64 (i64.const 1))
  (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
  (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
  (func (export "vector") (param v128) (result v128) (local.get 0))
  (func (export "reference") (param funcref))
  (func (export "callHost") (param i32) (result i32) (call $host (local.get 0))))`);

let runtime: Runtime;
let module: Module;
expectAftermath();
beforeEach(async () => {
  runtime = new Runtime();
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction((value) => value, ['i32'], ['i32'])
    .export('host')
    .instantiate();
  module = await runtime.instantiate(guest, new ModuleConfig().withName('guest'));
});
afterEach(() => runtime.close());

const invalid = { code: 'ERR_WAZERO_INVALID_ARGUMENT' };
const outOfRange = { code: 'ERR_WAZERO_OUT_OF_RANGE' };
const closed = { code: 'ERR_WAZERO_CLOSED' };

describe('arguments of calls', () => {
  const cases: [name: string, fn: string, args: unknown[], error: object][] = [
    ['too few', 'add', [1], invalid],
    ['too many', 'add', [1, 2n, 3], invalid],
    ['none', 'add', [], invalid],
    ['a bigint for an i32', 'add', [1n, 2n], invalid],
    ['a number for an i64', 'add', [1, 2], invalid],
    ['undefined', 'add', [undefined, 2n], invalid],
    ['a string', 'add', ['1', 2n], invalid],
    ['null', 'add', [null, 2n], invalid],
    ['an object', 'half', [{ valueOf: () => 1 }], invalid],
    ['a bigint for an f64', 'half', [1n], invalid],
    ['a short vector', 'vector', [new Uint8Array(15)], invalid],
    ['an array for a vector', 'vector', [Array(16).fill(0)], invalid],
    ['a made-up function reference', 'reference', [{ definition: {} }], invalid],
    ['an i32 too large', 'add', [2 ** 32, 2n], outOfRange],
    ['an i32 too small', 'add', [-(2 ** 31) - 1, 2n], outOfRange],
    ['an i64 too large', 'add', [1, 2n ** 64n], outOfRange],
    ['an i64 too small', 'add', [1, -(2n ** 63n) - 1n], outOfRange],
  ];
  it.each(cases)('%s', async (_name, fn, args, expected) => {
    const f = module.exportedFunction(fn)!;
    const sync = await errorOf(() => f.callSync(...(args as [])));
    expect(sync).toMatchObject(expected);
    expect(sync).toBeInstanceOf(expected === invalid ? TypeError : RangeError);
    expect(await errorOf(() => f.call(...(args as [])))).toMatchObject(expected);
  });
  it.each([
    ['NaN', Number.NaN],
    ['half a number', 1.5],
    ['Infinity', Number.POSITIVE_INFINITY],
  ])('%s for an i32: refused with a code', async (_name, value) => {
    const error = await errorOf(() => module.exportedFunction('add')!.callSync(value, 1n));
    expect([invalid.code, outOfRange.code]).toContain((error as { code: string }).code);
  });
  it('the edges are taken', () => {
    const add = module.exportedFunction('add', ['i32', 'i64'], ['i64']);
    expect(add.callSync(2 ** 32 - 1, 0n)).toBe(-1n);
    expect(add.callSync(-(2 ** 31), 2n ** 64n - 1n)).toBe(-(2n ** 31n) - 1n);
  });
  it('a stack that is too short or no stack: refused', async () => {
    const add = module.exportedFunction('add')!;
    expect(await errorOf(() => add.callWithStackSync(new BigUint64Array(1)))).toMatchObject({
      code: expect.stringMatching(/INVALID_ARGUMENT|OUT_OF_RANGE/),
    });
    expect(await errorOf(() => add.callWithStack([1n, 2n] as never))).toMatchObject(invalid);
    expect(
      await errorOf(() => module.exportedFunction('reference')!.callWithStackSync(new BigUint64Array(1))),
    ).toBeInstanceOf(TypeError);
  });
  it.each([
    ['zero', 0],
    ['negative', -1],
    ['NaN', Number.NaN],
  ])('timeoutMs %s: ERR_WAZERO_OUT_OF_RANGE', async (_name, timeoutMs) => {
    const error = await errorOf(() => module.exportedFunction('add')!.withOptions({ timeoutMs }).callSync(1, 1n));
    expect(error).toMatchObject(outOfRange);
    expect(error).toBeInstanceOf(RangeError);
  });
  it('a deadline without withCloseOnContextDone: ERR_WAZERO_NOT_INTERRUPTIBLE', async () => {
    const add = module.exportedFunction('add')!.withOptions({ timeoutMs: 1000 });
    expect(await errorOf(() => add.call(1, 1n))).toMatchObject({ code: 'ERR_WAZERO_NOT_INTERRUPTIBLE' });
    expect(await errorOf(() => add.callSync(1, 1n))).toMatchObject({ code: 'ERR_WAZERO_NOT_INTERRUPTIBLE' });
  });
  it('a signal in callSync: ERR_WAZERO_INVALID_ARGUMENT', async () => {
    const add = module.exportedFunction('add')!.withOptions({ signal: new AbortController().signal });
    expect(await errorOf(() => add.callSync(1, 1n))).toMatchObject(invalid);
  });
});

describe('names', () => {
  it('an unknown export is undefined; asked for with types: ERR_WAZERO_INVALID_ARGUMENT', async () => {
    expect(module.exportedFunction('nothing')).toBeUndefined();
    expect(module.exportedMemory('nothing')).toBeUndefined();
    expect(module.exportedGlobal('nothing')).toBeUndefined();
    expect(await errorOf(() => module.exportedFunction('nothing', [], []))).toMatchObject(invalid);
    expect(await errorOf(() => module.exportedFunction('add', ['i32'], []))).toMatchObject(invalid);
    expect(await errorOf(() => module.exportedFunction(3 as never))).toMatchObject(invalid);
  });
  it('M5: a name that is taken: ERR_WAZERO_LINK, and the first one keeps it', async () => {
    const again = () => runtime.instantiate(guest, new ModuleConfig().withName('guest'));
    expect(await errorOf(again)).toMatchObject({ code: 'ERR_WAZERO_LINK' });
    expect(await errorOf(again), 'wazero lets the second attempt pass').toMatchObject({ code: 'ERR_WAZERO_LINK' });
    expect(runtime.module('guest')).toBe(module);
    expect(await errorOf(() => wasi.instantiate(runtime))).toBeUndefined();
    expect(await errorOf(() => wasi.instantiateSync(runtime))).toMatchObject({ code: 'ERR_WAZERO_LINK' });
  });
  it('functions of a host module cannot be called from outside: ERR_WAZERO_INVALID_ARGUMENT', async () => {
    expect(await errorOf(() => runtime.module('env')!.exportedFunction('host')?.callSync(1))).toMatchObject(invalid);
  });
});

describe('closed handles', () => {
  async function closedThings() {
    const other = new Runtime();
    const compiled = await other.compileModule(
      wat('(module (memory (export "memory") 1) (global (export "g") (mut i32) (i32.const 1)) (func (export "f")))'),
    );
    const instance = await other.instantiateModule(compiled);
    const things = {
      other,
      compiled,
      instance,
      f: instance.exportedFunction('f')!,
      memory: instance.memory!,
      g: instance.exportedGlobal('g')!,
      builder: other.newHostModuleBuilder('late'),
    };
    return things;
  }
  it('L2: of a module and what belongs to it: ERR_WAZERO_CLOSED', async () => {
    const { other, instance, f, memory, g } = await closedThings();
    const buffer = memory.buffer;
    await instance.close();
    await instance.close();
    instance.closeSync();
    expect(instance.isClosed).toBe(true);
    expect(buffer.byteLength).toBe(0);
    for (const use of [
      () => f.callSync(),
      () => f.call(),
      () => f.callWithStackSync(new BigUint64Array()),
      () => memory.read(0, 1),
      () => memory.buffer,
      () => memory.size(),
      () => memory.grow(1),
      () => memory.writeByte(0, 1),
      () => g.get(),
      () => g.set(1),
      () => instance.exclusive(() => 1),
    ]) {
      expect(await errorOf(use as () => unknown), String(use)).toMatchObject(closed);
    }
    await other.close();
  });
  it('L2: of a compiled module and of a runtime: ERR_WAZERO_CLOSED', async () => {
    const { other, compiled, instance, f, builder } = await closedThings();
    await compiled.close();
    expect(await errorOf(() => other.instantiateModule(compiled))).toMatchObject(closed);
    expect(await errorOf(() => other.instantiateModuleSync(compiled))).toMatchObject(closed);
    expect(f.callSync(), 'what was made of it lives on').toBeUndefined();
    await other.close();
    await other.close();
    other.closeSync();
    expect(instance.isClosed).toBe(true);
    for (const use of [
      () => f.callSync(),
      () => other.compileModule(guest),
      () => other.compileModuleSync(guest),
      () => other.instantiate(guest),
      () => builder.instantiate(),
      () => builder.instantiateSync(),
      () => builder.compile(),
      () => wasi.instantiate(other),
    ]) {
      expect(await errorOf(use as () => unknown), String(use)).toMatchObject(closed);
    }
  });
  it('L2: of a cache: ERR_WAZERO_CLOSED', async () => {
    const cache = new CompilationCache();
    await cache.close();
    await cache.close();
    expect(await errorOf(() => new Runtime(new RuntimeConfig().withCompilationCache(cache)))).toMatchObject(closed);
  });
  it('of the native half, stale or of the wrong kind: an error with a code, for every function that takes one', async () => {
    const native = binding();
    const other = native.runtimeNew({}).handle;
    native.runtimeClose(other, 0);
    for (const handle of [other, 0, 1, 2 ** 40, 2 ** 52 + 1]) {
      for (const use of [
        () => native.compiledDescribe(handle),
        () => native.compiledDescribe(handle, true),
        () => native.descriptionFind(handle, 0, 'f'),
        () => native.descriptionLine(handle, 0),
        () => native.descriptionNames(handle, 0, 0),
        () => native.descriptionType(handle, 0),
        () => native.moduleDescribe(handle),
        () => native.moduleFunction(handle, 'f'),
        () => native.moduleMemory(handle, 'm'),
        () => native.moduleGlobal(handle, 'g'),
        () => native.compileSync(handle, guest, 1, 0),
      ]) {
        expect(await errorOf(use as () => unknown), `${use} of ${handle}`).toMatchObject({
          code: expect.stringMatching(/^ERR_WAZERO_(CLOSED|INVALID_ARGUMENT)$/),
        });
      }
    }
  });
});

describe('handles of the wrong kind', () => {
  it('ERR_WAZERO_INVALID_ARGUMENT', async () => {
    await using other = new Runtime();
    const theirs = await other.compileModule(guest);
    const { close } = Runtime.prototype;
    const wrong: (() => unknown)[] = [
      () => runtime.instantiateModule(module as never),
      () => runtime.instantiateModule({} as never),
      () => runtime.instantiateModule(undefined as never),
      () => runtime.instantiateModule(theirs),
      () => new Runtime(new ModuleConfig() as never),
      () => new Runtime({} as never),
      () => new RuntimeConfig().withCompilationCache(runtime as never),
      () => runtime.instantiate(guest, new RuntimeConfig() as never),
      () => new ModuleConfig().withFSConfig(new SockConfig() as never),
      () => new ModuleConfig().withSockConfig(new FSConfig() as never),
      () => new ModuleConfig().withStdout(new RuntimeConfig() as never),
      () => wasi.instantiate(module as never),
      () => wasi.instantiateSync(undefined as never),
    ];
    for (const use of wrong) expect(await errorOf(use), String(use)).toMatchObject(invalid);
    expect(await errorOf(() => close.call(module as never)), 'a method of another class').toBeInstanceOf(TypeError);
  });
});

describe('memory and globals', () => {
  it('access out of range: ERR_WAZERO_OUT_OF_RANGE', async () => {
    const memory = module.memory!;
    const size = memory.size();
    const uses: (() => unknown)[] = [
      () => memory.read(size, 1),
      () => memory.read(size - 3, 4),
      () => memory.read(0, size + 1),
      () => memory.read(-1, 1),
      () => memory.read(0, -1),
      () => memory.read(2 ** 40, 1),
      () => memory.write(size - 1, new Uint8Array(2)),
      () => memory.readString(size - 1, 2),
      () => memory.writeString(size - 1, 'äö'),
      () => memory.readByte(size),
      () => memory.writeByte(size, 1),
      () => memory.readUint16Le(size - 1),
      () => memory.writeUint16Le(size - 1, 1),
      () => memory.readUint32Le(size - 3),
      () => memory.writeUint32Le(size - 3, 1),
      () => memory.readUint64Le(size - 7),
      () => memory.writeUint64Le(size - 7, 1n),
      () => memory.readFloat32Le(size - 3),
      () => memory.writeFloat32Le(size - 3, 1),
      () => memory.readFloat64Le(size - 7),
      () => memory.writeFloat64Le(size - 7, 1),
    ];
    for (const use of uses) {
      const error = await errorOf(use);
      expect(error, String(use)).toBeInstanceOf(RangeError);
      expect(error, String(use)).toMatchObject(outOfRange);
    }
    expect(memory.read(size, 0).length).toBe(0);
    expect(memory.grow(100), 'refused by the maximum').toBe(-1);
  });
  it('values of the wrong type: ERR_WAZERO_INVALID_ARGUMENT or ERR_WAZERO_OUT_OF_RANGE', async () => {
    const memory = module.memory!;
    for (const use of [
      () => memory.writeUint64Le(0, 1 as never),
      () => memory.writeString(0, 1 as never),
      () => memory.write(0, 'text' as never),
      () => memory.read('0' as never, 1),
    ]) {
      expect(await errorOf(use as () => unknown), String(use)).toMatchObject(invalid);
    }
    for (const use of [
      () => memory.writeByte(0, 256),
      () => memory.writeUint16Le(0, -1),
      () => memory.writeUint32Le(0, 2 ** 32),
      () => memory.writeUint64Le(0, 2n ** 64n),
    ]) {
      expect(await errorOf(use), String(use)).toMatchObject(outOfRange);
    }
    const g = module.exportedGlobal('g')!;
    expect(await errorOf(() => g.set(1n))).toMatchObject(invalid);
    expect(await errorOf(() => g.set(2 ** 32))).toMatchObject(outOfRange);
    expect(await errorOf(() => module.exportedGlobal('constant')!.set(2n)), 'not mutable').toMatchObject(invalid);
    expect(g.get()).toBe(1);
  });
  it('F6: 65,537 pages: ERR_WAZERO_OUT_OF_RANGE as a limit, ERR_WAZERO_COMPILE in a module', async () => {
    for (const pages of [65_537, -1, 1.5, Number.NaN, 2 ** 32]) {
      const error = await errorOf(() => new RuntimeConfig().withMemoryLimitPages(pages));
      expect([outOfRange.code, invalid.code], String(pages)).toContain((error as { code: string }).code);
    }
    expect(await errorOf(() => new RuntimeConfig().withMemoryLimitPages(65_537))).toMatchObject(outOfRange);
    const memorySection = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 5, 1, 0, 0x81, 0x80, 0x04]);
    expect(await errorOf(() => runtime.compileModule(memorySection))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
  });
  it('F6: limits that are none: ERR_WAZERO_INVALID_ARGUMENT or ERR_WAZERO_OUT_OF_RANGE', async () => {
    expect(await errorOf(() => new RuntimeConfig().withLimits({ pages: 1 } as never))).toMatchObject(invalid);
    expect(await errorOf(() => new RuntimeConfig().withLimits({ memoryPages: 70_000 }))).toMatchObject(outOfRange);
    expect(await errorOf(() => new OutputBuffer({ maxBytes: -1 }))).toMatchObject(outOfRange);
    expect(await errorOf(() => experimental.setConcurrency(0))).toMatchObject(outOfRange);
  });
});
