// Images: freeze, instantiateModule of an image, reset. What stands in the way of a freeze is in images-refused, files and streams in images-wasi.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { copiesStacks, needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  experimental,
  type Module,
  ModuleConfig,
  ModuleImage,
  Runtime,
  RuntimeConfig,
} from '../support/package.js';
import { slowness } from '../support/slowness.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (import "env" "started" (func $started))
  (type $unary (func (param i32) (result i32)))
  (memory (export "memory") 2 40)
  (data (i32.const 70000) "begin") (data $passive "passive")
  (table $t (export "table") 4 20 funcref) (elem (table $t) (i32.const 0) func $double $host)
  (table $second 1 funcref)
  (elem $spare func $triple $host)
  (global $i (export "i") (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 1)) (global $d (mut f64) (f64.const 1))
  (global $v (mut v128) (v128.const i64x2 1 1)) (global $f (mut funcref) (ref.null func)) (global $e (mut externref) (ref.null extern))
  (start $started)
  (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $triple (type $unary) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "_start") (call $started))
  (func (export "reseed") (global.set $i (i32.const 4711)))
  (func (export "warm")
    (global.set $i (i32.const 42)) (global.set $l (i64.const -7)) (global.set $d (f64.const 1.5))
    (global.set $v (v128.const i64x2 3 4)) (global.set $f (ref.func $triple))
    (table.set $t (i32.const 2) (ref.func $triple)) (drop (table.grow $t (ref.func $host) (i32.const 3)))
    (table.set $second (i32.const 0) (ref.func $double))
    (drop (memory.grow (i32.const 3)))
    (i32.store (i32.const 8) (i32.const 99)) (i32.store (i32.const 300000) (i32.const 55)))
  (func (export "drop") (data.drop $passive) (elem.drop $spare))
  (func (export "init") (result i32)
    (memory.init $passive (i32.const 16) (i32.const 0) (i32.const 7))
    (table.init $t $spare (i32.const 0) (i32.const 0) (i32.const 2)) (i32.load8_u (i32.const 16)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "pages") (result i32) (memory.size))
  (func (export "length") (result i32) (table.size $t))
  (func (export "growTable") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
  (func (export "through") (param i32 i32) (result i32) (call_indirect $t (type $unary) (local.get 1) (local.get 0)))
  (func (export "second") (param i32) (result i32) (call_indirect $second (type $unary) (local.get 0) (i32.const 0)))
  (func (export "throughGlobal") (param i32) (result i32)
    (table.set $second (i32.const 0) (global.get $f)) (call_indirect $second (type $unary) (local.get 0) (i32.const 0)))
  (func (export "long") (result i64) (global.get $l)) (func (export "real") (result f64) (global.get $d))
  (func (export "vector") (result i64) (i64x2.extract_lane 1 (global.get $v)))
  (func (export "count") (result i32) (global.set $i (i32.add (global.get $i) (i32.const 1))) (global.get $i))
  (func (export "askHost") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "setExtern") (param externref) (global.set $e (local.get 0)))
  (func (export "null") (result i32) (ref.is_null (global.get $e)))
  (func (export "spin") (loop (br 0))))`);

const call = (module: Module, name: string, ...args: unknown[]): unknown =>
  module.exportedFunction(name)!.callSync(...(args as never[]));

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  async function open(config = RuntimeConfig[engine]()) {
    const runtime = new Runtime(config);
    const seen = {
      started: 0,
      callers: [] as string[],
      inside: undefined as ((caller: CallerModule) => unknown) | undefined,
    };
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(
        async (caller, value) => {
          seen.callers.push(caller.name);
          await seen.inside?.(caller);
          return value + 1000;
        },
        ['i32'],
        ['i32'],
      )
      .export('waits')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, value) => {
          seen.callers.push(caller.name);
          seen.inside?.(caller);
          return value + 100;
        },
        ['i32'],
        ['i32'],
      )
      .export('host')
      .newFunctionBuilder()
      .withFunction(() => void seen.started++, [], [])
      .export('started')
      .instantiate();
    const compiled = await runtime.compileModule(guest);
    const source = await runtime.instantiateModule(compiled, new ModuleConfig().withName('source'));
    call(source, 'warm');
    return { runtime, compiled, source, seen };
  }
  const named = (name: string) => new ModuleConfig().withName(name);
  /** All that `warm` has left, and nothing of what came after. */
  function expectWarm(module: Module): void {
    expect(module.exportedGlobal('i')!.get()).toBe(42);
    expect(['long', 'real', 'vector', 'null', 'pages', 'length'].map((name) => call(module, name))).toEqual([
      -7n,
      1.5,
      4n,
      1,
      5,
      7,
    ]);
    expect([8, 12, 300_000, 300_004].map((at) => call(module, 'load', at))).toEqual([99, 0, 55, 0]);
    expect(module.memory!.readString(70_000, 5)).toBe('begin');
    expect(module.memory!.size()).toBe(5 * 65_536);
    expect([0, 1, 2, 6].map((at) => call(module, 'through', at, 5))).toEqual([10, 105, 15, 105]);
    expect(call(module, 'second', 5)).toBe(10);
  }
  const change = (module: Module) => {
    call(module, 'count');
    call(module, 'store', 8, 1);
    call(module, 'store', 200_000, 7);
    call(module, 'grow', 4);
    call(module, 'store', 9 * 65_536 - 4, 7);
    call(module, 'growTable', 2);
    call(module, 'throughGlobal', 1); // changes the second table
    call(module, 'init');
    call(module, 'drop');
  };

  needsEdit('e11fork')('a module of an image begins where the frozen one was, in both lanes', async () => {
    const { runtime, source, seen } = await open();
    await using _ = runtime;
    const image = await source.freeze();
    expect(image).toBeInstanceOf(ModuleImage);
    expect(image.name).toBe('source');
    expect(image.byteLength).toBeGreaterThanOrEqual(3 * 4096); // three pages are not all zero
    expect(image.byteLength).toBeLessThan(65_536);
    const clone = await runtime.instantiateModule(image, named('clone'));
    const other = runtime.instantiateModuleSync(source.freezeSync(), named('other'));
    expect(seen.started).toBe(2); // start section and _start of the source, and of nobody else
    for (const module of [clone, other]) {
      expectWarm(module);
      expect(await module.exportedFunction('through')!.call(6, 1)).toBe(101);
      expect(await module.exportedFunction('throughGlobal')!.call(5)).toBe(15);
    }
    expect(seen.callers).toEqual(['clone', 'clone', 'clone', 'other', 'other', 'other']);
    expect(experimental.lookupFunction(clone, 0, 2, ['i32'], ['i32']).callSync(4)).toBe(12);
    expectWarm(source);
  });

  needsEdit('e11fork')('nothing of a module reaches another one, its image or its source', async () => {
    const { runtime, source } = await open();
    await using _ = runtime;
    const image = await source.freeze();
    change(source);
    const first = await runtime.instantiateModule(image, named('first'));
    expectWarm(first);
    change(first);
    expect(call(first, 'load', 200_000)).toBe(7);
    const second = runtime.instantiateModuleSync(image, named('second'));
    expectWarm(second);
    await source.close();
    await first.close();
    const third = runtime.instantiateModuleSync(image, named('third')); // in the ranges that the others had
    expectWarm(third);
    expectWarm(second);
    expect(call(third, 'grow', 30)).toBe(5); // more than its range has: it moves
    expect(third.memory!.read(5 * 65_536, 30 * 65_536).every((byte) => byte === 0)).toBe(true);
    expect([8, 300_000].map((at) => call(third, 'load', at))).toEqual([99, 55]);
  });

  needsEdit('e11fork')('reset: all is again as in the image, also after the image was closed', async () => {
    const { runtime, source } = await open();
    await using _ = runtime;
    const image = source.freezeSync();
    await source.close();
    const module = await runtime.instantiateModule(image, named('clone'));
    image.closeSync();
    for (let round = 0; round < 3; round++) {
      change(module);
      expect(call(module, 'grow', 25)).toBeGreaterThan(8);
      const { buffer } = module.memory!;
      const reference = experimental.lookupFunction(module, 0, 2, ['i32'], ['i32']);
      if (round === 1) await module.reset();
      else module.resetSync();
      expect(buffer.byteLength).toBe(0); // detached
      expectWarm(module);
      expect(module.memory!.buffer.byteLength).toBe(5 * 65_536);
      expect(reference.callSync(2)).toBe(6);
      expect(call(module, 'grow', 1)).toBe(5);
      expect(call(module, 'load', 5 * 65_536 + 16)).toBe(0); // what the last life had there
      expect(call(module, 'init')).toBe('p'.charCodeAt(0)); // dropped in the last life
    }
  });

  needsEdit('e11fork')('dropped segments stay dropped', async () => {
    const { runtime, source } = await open();
    await using _ = runtime;
    call(source, 'drop');
    const module = runtime.instantiateModuleSync(await source.freeze(), named('clone'));
    for (let round = 0; round < 2; round++) {
      expect(await errorOf(() => call(module, 'init'))).toMatchObject({ kind: 'out of bounds memory access' });
      module.resetSync();
    }
  });

  needsEdit('e11fork')('start functions that are named run, others do not, and none at a reset', async () => {
    const { runtime, source, seen } = await open();
    await using _ = runtime;
    const image = await source.freeze();
    const module = await runtime.instantiateModule(image, named('clone').withStartFunctions('reseed', 'missing'));
    expect(module.exportedGlobal('i')!.get()).toBe(4711);
    expect(seen.started).toBe(2);
    module.resetSync();
    expect(module.exportedGlobal('i')!.get()).toBe(42);
    await runtime.instantiateModule(image, named('again').withStartFunctions('_start'));
    expect(seen.started).toBe(3);
  });

  needsEdit('e11fork')('each is a link group of its own', async () => {
    const { runtime, source } = await open(RuntimeConfig[engine]().withCloseOnContextDone(true));
    await using _ = runtime;
    const image = await source.freeze();
    const spinning = await runtime.instantiateModule(image, named('spinning'));
    const free = await runtime.instantiateModule(image, named('free'));
    const stopped = errorOf(() =>
      spinning
        .exportedFunction('spin')!
        .withOptions({ timeoutMs: 200 * slowness })
        .call(),
    );
    expect(call(free, 'count')).toBe(43);
    expect(await free.exportedFunction('count')!.call()).toBe(44);
    expect(call(source, 'count')).toBe(43);
    expect(await errorOf(() => spinning.resetSync())).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    expect(await errorOf(() => spinning.freezeSync())).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    expect(await stopped).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
    expect(spinning.isClosed).toBe(true);
    expect(await errorOf(() => spinning.resetSync())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(await errorOf(() => spinning.freeze())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expectWarm(runtime.instantiateModuleSync(image, named('spinning')));
    expect(call(free, 'count')).toBe(45);
  });

  needsEdit('e11fork')('freeze and reset wait their turn, and do not happen inside of a host function', async () => {
    const { runtime, source, seen } = await open();
    await using _ = runtime;
    const module = await runtime.instantiateModule(await source.freeze(), named('clone'));
    const errors: unknown[] = [];
    seen.inside = (caller) => {
      for (const target of [module, caller]) {
        for (const attempt of [() => target.freezeSync(), () => target.resetSync()]) {
          try {
            attempt();
          } catch (error) {
            errors.push((error as { code: unknown }).code);
          }
        }
      }
    };
    expect(call(module, 'askHost', 1)).toBe(101);
    const inside = engine === 'compiler' && copiesStacks ? [] : ['ERR_WAZERO_LINK']; // see images-waiting
    expect(errors).toEqual(['ERR_WAZERO_BUSY', 'ERR_WAZERO_BUSY', ...inside, 'ERR_WAZERO_LINK']);
    seen.inside = undefined;
    const counts = [
      module.exportedFunction('count')!.call(),
      module.freeze(),
      module.exportedFunction('count')!.call(),
    ];
    const [before, image, after] = (await Promise.all(counts)) as [number, ModuleImage, number];
    expect([before, after]).toEqual([43, 44]);
    expect(runtime.instantiateModuleSync(image, named('between')).exportedGlobal('i')!.get()).toBe(43);
    const order = [module.exportedFunction('count')!.call(), module.reset(), module.exportedFunction('count')!.call()];
    expect(await Promise.all(order)).toEqual([45, undefined, 43]);
    expect(
      await module.exclusive(async (lent) => {
        call(lent, 'count');
        const inner = await lent.freeze();
        await lent.reset();
        return [call(lent, 'count'), runtime.instantiateModuleSync(inner, named('inner')).exportedGlobal('i')!.get()];
      }),
    ).toEqual([43, 44]);
  });

  needsEdit('e11fork')('an image of a module that was made of an image', async () => {
    const { runtime, source } = await open();
    await using _ = runtime;
    const first = runtime.instantiateModuleSync(await source.freeze(), named('first'));
    call(first, 'store', 400_000 - 200_000, 1234);
    call(first, 'grow', 20);
    const image = first.freezeSync();
    await first.close();
    const second = runtime.instantiateModuleSync(image, named('second'));
    expect([call(second, 'pages'), call(second, 'load', 200_000), call(second, 'load', 8)]).toEqual([25, 1234, 99]);
    expect(call(second, 'through', 2, 5)).toBe(15);
    second.resetSync();
    expect(call(second, 'pages')).toBe(25);
  });

  needsEdit('e11fork')('what is closed, and of whom', async () => {
    const { runtime, compiled, source } = await open();
    compiled.closeSync();
    const image = await source.freeze(); // keeps the code of a compiled module that is closed
    await source.close();
    expectWarm(runtime.instantiateModuleSync(image));
    expect(await errorOf(() => source.freeze())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    const other = new Runtime(RuntimeConfig[engine]());
    expect(await errorOf(() => other.instantiateModule(image))).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
    await other.close();
    const late = await runtime.instantiateModule(image);
    expect(experimental.stats().images).toBeGreaterThan(0);
    await image.close();
    await image.close();
    expect(await errorOf(() => runtime.instantiateModuleSync(image))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expectWarm(late);
    const left = late.freezeSync();
    await runtime.close();
    expect(await errorOf(() => runtime.instantiateModule(left))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    left.closeSync();
    expect(experimental.stats()).toMatchObject({ images: 0, modules: 0, compiledModules: 0 });
    const plain = new Runtime(RuntimeConfig[engine]());
    const module = await plain.instantiate(wat('(module (func (export "f")))'));
    expect(await errorOf(() => module.reset())).toBeInstanceOf(TypeError);
    expect(() => module.resetSync()).toThrow(TypeError);
    const small = plain.instantiateModuleSync(module.freezeSync()); // no memory, no table, no global
    call(small, 'f');
    small.resetSync();
    call(small, 'f');
    await plain.close();
  });

  needsEdit('e11fork')('signals and deadlines', async () => {
    const { runtime, source } = await open(RuntimeConfig[engine]().withCloseOnContextDone(true));
    await using _ = runtime;
    const module = await runtime.instantiateModule(await source.freeze(), named('clone'));
    const signal = AbortSignal.abort(new Error('why'));
    for (const attempt of [() => module.freeze({ signal }), () => module.reset({ signal })])
      expect(await errorOf(attempt)).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'AbortError' });
    const running = errorOf(() => module.exportedFunction('spin')!.withOptions({ timeoutMs: 300 }).call());
    for (const attempt of [() => module.freeze({ timeoutMs: 20 }), () => module.reset({ timeoutMs: 20 })])
      expect(await errorOf(attempt)).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'TimeoutError' });
    await running;
    await sleep(1);
    expect(await errorOf(() => module.reset({ timeoutMs: 1000 }))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  needsEdit('e11fork')('limits: memory, tables', async () => {
    const config = RuntimeConfig[engine]().withLimits({ totalMemoryBytes: 24 * 65_536 });
    const { runtime, source } = await open(config);
    await using _ = runtime;
    const image = await source.freeze(); // 5 pages, and a few kilobytes of image
    const modules = [1, 2, 3].map((i) => runtime.instantiateModuleSync(image, named(`m${i}`)));
    const over = await errorOf(() => runtime.instantiateModule(image));
    expect(over).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'totalMemoryBytes' });
    expect(call(modules[0]!, 'grow', 3)).toBe(5);
    expect(call(modules[1]!, 'grow', 1)).toBe(-1);
    modules[0]!.resetSync(); // gives back what it had grown
    expect(call(modules[1]!, 'grow', 3)).toBe(5);
    expect(
      await errorOf(() => runtime.instantiateModule(image, named('x').withLimits({ tableElements: 7 }))),
    ).toMatchObject({
      code: 'ERR_WAZERO_LIMIT',
      limit: 'tableElements',
    });
    expect(
      await errorOf(() => runtime.instantiateModule(image, named('x').withLimits({ memoryPages: 4 }))),
    ).toMatchObject({
      code: 'ERR_WAZERO_LIMIT',
      limit: 'memoryPages',
    });
    await modules[2]!.close();
    const limited = runtime.instantiateModuleSync(image, named('limited').withLimits({ tableElements: 9 }));
    for (let round = 0; round < 3; round++) {
      expect([call(limited, 'growTable', 1), call(limited, 'growTable', 1)]).toEqual([7, -1]); // 8 and one of the second table
      limited.resetSync();
    }
  });
});
