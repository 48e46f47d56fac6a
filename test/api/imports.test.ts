/** InstantiateOptions.imports: what an instance imports, said import by import. */
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  experimental,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const it = needsEdit('e12extern');

let runtime: Runtime;
beforeEach(() => {
  runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
});
afterEach(() => runtime.close());
const anonymous = new ModuleConfig().withName('').withStartFunctions();

const two = wat(`(module
  (import "env" "f" (func $f (param i32) (result i32)))
  (import "env" "f" (func $g (param i64 externref) (result i64)))
  (func (export "first") (param i32) (result i32) (call $f (local.get 0)))
  (func (export "second") (param i64 externref) (result i64) (call $g (local.get 0) (local.get 1))))`);

describe('functions of JavaScript', () => {
  it('are each instance’s own, also where two imports have one name', async () => {
    const compiled = runtime.compileModuleSync(two);
    const seen: unknown[] = [];
    const modules = Array.from({ length: 50 }, (_, i) =>
      runtime.instantiateModuleSync(compiled, anonymous, {
        imports: [
          (x: number) => x + i,
          (x: bigint, value: unknown) => {
            seen.push(value);
            return x + BigInt(1000 * i);
          },
        ],
      }),
    );
    compiled.closeSync();
    const value = {};
    for (const [i, module] of modules.entries()) {
      expect(module.exportedFunction('first')!.callSync(1)).toBe(1 + i);
      expect(module.exportedFunction('second')!.callSync(1n, value)).toBe(1n + BigInt(1000 * i));
      expect(await module.exportedFunction('first')!.call(2)).toBe(2 + i);
    }
    expect(new Set(seen)).toEqual(new Set([value]));
  });

  it('wait for a Promise, and get the caller where they ask for it', async () => {
    const compiled = await runtime.compileModule(two);
    let caller: CallerModule | undefined;
    const module = await runtime.instantiateModule(compiled, anonymous.withName('mine'), {
      imports: [
        async (x: number) => x * 2,
        {
          withCaller: (from: CallerModule, x: bigint) => {
            caller = from;
            return x + BigInt(from.name.length);
          },
        },
      ],
    });
    expect(await module.exportedFunction('first')!.call(21)).toBe(42);
    expect(await module.exportedFunction('second')!.call(1n, null)).toBe(5n);
    expect(caller?.name).toBe('mine');
    expect(await errorOf(() => module.exportedFunction('first')!.callSync(1))).toMatchObject({
      cause: { code: 'ERR_WAZERO_WOULD_BLOCK' },
    });
  });

  it('throw into the trap of their guest, by their name', async () => {
    const compiled = runtime.compileModuleSync(two);
    const cause = new Error('no');
    const fail = () => {
      throw cause;
    };
    const module = runtime.instantiateModuleSync(compiled, anonymous, { imports: [fail, () => 1n] });
    const error = (await errorOf(() => module.exportedFunction('first')!.callSync(1))) as Error;
    expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'host function', cause });
    expect(error.message).toContain('env.f');
    const wrong = runtime.instantiateModuleSync(compiled, anonymous, { imports: [() => 'x', () => 1n] });
    expect(((await errorOf(() => wrong.exportedFunction('first')!.callSync(1))) as Error).message).toContain('env.f');
  });

  it('are called by a start section, which may fail', async () => {
    const compiled = runtime.compileModuleSync(
      wat('(module (import "a" "b" (func $f)) (start $f) (func (export "g")))'),
    );
    let calls = 0;
    runtime.instantiateModuleSync(compiled, anonymous, { imports: [() => void calls++] });
    await runtime.instantiateModule(compiled, anonymous, { imports: [() => void calls++] });
    expect(calls).toBe(2);
    const fail = () => {
      throw new Error('no');
    };
    for (const make of [
      () => runtime.instantiateModule(compiled, anonymous, { imports: [fail] }),
      () => runtime.instantiateModuleSync(compiled, anonymous, { imports: [fail] }),
    ])
      expect(await errorOf(make)).toMatchObject({ code: 'ERR_WAZERO_TRAP' });
  });

  it('are written to a log of host calls', async () => {
    const sink = new OutputBuffer();
    const log = experimental.hostLoggingListener(sink, ['all']);
    const compiled = runtime.compileModuleSync(two, { listener: log });
    const module = runtime.instantiateModuleSync(compiled, anonymous, { imports: [(x: number) => x, () => 1n] });
    module.exportedFunction('first')!.callSync(7);
    expect(sink.text()).toContain('env.f');
  });

  it('of an image are those that it is instantiated with', async () => {
    const compiled = runtime.compileModuleSync(
      wat(`(module (import "a" "b" (func $f (result i32))) (memory 1)
        (func (export "keep") (i32.store (i32.const 0) (call $f)))
        (func (export "both") (result i32) (i32.add (i32.load (i32.const 0)) (call $f))))`),
    );
    const first = runtime.instantiateModuleSync(compiled, anonymous, { imports: [() => 40] });
    first.exportedFunction('keep')!.callSync();
    const image = first.freezeSync();
    const second = runtime.instantiateModuleSync(image, anonymous, { imports: [() => 2] });
    expect(second.exportedFunction('both')!.callSync()).toBe(42);
    expect(first.exportedFunction('both')!.callSync()).toBe(80);
    expect(await errorOf(() => runtime.instantiateModuleSync(image, anonymous))).toMatchObject({
      code: 'ERR_WAZERO_LINK',
    });
    image.close();
  });

  it('may be at other places in each instance, more than are remembered', () => {
    const count = 40;
    const names = Array.from({ length: count }, (_, i) => `(import "a" "${i}" (func $${i} (result i32)))`);
    const sum = names.map((_, i) => (i === 0 ? '(call $0)' : `(call $${i}) (i32.add)`)).join(' ');
    const compiled = runtime.compileModuleSync(
      wat(`(module ${names.join('')} (func (export "sum") (result i32) ${sum}))`),
    );
    const other = runtime.instantiateSync(
      wat('(module (func (export "hundred") (result i32) (i32.const 100)))'),
      anonymous,
    );
    for (let at = 0; at < count; at++) {
      const imports = names.map((_, i) => (i === at ? { module: other, name: 'hundred' } : () => 1));
      const module = runtime.instantiateModuleSync(compiled, anonymous, { imports });
      expect(module.exportedFunction('sum')!.callSync()).toBe(100 + count - 1);
    }
  });
});

