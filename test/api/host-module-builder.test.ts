/** HostModuleBuilder and HostFunctionBuilder: definitions, replacing, values in both lanes, lifetime. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  type ValueType,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

let runtime: Runtime;
beforeEach(() => {
  runtime = new Runtime();
});
afterEach(() => runtime.close());

describe('definitions', () => {
  it('have the names that were given', async () => {
    const compiled = await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction((a, b) => a + b, ['i32', 'i32'], ['i32'])
      .withName('sum')
      .withParameterNames('a', 'b')
      .withResultNames('c')
      .export('add')
      .newFunctionBuilder()
      .withFunction(() => {}, [], [])
      .export('plain')
      .compile();
    expect(compiled.name).toBe('env');
    const [add, plain] = ['add', 'plain'].map((name) => compiled.exportedFunctions().get(name)!);
    expect(add).toMatchObject({
      moduleName: 'env',
      index: 0,
      name: 'sum',
      debugName: 'env.sum',
      exportNames: ['add'],
      paramTypes: ['i32', 'i32'],
      paramNames: ['a', 'b'],
      resultTypes: ['i32'],
      resultNames: ['c'],
    });
    expect(plain).toMatchObject({ index: 1, name: 'plain', debugName: 'env.plain', paramNames: [] });
    const module = await runtime.instantiateModule(compiled);
    expect([...module.exportedFunctionDefinitions().keys()].sort()).toEqual(['add', 'plain']);
    expect(module.memory).toBeUndefined();
  });

  it('a second export of a name replaces the first and keeps its index', async () => {
    const compiled = await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(() => 1, [], ['i32'])
      .export('a')
      .newFunctionBuilder()
      .withFunction(() => 2, [], ['i32'])
      .export('b')
      .newFunctionBuilder()
      .withFunction(() => 3n, [], ['i64'])
      .export('a')
      .compile();
    expect(compiled.exportedFunctions().get('a')).toMatchObject({ index: 0, resultTypes: ['i64'] });
    expect(compiled.exportedFunctions().get('b')).toMatchObject({ index: 1 });
  });

  it("wazero's own rules: a name, and one instance of it", async () => {
    expect(await errorOf(() => runtime.newHostModuleBuilder('').compile())).toMatchObject({
      message: 'a module name must not be empty',
    });
    await runtime.newHostModuleBuilder('env').instantiate();
    expect(await errorOf(() => runtime.newHostModuleBuilder('env').instantiate())).toMatchObject({
      code: 'ERR_WAZERO_LINK',
    });
  });
});

describe('values', () => {
  const values: readonly [ValueType, unknown, unknown][] = [
    ['i32', -1, -1],
    ['i32', 2 ** 32 - 1, -1],
    ['i64', 2n ** 63n, -(2n ** 63n)],
    ['f32', 0.1, Math.fround(0.1)],
    ['f64', -0, -0],
    ['v128', new Uint8Array(16).fill(3), new Uint8Array(16).fill(3)],
    ['externref', undefined, undefined],
    ['externref', null, null],
    ['funcref', null, null],
  ];
  it.each(values)('%s goes in and out in both lanes', async (type, value, seen) => {
    const got: unknown[] = [];
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(
        (x: unknown) => {
          got.push(x);
          return value as never;
        },
        [type],
        [type],
      )
      .export('echo')
      .instantiate();
    const guest = await runtime.instantiate(
      wat(
        `(module (import "env" "echo" (func $echo (param ${type}) (result ${type}))) (func (export "f") (param ${type}) (result ${type}) (call $echo (local.get 0))))`,
      ),
    );
    const f = guest.exportedFunction('f')!;
    expect(await f.call(value as never)).toEqual(seen);
    expect(f.callSync(value as never)).toEqual(seen);
    expect(got).toEqual([seen, seen]);
  });

  it('several results are an array, also of a Promise', async () => {
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction((a, b) => [b, a], ['i32', 'i64'], ['i64', 'i32'])
      .export('swap')
      .newFunctionBuilder()
      .withFunction(async (a, b) => [b, a], ['i32', 'i64'], ['i64', 'i32'])
      .export('later')
      .instantiate();
    const guest = await runtime.instantiate(
      wat(`(module
      (import "env" "swap" (func $swap (param i32 i64) (result i64 i32))) (import "env" "later" (func $later (param i32 i64) (result i64 i32)))
      (func (export "swap") (result i64 i32) (call $swap (i32.const 1) (i64.const 2))) (func (export "later") (result i64 i32) (call $later (i32.const 1) (i64.const 2))))`),
    );
    expect(guest.exportedFunction('swap')!.callSync()).toEqual([2n, 1]);
    expect(await guest.exportedFunction('swap')!.call()).toEqual([2n, 1]);
    expect(await guest.exportedFunction('later')!.call()).toEqual([2n, 1]);
  });

  it('is called without a receiver', async () => {
    let receiver: unknown = 'none';
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(
        function (this: unknown) {
          receiver = this;
        },
        [],
        [],
      )
      .export('f')
      .instantiate();
    (await runtime.instantiate(wat('(module (import "env" "f" (func $f)) (func (export "f") (call $f)))')))
      .exportedFunction('f')!
      .callSync();
    expect(receiver).toBeUndefined();
  });
});

describe('lifetime', () => {
  it('a guest that is linked goes on calling after the host module was closed, and its name is free', async () => {
    const add = (n: number) =>
      runtime
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction(() => n, [], ['i32'])
        .export('n')
        .instantiate();
    const bytes = wat('(module (import "env" "n" (func $n (result i32))) (func (export "n") (result i32) (call $n)))');
    const first = await add(1);
    const one = await runtime.instantiate(bytes);
    await first.close();
    await add(2);
    const two = await runtime.instantiate(bytes);
    expect([one, two].map((guest) => guest.exportedFunction('n')!.callSync())).toEqual([1, 2]);
  });
});

describe('wasi', () => {
  const writes = (module: string) =>
    wat(`(module (import "${module}" "fd_write" (func $w (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
    (data (i32.const 8) "hi") (func (export "_start") (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const 2)) (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))`);

  it('can be put into a builder of your own, under another name, with single functions overridden', async () => {
    const out = new OutputBuffer();
    const config = new ModuleConfig().withStdout(out);
    await wasi.exportFunctions(runtime.newHostModuleBuilder('wasi_unstable')).instantiate();
    await runtime.instantiate(writes('wasi_unstable'), config);
    expect(out.text()).toBe('hi');
    let asked = 0;
    await wasi
      .exportFunctions(runtime.newHostModuleBuilder(wasi.moduleName))
      .newFunctionBuilder()
      .withFunction(
        () => {
          asked++;
          return 8;
        },
        ['i32', 'i32', 'i32', 'i32'],
        ['i32'],
      )
      .export('fd_write')
      .instantiate();
    await runtime.instantiate(writes(wasi.moduleName), config);
    expect([out.text(), asked]).toEqual(['hi', 1]);
  });

  it('is one per runtime', async () => {
    const module = await wasi.instantiate(runtime);
    expect([module.name, module.exportedFunctionDefinitions().size]).toEqual([wasi.moduleName, 46]);
    expect(() => wasi.instantiateSync(runtime)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_LINK' }));
  });
});

needsEdit('e8compile')('compiling one takes time in the order of its functions', async () => {
  const runtime = new Runtime(RuntimeConfig.compiler());
  const cpuMs = async (functions: number) => {
    const builder = runtime.newHostModuleBuilder('many');
    const one = () => 1;
    for (let i = 0; i < functions; i++) builder.newFunctionBuilder().withFunction(one, [], ['i32']).export(`f${i}`);
    const before = process.cpuUsage();
    await (await builder.compile()).close();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  await cpuMs(1_000); // the first one pays for what all need
  const few = await cpuMs(4_000);
  const many = await cpuMs(64_000);
  expect(many / few, '16 times the functions: 16, and 120 where each clears what all before it have used').toBeLessThan(
    50,
  );
  await runtime.close();
});

describe('Runtime.hostModule', () => {
  const guest = wat(`(module
    (import "env" "add" (func $add (param i32 i64) (result i64)))
    (import "env" "first" (func $first (param i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 8) "\\2a")
    (func (export "add") (param i32 i64) (result i64) (call $add (local.get 0) (local.get 1)))
    (func (export "first") (param i32) (result i32) (call $first (local.get 0))))`);
  const functions = {
    add: [['i32', 'i64'], ['i64'], (a: number, b: bigint) => BigInt(a) + b],
    first: [['i32'], ['i32'], 'caller', async (caller: CallerModule, at: number) => caller.memory!.readByte(at)],
  } as const;

  it('is a module of functions, with the caller where it is asked for', async () => {
    const host = await runtime.hostModule('env', functions);
    expect(host.name).toBe('env');
    const module = await runtime.instantiate(guest);
    expect(await module.exportedFunction('add')!.call(2, 3n)).toBe(5n);
    expect(await module.exportedFunction('first')!.call(8)).toBe(42);
    await expect(runtime.hostModule('env', functions)).rejects.toThrow('module[env] has already been instantiated');
  });

  it('on the JS thread, too', () => {
    runtime.hostModuleSync('env', { ...functions, first: [['i32'], ['i32'], (at: number) => at + 1] });
    expect(runtime.instantiateSync(guest).exportedFunction('first')!.callSync(8)).toBe(9);
  });

  it('has functions of as many parameters and results as guests may import, and no more', async () => {
    const types = (count: number) => new Array<ValueType>(count).fill('i32');
    await runtime.hostModule('most', { f: [types(1_000), types(1_000), () => []] } as never);
    for (const entry of [
      [types(1_001), [], () => {}],
      [[], types(100_000), () => {}],
    ])
      expect(await errorOf(() => runtime.hostModule('more', { f: entry } as never))).toMatchObject({
        code: 'ERR_WAZERO_OUT_OF_RANGE',
        message: expect.stringMatching(/^Expected at most 1000 value types for (params|results) of f/),
      });
  });

  it('an entry of another shape is a TypeError that names the function', async () => {
    const wrong = [
      undefined,
      {},
      [],
      [[], []],
      [[], [], 'caller'],
      [[], [], 'calling', () => {}],
      [[], [], () => {}, 1, 2],
    ];
    for (const entry of wrong) {
      const error = await errorOf(() => runtime.hostModule('env', { odd: entry } as never));
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_WAZERO_INVALID_ARGUMENT' });
      expect(String(error)).toContain('odd');
      expect(() => runtime.hostModuleSync('env', { odd: entry } as never)).toThrow(TypeError);
    }
    await expect(runtime.hostModule('env', 1 as never)).rejects.toThrow('an object');
    expect(runtime.module('env')).toBeUndefined();
  });
});

describe.each(['compiler', 'interpreter'] as const)('host modules alike (%s)', (engine) => {
  let own: Runtime;
  beforeEach(() => {
    own = new Runtime(RuntimeConfig[engine]());
  });
  afterEach(() => own.close());
  const anonymous = new ModuleConfig().withName('');
  const guest = () =>
    own.compileModuleSync(
      wat(`(module (import "env" "who" (func $who (result i32))) (table (export "t") 1 funcref) (elem (i32.const 0) $who)
        (type $t (func (result i32)))
        (func (export "direct") (result i32) (call $who))
        (func (export "indirect") (result i32) (call_indirect (type $t) (i32.const 0))))`),
    );
  const host = (who: () => number) =>
    own.newHostModuleBuilder('env').newFunctionBuilder().withFunction(who, [], ['i32']).export('who').compileSync();

  it('are compiled once, and each instance has functions of its own', () => {
    const compiled = guest();
    const guests = Array.from({ length: 200 }, (_, i) => {
      const each = host(() => i);
      const module = own.instantiateModuleSync(each, anonymous);
      each.closeSync();
      return own.instantiateModuleSync(compiled, anonymous, { importResolver: () => module });
    });
    guests.forEach((each, i) => {
      expect(each.exportedFunction('direct')!.callSync()).toBe(i);
      expect(each.exportedFunction('indirect')!.callSync()).toBe(i);
    });
  });

  it('live on when the one that came first is closed, with more than are kept', () => {
    const compiled = guest();
    const first = host(() => 1);
    const second = host(() => 2);
    const [one, two] = [first, second].map((each) => own.instantiateModuleSync(each, anonymous));
    for (
      let i = 0;
      i < 100;
      i++ // so many others are known in its place
    )
      own
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction(() => 0, [], ['i32'])
        .export(`f${i}`)
        .compileSync();
    first.closeSync();
    one!.closeSync();
    expect(() => own.instantiateModuleSync(first, anonymous)).toThrow(
      expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }),
    );
    const another = own.instantiateModuleSync(second, anonymous);
    for (const each of [two!, another])
      expect(
        own
          .instantiateModuleSync(compiled, anonymous, { importResolver: () => each })
          .exportedFunction('direct')!
          .callSync(),
      ).toBe(2);
    second.closeSync();
    expect(second.exportedFunctions().get('who')!.resultTypes).toEqual(['i32']);
    expect(another.exportedFunctionDefinitions().has('who')).toBe(true);
  });

  it('are told apart by every name and type', () => {
    const builders: [string, string, ValueType[], ValueType[], string[], string[]][] = [
      ['a', '', [], [], [], []],
      ['a', 'b', [], [], [], []],
      ['ab', '', [], [], [], []],
      ['a', '', ['i32'], [], [], []],
      ['a', '', [], ['i32'], [], []],
      ['a', '', ['i32'], [], ['p'], []],
      ['a', '', ['i32'], ['i32'], ['p'], []],
      ['a', '', ['i32'], ['i32'], [], ['p']],
      ['a', '', ['i32', 'i64'], [], [], []],
      ['a', '', ['i64', 'i32'], [], [], []],
    ];
    for (const [exported, name, params, results, paramNames, resultNames] of builders) {
      const compiled = own
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction((() => 0) as never, params, results)
        .withName(name)
        .withParameterNames(...paramNames)
        .withResultNames(...resultNames)
        .export(exported)
        .compileSync();
      expect(compiled.exportedFunctions().get(exported)).toMatchObject({
        name: name || exported,
        paramTypes: params,
        resultTypes: results,
        paramNames,
        resultNames,
      });
    }
  });
});
