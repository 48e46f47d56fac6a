/** What the host makes for guests to import: Runtime.newMemory, newTable, newGlobal, newTag; tables in JavaScript; imports by the things themselves. */
import { describe, expect } from 'vitest';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { anonymous, call, counter, instance, it, open } from '../support/made.js';
import {
  binding,
  CoreFeatures,
  Exception,
  experimental,
  type FunctionReference,
  type ImportSource,
  RuntimeConfig,
  Table,
  Tenant,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const user = `(module
  (import "a" "m" (memory 1 3)) (import "a" "t" (table $t 2 funcref)) (import "a" "g" (global $g (mut i64))) (import "a" "c" (global $c i32))
  (import "a" "e" (tag $e (param i32 i64))) (import "a" "f" (func $f (param i32)))
  (type $v (func (result i32))) (data (global.get $c) "\\2a")
  (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "next") (result i64) (global.set $g (i64.add (global.get $g) (i64.const 1))) (global.get $g))
  (func (export "call") (param i32) (result i32) (call_indirect $t (type $v) (local.get 0)))
  (func (export "throw") (throw $e (i32.const 9) (i64.const 10)))
  (func (export "caught") (result i32 i64) (block $h (result i32 i64) (try_table (catch $e $h) (call $f (i32.const 7))) (i32.const -1) (i64.const -1)))
  (func (export "spin") (loop $l (br $l))))`;

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  it('guests use what the host makes, and so does the host', async () => {
    const runtime = open(interruptible(engine));
    const memory = runtime.newMemory({ min: 1, max: 3 });
    const table = runtime.newTable({ min: 2, max: 10 });
    const global = runtime.newGlobal('i64', -5n, { mutable: true });
    const constant = runtime.newGlobal('i32', 300);
    const tag = runtime.newTag(['i32', 'i64']);
    const thrower = (x: number) => {
      throw new Exception(tag, [x, 8n]);
    };
    memory.writeString(0, 'hello');
    expect(memory.definition).toEqual({ moduleName: '', index: 0, exportNames: [], min: 1, max: 3 });
    const imports = [memory, table, global, constant, tag, thrower];
    const [one, two] = [instance(runtime, user, imports), instance(runtime, user, imports)];
    expect([call(one, 'load', 1 as never), memory.readByte(300)]).toEqual([101, 42]);
    call(one, 'store', 5 as never, 33 as never);
    expect([memory.readByte(5), call(two, 'load', 5 as never)]).toEqual([33, 33]);
    expect([call(one, 'next'), await two.exportedFunction('next')!.call(), global.get()]).toEqual([-4n, -3n, -3n]);
    global.set(7n);
    expect(call(two, 'next')).toBe(8n);
    const error = () => constant.set(1);
    expect(await errorOf(error)).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
    expect(call(one, 'caught')).toEqual([7, 8n]);
    const thrown = (await errorOf(() => call(two, 'throw'))) as { exception: Exception };
    expect(thrown.exception.tag).toBe(tag);
    expect(thrown.exception.values).toEqual([9, 10n]);

    const next = instance(runtime, counter).exportedFunction('next')!;
    expect([table.size(), table.get(1), table.definition]).toEqual([2, null, { type: 'funcref', min: 2, max: 10 }]);
    table.set(1, next.reference());
    expect([call(one, 'call', 1 as never), await two.exportedFunction('call')!.call(1 as never)]).toEqual([1, 2]);
    expect((table.get(1) as FunctionReference).callSync()).toBe(3);
    expect(await errorOf(() => call(one, 'call', 0 as never))).toMatchObject({ code: 'ERR_WAZERO_TRAP' });
    expect([table.grow(3, next.reference()), table.grow(1), table.grow(5), table.size()]).toEqual([2, 5, -1, 6]);
    expect([call(one, 'call', 4 as never), table.get(5)]).toEqual([4, null]);
    table.fill(null, 2);
    table.fill(next.reference(), 3, 1);
    expect([1, 2, 3, 4].map((i) => table.get(i) === null)).toEqual([false, true, false, true]);
  });

  it('a memory is seen as one of a guest: it grows, is detached, ends at its end', async () => {
    const runtime = open(interruptible(engine));
    const memory = runtime.newMemory({ min: 1, max: 3 });
    const imports = [
      memory,
      runtime.newTable({ min: 2 }),
      runtime.newGlobal('i64', 0n, { mutable: true }),
      runtime.newGlobal('i32', 0),
    ];
    const module = instance(runtime, user, [...imports, runtime.newTag(['i32', 'i64']), () => {}]);
    const { buffer } = memory;
    expect(memory.buffer).toBe(buffer);
    expect([memory.grow(1), buffer.byteLength, memory.buffer.byteLength]).toEqual([1, 0, 131_072]);
    expect([call(module, 'grow'), memory.size()]).toEqual([2, 3 * 65_536]);
    expect([memory.grow(1), call(module, 'grow')]).toEqual([-1, -1]);
    const held = memory.buffer;
    const load = module.exportedFunction('load')!;
    const running = load.call((3 * 65_536 - 1) as never);
    expect(held.byteLength).toBe(0);
    expect(await running).toBe(0);
    await new Promise((resolve) => setImmediate(resolve)); // the next one starts at once
    for (const at of [3 * 65_536, -1])
      expect(await errorOf(() => load.callSync(at as never))).toMatchObject({ kind: 'out of bounds memory access' });
    const spin = module.exportedFunction('spin')!.withOptions({ timeoutMs: 300 }).call();
    const busy = [() => memory.buffer, () => memory.size(), () => memory.grow(1), () => memory.writeByte(0, 1)];
    for (const use of busy) expect(await errorOf(use)).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    expect(await errorOf(() => spin)).toMatchObject({ code: 'ERR_WAZERO_EXIT' });
    expect(memory.readByte(0)).toBe(42); // it is the guest that was stopped
    const last = memory.buffer;
    await runtime.close();
    expect(last.byteLength).toBe(0);
    for (const use of busy) expect(await errorOf(use)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('references: values of JavaScript, functions, null', async () => {
    const runtime = open(interruptible(engine));
    const value = { a: 1 };
    const table = runtime.newTable({ type: 'externref', min: 2, value });
    const global = runtime.newGlobal('externref', value, { mutable: true });
    expect([table.get(0), table.get(1), global.get()]).toEqual([value, value, value]);
    expect(table.get(1)).toBe(value);
    const text = `(module (import "a" "t" (table $t 1 externref)) (import "a" "g" (global $g (mut externref)))
      (func (export "move") (table.set $t (i32.const 0) (global.get $g))))`;
    const module = instance(runtime, text, [table, global]);
    global.set(undefined);
    call(module, 'move');
    expect([table.get(0), table.get(1)]).toEqual([undefined, value]);
    const next = instance(runtime, counter).exportedFunction('next')!;
    const functions = [
      runtime.newGlobal('funcref', next.reference()),
      runtime.newGlobal('funcref', null, { mutable: true }),
    ] as const;
    expect((functions[0].get() as FunctionReference).callSync()).toBe(1);
    functions[1].set(functions[0].get());
    expect(functions[1].get()).toBe(functions[0].get());
    const v128 = runtime.newGlobal('v128', new Uint8Array(16).fill(7));
    expect(v128.get()).toEqual(new Uint8Array(16).fill(7));
    const [f32, f64] = [runtime.newGlobal('f32', 0.1), runtime.newGlobal('f64', -0)];
    expect([f32.get(), f64.get(), f32.type, f64.mutable]).toEqual([Math.fround(0.1), -0, 'f32', false]);
  });

  it('functions, memories, tables and globals of modules are imported themselves, exported or not', async () => {
    const runtime = open(interruptible(engine));
    const text = `(module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 4)) (tag (export "e") (param i32))
      (func $a (export "a") (result i32) (i32.load (i32.const 0))) (func $b (result i32) (i32.const 5)) (elem declare func $b)
      (func (export "b") (result funcref) (ref.func $b)) (func (export "throw") (throw 0 (i32.const 3))))`;
    const owner = instance(runtime, text);
    const b = call(owner, 'b') as FunctionReference;
    const importer = `(module (import "a" "m" (memory 1)) (import "a" "a" (func $a (result i32))) (import "a" "b" (func $b (result i32)))
      (import "a" "t" (table 1 funcref)) (import "a" "g" (global $g (mut i32))) (import "a" "e" (tag $e (param i32))) (import "a" "throw" (func $throw))
      (func (export "sum") (result i32) (i32.store (i32.const 0) (i32.const 100)) (i32.add (i32.add (call $a) (call $b)) (global.get $g)))
      (func (export "caught") (result i32) (block $h (result i32) (try_table (catch $e $h) (call $throw)) (i32.const -1))))`;
    const exported = owner.exportedTable('t')!;
    expect(owner.exportedTable('t')).toBe(exported);
    expect(owner.exportedTable('g')).toBeUndefined();
    const imports: ImportSource[] = [
      owner.memory!,
      owner.exportedFunction('a')!,
      b,
      exported,
      owner.exportedGlobal('g')!,
      owner.exportedTag('e')!,
      owner.exportedFunction('throw')!,
    ];
    const module = instance(runtime, importer, imports);
    expect([call(module, 'sum'), call(module, 'caught')]).toEqual([109, 3]);
    const swapped = [...imports];
    [swapped[0], swapped[3]] = [exported, owner.memory!];
    const wrong: ImportSource[][] = [
      swapped,
      imports.with(1, owner.exportedFunction('throw')!),
      imports.with(5, exported),
    ];
    const errors = await Promise.all(wrong.map((list) => errorOf(() => instance(runtime, importer, list))));
    expect(errors.map((error) => (error as { code: string }).code)).toEqual([
      'ERR_WAZERO_INVALID_ARGUMENT',
      'ERR_WAZERO_LINK',
      'ERR_WAZERO_INVALID_ARGUMENT',
    ]);
    const view = experimental.internalGlobals(owner)[0]!;
    expect(await errorOf(() => instance(runtime, importer, imports.with(4, view)))).toBeInstanceOf(TypeError);
    const other = open();
    expect(await errorOf(() => instance(other, importer, imports))).toBeInstanceOf(TypeError);
    await owner.close();
    for (const source of imports) {
      const list = imports.with(0, source);
      expect(await errorOf(() => instance(runtime, importer, list))).toMatchObject({
        code: expect.stringMatching(/CLOSED|INVALID_ARGUMENT/),
      });
    }
  });
});

describe('bounds', () => {
  it('arguments', async () => {
    const runtime = open();
    const wrong: (() => unknown)[] = [
      () => runtime.newMemory({} as never),
      () => runtime.newMemory(1 as never),
      () => runtime.newMemory({ min: 65_537 }),
      () => runtime.newMemory({ min: -1 }),
      () => runtime.newMemory({ min: 2, max: 1 }),
      () => runtime.newMemory({ min: 1, shared: true }),
      () => runtime.newMemory({ min: 1, shared: 1 as never }),
      () => runtime.newMemory({ min: 1, initial: 1 } as never),
      () => runtime.newMemory({ min: 1, tenant: {} as never }),
      () => runtime.newTable({ min: 1.5 }),
      () => runtime.newTable({ min: 2 ** 32 }),
      () => runtime.newTable({ min: 1, type: 'i32' as never }),
      () => runtime.newTable({ min: 1, value: 1 }),
      () => runtime.newGlobal('i32', 1n as never),
      () => runtime.newGlobal('i33' as never, 1 as never),
      () => runtime.newGlobal('i32', 1, { mutable: 1 as never }),
      () => runtime.newGlobal('i32', 1, null as never),
      () => runtime.newGlobal('funcref', {} as never),
      () => runtime.newTag('i32' as never),
      () => runtime.newTag(['exnref' as never]),
      () => runtime.newTag(Array(1001).fill('i32')),
      () => new (Table as unknown as new () => unknown)(),
    ];
    for (const make of wrong)
      expect(await errorOf(make)).toMatchObject({ code: expect.stringMatching(/OUT_OF_RANGE|INVALID_ARGUMENT/) });
  });

  it('limits of the runtime, of the process and of the tenant, as of a guest’s', async () => {
    const limited = open(interruptible().withLimits({ memoryPages: 4, tableElements: 10, totalMemoryBytes: 64 << 20 }));
    expect(await errorOf(() => limited.newMemory({ min: 5 }))).toMatchObject({
      code: 'ERR_WAZERO_LIMIT',
      limit: 'memoryPages',
    });
    expect(await errorOf(() => limited.newTable({ min: 11 }))).toMatchObject({
      code: 'ERR_WAZERO_LIMIT',
      limit: 'tableElements',
    });
    const table = limited.newTable({ min: 9 });
    expect([table.grow(1), table.grow(1), table.size()]).toEqual([9, -1, 10]);
    const memory = limited.newMemory({ min: 3, max: 100 });
    expect([memory.grow(1), memory.grow(1)]).toEqual([3, -1]);
    const total = open(interruptible().withLimits({ totalMemoryBytes: 4 << 20 }));
    const made = [total.newMemory({ min: 32 })];
    const more = () => made.push(total.newMemory({ min: 48 }));
    expect(await errorOf(more)).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'totalMemoryBytes' });
    expect(made[0]!.grow(48)).toBe(-1);
    const huge = open();
    const most = () => huge.newMemory({ min: 65_536 });
    const error = await errorOf(most); // where there is room, none
    if (error !== undefined) expect(error).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'totalMemoryBytes' });

    const tenant = new Tenant('limits of what is made', { memoryBytes: 3 << 16, instances: 4, tableElements: 5 });
    const runtime = open();
    const held = [runtime.newMemory({ min: 2, tenant }), runtime.newTable({ min: 4, tenant })] as const;
    expect(tenant.usage()).toMatchObject({ memoryBytes: 2 << 16, instances: 2 });
    expect([held[0].grow(1), held[0].grow(1), held[1].grow(1), held[1].grow(1)]).toEqual([2, -1, 4, -1]);
    const limits = [
      [() => runtime.newMemory({ min: 1, tenant }), 'tenant.memoryBytes'],
      [() => runtime.newTable({ min: 1, tenant }), 'tenant.tableElements'],
    ] as const;
    for (const [make, limit] of limits) expect(await errorOf(make)).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit });
    expect(tenant.usage()).toMatchObject({ memoryBytes: 3 << 16, instances: 2 });
    const others = [runtime.newTag([], { tenant }), runtime.newGlobal('i32', 1, { tenant })];
    expect(await errorOf(() => runtime.newTag([], { tenant }))).toMatchObject({ limit: 'tenant.instances' });
    expect(others).toHaveLength(2);
    await tenant.close();
    expect(tenant.usage()).toMatchObject({ memoryBytes: 0, instances: 0 });
    expect(await errorOf(() => runtime.newTag([], { tenant }))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    const again = new Tenant('limits of what is made', { memoryBytes: 3 << 16, instances: 4, tableElements: 5 });
    expect(runtime.newTable({ min: 5, tenant: again }).size()).toBe(5);
    await again.close();
  });

  it('of a closed runtime: CLOSED', async () => {
    const runtime = open();
    await runtime.close();
    const make = [
      () => runtime.newMemory({ min: 1 }),
      () => runtime.newTable({ min: 1 }),
      () => runtime.newGlobal('i32', 1),
      () => runtime.newTag([]),
    ];
    for (const one of make) expect(await errorOf(one)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('more functions of JavaScript than a module may import', async () => {
    const runtime = open();
    const count = 65_537;
    const text = `(module ${'(import "a" "f" (func))'.repeat(count)})`;
    const imports = Array(count).fill(() => {});
    const error = await errorOf(() => instance(runtime, text, imports));
    expect(error).toMatchObject({ code: 'ERR_WAZERO_LINK' });
    const exported = instance(runtime, '(module (func (export "f")))').exportedFunction('f')!;
    expect(instance(runtime, text, Array(count).fill(exported)).isClosed).toBe(false);
  }, 60_000);
});

it('a module that shares what the host has made cannot be frozen', async () => {
  const runtime = open();
  for (const [text, source] of [
    ['(module (import "a" "m" (memory 1)))', runtime.newMemory({ min: 1 })],
    ['(module (import "a" "t" (table 1 funcref)))', runtime.newTable({ min: 1 })],
    ['(module (import "a" "g" (global (mut i32))))', runtime.newGlobal('i32', 1, { mutable: true })],
  ] as const) {
    const module = instance(runtime, text, [source]);
    expect(await errorOf(() => module.freezeSync())).toMatchObject({ code: 'ERR_WAZERO_LINK' });
  }
});

it('a shared memory is for threads, and is not shown', async () => {
  const { V2, Threads } = CoreFeatures;
  const runtime = open(new RuntimeConfig().withCoreFeatures(V2 | Threads).withCloseOnContextDone(true));
  const memory = runtime.newMemory({ min: 1, max: 2, shared: true });
  const text = `(module (import "a" "m" (memory 1 2 shared))
    (func (export "add") (result i32) (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))`;
  const modules = Array.from({ length: 4 }, () => instance(runtime, text, [memory]));
  await Promise.all(
    modules.flatMap((module) => Array.from({ length: 25 }, () => module.exportedFunction('add')!.call())),
  );
  expect(memory.readUint32Le(0)).toBe(100);
  expect(await errorOf(() => memory.buffer)).toMatchObject({ code: 'ERR_WAZERO_NO_EXTERNAL_BUFFERS' });
  for (const module of modules) await module.close();
  memory.writeUint32Le(0, 5);
  expect(memory.readUint32Le(0)).toBe(5);
});

it('a function of a module that never came to be stays where its start function’s host function has put it, and cannot be called', async () => {
  const runtime = open();
  const table = runtime.newTable({ min: 2 });
  const text = `(module (import "a" "t" (table $t 2 funcref)) (type $v (func (result i32)))
    (func (export "run") (param i32) (result i32) (call_indirect $t (type $v) (local.get 0))))`;
  const failing = runtime.compileModuleSync(
    wat(`(module (import "a" "take" (func $take (param funcref))) (import "a" "host" (func $host (result i32)))
      (func $own (result i32) (i32.const 3)) (elem declare func $own $host)
      (func $start (call $take (ref.func $own)) (call $take (ref.func $host)) unreachable) (start $start))`),
  );
  for (let i = 0; i < 50; i++) {
    let at = 0;
    const take = (reference: FunctionReference) => {
      table.set(at++, reference);
    };
    const make = () => runtime.instantiateModuleSync(failing, anonymous, { imports: [take, () => 4] });
    expect(await errorOf(make)).toMatchObject({ code: 'ERR_WAZERO_TRAP' });
    binding().collect();
    for (let k = 0; k < 20; k++) instance(runtime, counter).exportedFunction('next')!.reference();
    const module = instance(runtime, text, [table]);
    expect(await errorOf(() => call(module, 'run', 0 as never))).toMatchObject({ code: 'ERR_WAZERO_EXIT' });
    expect(call(instance(runtime, text, [table]), 'run', 1 as never)).toBe(4);
  }
});
