import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  CompilationCache,
  CoreFeatures,
  type Module,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const engines = ['compiler', 'interpreter'] as const;
const run = (module: Module, name = 'run', ...args: (number | bigint)[]) =>
  module.exportedFunction(name)!.callSync(...args);
const one = wat('(module $one (func (export "run") (result i32) (i32.const 1)))');

describe.each(engines)('with the %s', (engine) => {
  needsEdit('e7try')('D0: locals are as they were when an exception was thrown (2504)', async () => {
    const config = RuntimeConfig[engine]().withCoreFeatures(CoreFeatures.V2 | CoreFeatures.ExceptionHandling);
    await using runtime = new Runtime(config);
    // (local i32) (block $h (try_table (catch_all $h) (local.set 0 (i32.const 42)) (throw 0))) (local.get 0)
    const module = await runtime.instantiate(
      hex(`0061736d01000000 01 08 02 6000017f 600000 03 02 01 00 0d 03 01 00 01 07 07 01 03 72756e 00 00
        0a 17 01 15 01017f 0240 1f40 01 0200 412a 2100 0800 0b 0b 2000 0b`),
    );
    expect([run(module), await module.exportedFunction('run')!.call()]).toEqual([42, 42]);
  });

  needsEdit('e7rem')('D0: remainders are right, however many values are live (2508)', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    // All remainders are live before the first is used: their quotients are spilled.
    const count = 40;
    const rem = (type: string, i: number) =>
      `(${type}.rem_${i % 2 ? 's' : 'u'} (${type}.add (local.get 0) (${type}.const ${i * 7})) (${type}.add (local.get 1) (${type}.const ${i})))`;
    const all = (type: string) => Array.from({ length: count }, (_, i) => rem(type, i)).join(' ');
    const adds = (type: string) => `(${type}.add) `.repeat(count - 1);
    const module = await runtime.instantiate(
      wat(`(module (func (export "i32") (param i32 i32) (result i32) ${all('i32')} ${adds('i32')})
        (func (export "i64") (param i64 i64) (result i64) ${all('i64')} ${adds('i64')}))`),
    );
    for (const [a, b] of [
      [1000, 7],
      [123456789, 1000],
      [5, 99],
    ] as const) {
      const expected = Array.from({ length: count }, (_, i) => (a + i * 7) % (b + i)).reduce((x, y) => x + y);
      expect([run(module, 'i32', a, b), run(module, 'i64', BigInt(a), BigInt(b))]).toEqual([
        expected,
        BigInt(expected),
      ]);
    }
  });

  needsEdit('e7slice')('D0: a memory of 4 GiB can be used to its last byte (2506)', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const code = `(func (export "size") (result i32) (memory.size))
      (func (export "run") (result i64) (i32.store8 (i32.const -1) (i32.const 42)) (i64.load (i32.const -8)))
      (func (export "past") (result i64) (i64.load (i32.const -7)))`;
    // Compiled code reads the length of its own memory and that of an imported one in two ways.
    const owner = await runtime.instantiate(wat(`(module $owner (memory (export "memory") 65535) ${code})`));
    const importer = await runtime.instantiate(wat(`(module (import "owner" "memory" (memory 1)) ${code})`));
    expect(owner.memory!.grow(1)).toBe(65535);
    for (const module of [owner, importer]) {
      expect([run(module, 'size'), run(module), await module.exportedFunction('run')!.call()]).toEqual([
        65536,
        42n << 56n,
        42n << 56n,
      ]);
      expect(await errorOf(() => run(module, 'past'))).toMatchObject({ kind: 'out of bounds memory access' });
    }
    const memory = owner.memory!;
    expect([...memory.read(2 ** 32 - 2, 2), memory.readUint32Le(2 ** 32 - 4) >>> 24]).toEqual([0, 42, 42]);
  });

  needsEdit('e7types')('D0: a module from a shared cache has the types of its own runtime (2511)', async () => {
    await using cache = new CompilationCache();
    const config = RuntimeConfig[engine]().withCompilationCache(cache);
    const guest =
      wat(`(module (import "env" "add" (func $add (param i64 f32) (result i32))) (table 1 funcref) (elem (i32.const 0) $add)
      (func (export "run") (result i32) (call_indirect (param i64 f32) (result i32) (i64.const 40) (f32.const 2) (i32.const 0))))`);
    await using first = new Runtime(config);
    await using second = new Runtime(config);
    // The second one has seen other types before: numbers of types are not the same in both.
    await second.instantiate(
      wat(
        '(module (func (param i32 i32 i32)) (func (param f64) (result f64) (local.get 0)) (func (result i64) (i64.const 0)))',
      ),
    );
    for (const runtime of [first, second]) {
      await runtime
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction((a, b) => Number(a) + b, ['i64', 'f32'], ['i32'])
        .export('add')
        .instantiate();
      expect(run(await runtime.instantiate(guest))).toBe(42);
    }
  });

  needsEdit('e7memory')('D12: who imports a memory leaves it to its owner (D0: wazero 2512)', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const owner = await runtime.instantiate(
      wat(`(module $owner (memory (export "memory") 1) (data (i32.const 8) "kept")
        (func (export "run") (result i32) (i32.load8_u (i32.const 8))))`),
    );
    const importer = await runtime.instantiate(
      wat(
        '(module (import "owner" "memory" (memory 1)) (func (export "run") (i32.store8 (i32.const 8) (i32.const 75))))',
      ),
    );
    run(importer);
    await importer.close();
    expect([run(owner), owner.memory!.readString(8, 4), owner.memory!.grow(1)]).toEqual([75, 'Kept', 1]);
  });

  it('D1: an instantiation that fails for its name leaves the name to whom it belongs', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const first = await runtime.instantiate(one);
    for (let i = 0; i < 3; i++) {
      const error = await errorOf(() => (i % 2 ? runtime.instantiateSync(one) : runtime.instantiate(one)));
      expect(error).toMatchObject({
        code: 'ERR_WAZERO_LINK',
        message: expect.stringMatching(/^module\[one\] has already been instantiated: .*withName\(''\)/),
      });
      expect(runtime.module('one')).toBe(first);
    }
    const importer = await runtime.instantiate(
      wat('(module (import "one" "run" (func $run (result i32))) (func (export "run") (result i32) (call $run)))'),
    );
    expect(run(importer)).toBe(1);
  });

  it('D2: a module without a memory has none', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    let seen: unknown = 'not called';
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller) => {
          seen = caller.memory;
        },
        [],
        [],
      )
      .export('look')
      .instantiate();
    const module = await runtime.instantiate(
      wat('(module (import "env" "look" (func $look)) (func (export "run") (call $look)))'),
    );
    run(module);
    expect([seen, module.memory, module.exportedMemory('memory')]).toEqual([undefined, undefined, undefined]);
  });

  needsEdit('e7closed')('D4: no code of a closed module runs, through whatever handle', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    let ran = 0;
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(() => void ran++, [], [])
      .export('ran')
      .instantiate();
    const module = await runtime.instantiate(
      wat(
        '(module $closing (import "env" "ran" (func $ran)) (table (export "t") 1 funcref) (elem (i32.const 0) $f) (func $f (export "run") (call $ran)))',
      ),
    );
    const importer = await runtime.instantiate(
      wat(`(module (import "closing" "run" (func $f)) (import "closing" "t" (table 1 funcref)) (func (export "run") (call $f))
        (func (export "indirect") (call_indirect (i32.const 0))))`),
    );
    const held = module.exportedFunction('run')!;
    held.callSync();
    await module.close();
    expect(await errorOf(() => held.call())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    for (const use of [() => held.callSync(), () => held.callWithStackSync(new BigUint64Array())])
      expect(await errorOf(use)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    for (const name of ['run', 'indirect']) {
      expect(await errorOf(() => run(importer, name))).toBeInstanceOf(Error);
      expect(await errorOf(() => importer.exportedFunction(name)!.call())).toBeInstanceOf(Error);
    }
    expect(ran).toBe(1);
  });

  it('D6: no custom sections where they were not asked for, though DWARF is read', async () => {
    const section = new Uint8Array([...one, 0, 4, 1, 120, 1, 2]);
    await using off = new Runtime(RuntimeConfig[engine]().withDebugInfoEnabled(true));
    expect((await off.compileModule(section)).customSections()).toEqual([]);
    await using on = new Runtime(RuntimeConfig[engine]().withDebugInfoEnabled(false).withCustomSections(true));
    expect((await on.compileModule(section)).customSections()).toEqual([{ name: 'x', data: Uint8Array.of(1, 2) }]);
  });

  needsEdit('e2')('D8: a deadline ends a guest that sleeps, reads, polls, waits or has asked JavaScript', async () => {
    const config = RuntimeConfig[engine]()
      .withCloseOnContextDone(true)
      .withCoreFeatures(CoreFeatures.V2 | CoreFeatures.Threads);
    const guest = wat(`(module (import "env" "later" (func $later))
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1 1 shared) (data (i32.const 16) "\\01") (data (i32.const 28) "\\01") (data (i32.const 64) "\\80\\00\\00\\00\\08")
      (func (export "host") (call $later))
      (func (export "poll") (drop (call $poll (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 300))))
      (func (export "read") (drop (call $read (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 300))))
      (func (export "wait") (drop (memory.atomic.wait32 (i32.const 400) (i32.const 0) (i64.const -1)))))`);
    for (const name of ['host', 'poll', 'read', 'wait']) {
      await using runtime = new Runtime(config);
      await wasi.instantiate(runtime);
      await runtime
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction(() => sleep(10_000, undefined, { ref: false }), [], [])
        .export('later')
        .instantiate();
      const module = await runtime.instantiate(
        guest,
        new ModuleConfig().withSysNanosleep().withStdin(() => new Promise(() => {})),
      );
      const started = performance.now();
      const { error } = await endingOnceBegun(() =>
        module.exportedFunction(name)!.withOptions({ timeoutMs: 20 }).call(),
      );
      expect(error, name).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
      expect(performance.now() - started, name).toBeLessThan(3000);
    }
  });

  needsEdit('e8')('D9: tables, stacks, output and open files end at their limits', async () => {
    const limits = { tableElements: 1000, callStackBytes: 2 ** 20 };
    await using runtime = new Runtime(RuntimeConfig[engine]().withLimits(limits));
    const module = await runtime.instantiate(
      wat(`(module (table 10 funcref) (func $deep (export "deep") (call $deep))
        (func (export "run") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))`),
    );
    expect([run(module, 'run', 990), run(module, 'run', 1), run(module, 'run', -1)]).toEqual([10, -1, -1]);
    expect(await errorOf(() => run(module, 'deep'))).toMatchObject({ kind: 'stack overflow' });
    expect(run(module, 'run', 0)).toBe(1000); // it lives
  });

  it('D11: two listeners of the same bytes both hear their own', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const heard: number[] = [];
    for (const i of [0, 1]) {
      const compiled = await runtime.compileModule(one, { listener: { before: () => void heard.push(i) } });
      run(await runtime.instantiateModule(compiled, new ModuleConfig().withName('')));
    }
    expect(heard).toEqual([0, 1]);
  });

  needsEdit('e7values')('D17: a v128 global has both halves', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const module = await runtime.instantiate(wat('(module (global (export "g") (mut v128) (v128.const i64x2 1 2)))'));
    const global = module.exportedGlobal('g')!;
    expect(global.get()).toEqual(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0));
    const value = Uint8Array.from({ length: 16 }, (_, i) => i + 100);
    global.set(value);
    expect([global.get(), String(global).length > 0]).toEqual([value, true]);
  });
});