describe('exports of modules', () => {
  const owner = () =>
    runtime.instantiateSync(
      wat(`(module (memory (export "m") 1 2) (table (export "t") 2 funcref) (global (export "g") (mut i32) (i32.const 1))
        (tag (export "e") (param i32)) (func (export "throw") (throw 0 (i32.const 9)))
        (func (export "f") (result i32) (i32.load (i32.const 0))))`),
      anonymous,
    );
  const user = wat(`(module
    (import "a" "x" (memory 1)) (import "a" "x" (table 1 funcref)) (import "b" "x" (global $g (mut i32)))
    (import "b" "x" (func $throw)) (import "c" "x" (tag $e (param i32))) (import "c" "x" (func $f (result i32))) (import "c" "x" (func $own (param i32)))
    (func (export "set") (param i32) (i32.store (i32.const 0) (local.get 0)) (global.set $g (local.get 0)) (call $own (call $f)))
    (func (export "caught") (result i32) (block $h (result i32) (try_table (catch $e $h) (call $throw)) (i32.const -1))))`);
  let own: Module;
  let seen = 0;
  const importsOf = (from: Module) => [
    { module: from, name: 'm' },
    { module: from, name: 't' },
    { module: from, name: 'g' },
    { module: from, name: 'throw' },
    { module: from, name: 'e' },
    { module: from, name: 'f' },
    (x: number) => {
      seen = x;
    },
  ];
  beforeEach(async () => {
    await runtime.close();
    const { V2, ExceptionHandling } = (await import('../support/package.js')).CoreFeatures;
    runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true).withCoreFeatures(V2 | ExceptionHandling));
    own = owner();
  });

  it('of every kind, whatever the names of the imports', () => {
    const module = runtime.instantiateSync(user, anonymous, { imports: importsOf(own) });
    module.exportedFunction('set')!.callSync(77);
    expect(seen).toBe(77);
    expect(own.exportedGlobal('g')!.get()).toBe(77);
    expect(own.exportedFunction('f')!.callSync()).toBe(77);
    expect(module.exportedFunction('caught')!.callSync()).toBe(9);
  });

  it('are of one link group with the instance', async () => {
    const module = runtime.instantiateSync(user, anonymous, { imports: importsOf(own) });
    const call = module.exportedFunction('set')!.call(1);
    expect(await errorOf(() => own.exportedFunction('f')!.callSync())).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    await call;
    await own.close();
    expect(await errorOf(() => module.exportedFunction('set')!.callSync(1))).toMatchObject({
      code: 'ERR_WAZERO_EXIT',
    });
    expect(await errorOf(() => runtime.instantiateSync(user, anonymous, { imports: importsOf(own) }))).toMatchObject({
      code: 'ERR_WAZERO_CLOSED',
    });
  });

  it('of another type, of no such name, of another runtime', async () => {
    const imports = importsOf(own);
    const replaced = (at: number, by: unknown) => imports.map((one, i) => (i === at ? by : one)) as typeof imports;
    const make = (list: typeof imports) => () => runtime.instantiateSync(user, anonymous, { imports: list });
    for (const at of [0, 1, 2, 3, 4, 5]) {
      expect(await errorOf(make(replaced(at, { module: own, name: 'nothing' })))).toMatchObject({
        code: 'ERR_WAZERO_LINK',
      });
      expect(await errorOf(make(replaced(at, { module: own, name: at === 0 ? 'f' : 'm' })))).toMatchObject({
        code: 'ERR_WAZERO_LINK',
      });
    }
    expect(await errorOf(make(replaced(3, { module: own, name: 'f' })))).toMatchObject({ code: 'ERR_WAZERO_LINK' });
    for (const at of [0, 1, 2, 4])
      expect(await errorOf(make(replaced(at, () => 1)))).toMatchObject({ name: 'TypeError' });
    await using foreign = new Runtime();
    const stranger = foreign.instantiateSync(wat('(module (memory (export "m") 1 2))'), anonymous);
    for (const by of [
      { module: stranger, name: 'm' },
      { module: {}, name: 'm' },
      { module: own, name: 7 },
      { module: own, name: '\ud800' },
      7,
      null,
      {},
      undefined,
    ])
      expect(await errorOf(make(replaced(0, by)))).toMatchObject({ name: 'TypeError' });
    for (const list of [[], imports.slice(1), [...imports, imports[6]], {}, 'xxxxxxx'])
      expect(await errorOf(make(list as typeof imports))).toMatchObject({ name: 'TypeError' });
    make(imports)(); // nothing of all that has done any harm
  });

  it('also of host modules', () => {
    const host = runtime.hostModuleSync('h', { two: [[], ['i32'], () => 2] });
    const module = runtime.instantiateSync(
      wat('(module (import "x" "y" (func $f (result i32))) (func (export "f") (result i32) (call $f)))'),
      anonymous,
      { imports: [{ module: host, name: 'two' }] },
    );
    expect(module.exportedFunction('f')!.callSync()).toBe(2);
  });
});

it('many are made and dropped', async () => {
  const compiled = runtime.compileModuleSync(two);
  const before = experimental.stats();
  for (let i = 0; i < 500; i++)
    runtime.instantiateModuleSync(compiled, anonymous, { imports: [(x: number) => x, () => 1n] }).closeSync();
  compiled.closeSync();
  await runtime.close();
  const after = experimental.stats();
  expect(after.modules).toBe(before.modules);
  expect(after.compiledModules).toBeLessThan(before.compiledModules);
});
