/** Runtime: instantiation in wazero's order and words, names, and closing in the right order. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import {
  CompilationCache,
  experimental,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

let runtime: Runtime;
beforeEach(() => {
  runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
});
afterEach(() => runtime.close());

const named = wat('(module $lib (func (export "one") (result i32) (i32.const 1)))');
const anonymous = wat('(module (func (export "one") (result i32) (i32.const 1)))');
const importer = wat(
  '(module (import "lib" "one" (func $one (result i32))) (func (export "two") (result i32) (i32.mul (call $one) (i32.const 2))))',
);

describe('Runtime', () => {
  it.each(['compiler', 'interpreter'] as const)('runs guests with the %s', async (engine) => {
    await using other = new Runtime(RuntimeConfig[engine]());
    expect(other.engine).toBe(engine);
    const module = await other.instantiate(anonymous);
    expect(await module.exportedFunction('one')!.call()).toBe(1);
    expect(module.exportedFunction('one')!.callSync()).toBe(1);
  });

  it('copies the bytes before compileModule returns', async () => {
    const bytes = anonymous.slice();
    const compiling = runtime.compileModule(bytes);
    bytes.fill(0);
    const compiled = await compiling;
    expect([...compiled.exportedFunctions().keys()]).toEqual(['one']);
  });

  it('takes an ArrayBuffer, a part of a buffer, and a DataView', async () => {
    const padded = new Uint8Array(anonymous.byteLength + 7);
    padded.set(anonymous, 3);
    for (const source of [
      anonymous.buffer,
      padded.subarray(3, 3 + anonymous.byteLength),
      new DataView(padded.buffer, 3, anonymous.byteLength),
    ])
      (await runtime.compileModule(source)).closeSync();
  });

  it('a signal that is aborted, and a deadline that has passed, stop a compilation', async () => {
    const why = new Error('why');
    const already = await errorOf(() => runtime.compileModule(anonymous, { signal: AbortSignal.abort(why) }));
    expect(already).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'AbortError', cause: why });
    const late = await errorOf(() => runtime.compileModule(anonymous, { timeoutMs: Number.MIN_VALUE }));
    expect(late).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'TimeoutError' });
    const controller = new AbortController();
    const pending = runtime.compileModule(anonymous, { signal: controller.signal });
    controller.abort(why);
    expect(await errorOf(() => pending)).toMatchObject({ code: 'ERR_WAZERO_ABORTED', cause: why });
  });

  it('module finds guests and host modules by name, from the end of their instantiation to their close', async () => {
    expect(runtime.module('lib')).toBeUndefined();
    const pending = runtime.instantiate(named);
    expect(runtime.module('lib')).toBeUndefined();
    const lib = await pending;
    expect(runtime.module('lib')).toBe(lib);
    const host = await wasi.instantiate(runtime);
    expect(runtime.module(wasi.moduleName)).toBe(host);
    expect(runtime.module('')).toBeUndefined();
    await lib.close();
    expect(runtime.module('lib')).toBeUndefined();
    await runtime.instantiate(named);
  });

  it('a name is taken from the beginning of the instantiation, and nothing of the second one runs', async () => {
    let ran = 0;
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(() => void ran++, [], [])
      .export('ran')
      .instantiate();
    const starting = wat('(module $once (import "env" "ran" (func $ran)) (start $ran))');
    const compiled = await runtime.compileModule(starting); // two compilations may end in either order
    const both = await Promise.allSettled([compiled, compiled].map((of) => runtime.instantiateModule(of)));
    // Either may be first: they run on goroutines of their own.
    const [taken, refused] = both.sort((a, b) => a.status.localeCompare(b.status));
    expect(taken?.status).toBe('fulfilled');
    expect(refused).toMatchObject({
      reason: {
        code: 'ERR_WAZERO_LINK',
        message: expect.stringMatching(/^module\[once\] has already been instantiated/),
      },
    });
    expect(ran).toBe(1);
    const third = await runtime.instantiate(starting, new ModuleConfig().withName(''));
    expect([ran, third.name]).toEqual([2, '']);
  });

  it('a name is free again when its instantiation failed', async () => {
    const failing = wat('(module $once (func $f unreachable) (start $f))');
    expect(await errorOf(() => runtime.instantiate(failing))).toMatchObject({ code: 'ERR_WAZERO_TRAP' });
    expect(() => runtime.instantiateSync(failing)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_TRAP' }));
    await runtime.instantiate(anonymous, new ModuleConfig().withName('once'));
  });

  it('a module that importResolver makes keeps the name that it was given, and the one being made is refused', async () => {
    const compiled = await runtime.compileModule(wat('(module (import "lib" "f" (func)))'));
    const lib = await runtime.instantiate(wat('(module (func (export "f")))'), new ModuleConfig().withName(''));
    const config = new ModuleConfig().withName('same');
    let inner: Module | undefined;
    const importResolver = () => {
      inner ??= runtime.instantiateModuleSync(compiled, config, { importResolver: () => lib });
      return lib;
    };
    expect(await errorOf(() => runtime.instantiateModule(compiled, config, { importResolver }))).toMatchObject({
      code: 'ERR_WAZERO_LINK',
    });
    expect(runtime.module('same')).toBe(inner);
    await inner!.close();
    expect(runtime.instantiateModuleSync(compiled, config, { importResolver: () => lib }).name).toBe('same');
  });

  it('importResolver comes first, then the registry', async () => {
    const compiled = await runtime.compileModule(importer);
    const ten = await runtime.instantiate(wat('(module (func (export "one") (result i32) (i32.const 10)))'));
    await runtime.instantiate(named);
    const asked: string[] = [];
    const mine = await runtime.instantiateModule(compiled, undefined, {
      importResolver(name) {
        asked.push(name);
        return ten;
      },
    });
    const theirs = runtime.instantiateModuleSync(compiled, undefined, { importResolver: () => undefined });
    expect(asked).toEqual(['lib']);
    expect([mine.exportedFunction('two')!.callSync(), theirs.exportedFunction('two')!.callSync()]).toEqual([20, 2]);
    const wrong = await errorOf(() =>
      runtime.instantiateModule(compiled, undefined, { importResolver: () => ({}) as never }),
    );
    expect(wrong).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
  });

  it('refuses a module and a compiled module of another runtime, and a closed import', async () => {
    await using other = new Runtime();
    const foreign = await other.instantiate(named);
    const compiled = await runtime.compileModule(importer);
    const options = { importResolver: () => foreign };
    expect(await errorOf(() => runtime.instantiateModule(compiled, undefined, options))).toMatchObject({
      code: 'ERR_WAZERO_INVALID_ARGUMENT',
    });
    expect(await errorOf(() => other.instantiateModule(compiled))).toMatchObject({
      code: 'ERR_WAZERO_INVALID_ARGUMENT',
    });
    const lib = await runtime.instantiate(named);
    await lib.close();
    expect(
      await errorOf(() => runtime.instantiateModule(compiled, undefined, { importResolver: () => lib })),
    ).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('closeNotifier is called once, with the exit code', async () => {
    const codes: number[] = [];
    const options = { closeNotifier: (code: number) => codes.push(code) };
    const module = await runtime.instantiate(anonymous, undefined, options);
    await module.closeWithExitCode(7);
    await module.close();
    expect(codes).toEqual([7]);
    await wasi.instantiate(runtime);
    const exits = (code: number) =>
      wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start") (call $exit (i32.const ${code}))))`);
    expect((await runtime.instantiate(exits(0), undefined, options)).isClosed).toBe(true);
    expect(runtime.instantiateSync(exits(0), undefined, options).isClosed).toBe(true);
    expect(await errorOf(() => runtime.instantiate(exits(3), undefined, options))).toMatchObject({
      code: 'ERR_WAZERO_EXIT',
      exitCode: 3,
      reason: 'exit',
    });
    expect(codes).toEqual([7, 0, 0, 3]);
  });

  it('closes modules newest first, then itself; idempotent in every form', async () => {
    const order: string[] = [];
    const cache = new CompilationCache();
    const mine = new Runtime(new RuntimeConfig().withCompilationCache(cache));
    for (const name of ['a', 'b', 'c'])
      await mine.instantiate(anonymous, new ModuleConfig().withName(name), { closeNotifier: () => order.push(name) });
    const compiled = await mine.compileModule(named);
    const cacheClosed = cache.close().then(() => order.push('cache'));
    await Promise.all([mine.close(), mine.closeWithExitCode(1), mine[Symbol.asyncDispose]()]);
    mine.closeSync();
    await cacheClosed;
    expect(order).toEqual(['c', 'b', 'a', 'cache']);
    compiled.closeSync();
    expect(await errorOf(() => mine.instantiate(anonymous))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(() => new Runtime(new RuntimeConfig().withCompilationCache(cache))).toThrow('closed');
  });

  it('a compilation under way rejects when its runtime is closed', async () => {
    const mine = new Runtime();
    const pending = errorOf(() => mine.compileModule(anonymous));
    expect(() => mine.closeSync()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
    await mine.close();
    expect(await pending).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('using closes it', () => {
    const before = experimental.stats().runtimes;
    {
      using _mine = new Runtime();
      expect(experimental.stats().runtimes).toBe(before + 1);
    }
    expect(experimental.stats().runtimes).toBe(before);
  });

  it('runs start functions in order, skips missing ones, and stops at the first error', async () => {
    const called: number[] = [];
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction((n) => void called.push(n), ['i32'], [])
      .export('called')
      .instantiate();
    const bytes = wat(`(module (import "env" "called" (func $called (param i32)))
      (func (export "_start") (call $called (i32.const 0))) (func (export "a") (call $called (i32.const 1)))
      (func (export "b") (call $called (i32.const 2)) unreachable))`);
    await runtime.instantiate(bytes);
    await runtime.instantiate(bytes, new ModuleConfig().withStartFunctions());
    expect(called.splice(0)).toEqual([0]);
    const error = await errorOf(() =>
      runtime.instantiate(bytes, new ModuleConfig().withStartFunctions('a', 'missing', 'b', '_start')),
    );
    expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
    expect((error as Error).message).toContain('function[b] failed');
    expect(called).toEqual([1, 2]);
  });

  it('objects of this package cannot be cloned or posted', async () => {
    const module = await runtime.instantiate(
      wat(
        '(module (memory (export "m") 1) (global (export "g") i32 (i32.const 0)) (func (export "f") (result funcref) (ref.func 0)))',
      ),
    );
    const f = module.exportedFunction('f')!;
    const cache = new CompilationCache();
    const objects = [
      runtime,
      module,
      f,
      f.callSync(),
      module.memory,
      module.exportedGlobal('g'),
      cache,
      new ModuleConfig(),
    ];
    objects.push(await runtime.compileModule(anonymous), runtime.newHostModuleBuilder('h'), new OutputBuffer());
    for (const object of objects)
      expect(() => structuredClone(object)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
    await cache.close();
  });
});
