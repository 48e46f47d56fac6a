/** Module bytes that are none, that change, that cannot be linked; each answered with a typed error. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { ending, expectAftermath, expectEnding } from '../support/faults.js';
import {
  type CompiledModule,
  CompileError,
  CoreFeatures,
  experimental,
  LinkError,
  type Module,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
/** 100,000 once in a while: WAZERO_FUZZ_RUNS. */
const fuzzRuns = Number(process.env.WAZERO_FUZZ_RUNS || 500);
const guest = wat(`(module (import "env" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1 2) (global (export "g") (mut i32) (i32.const 1)) (global (export "constant") i64 (i64.const 1))
  (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
  (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
  (func (export "vector") (param v128) (result v128) (local.get 0))
  (func (export "reference") (param funcref))
  (func (export "callHost") (param i32) (result i32) (call $host (local.get 0))))`);

const guestWithoutImports = wat('(module (memory 1) (func (export "f") (result i32) (i32.const 7)))');
const invalid = { code: 'ERR_WAZERO_INVALID_ARGUMENT' };
/** ES2024, which Node has. */
const resizable = (length: number) =>
  new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(length, {
    maxByteLength: length * 2,
  });

let runtime: Runtime;
beforeEach(async () => {
  runtime = new Runtime();
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction((value) => value, ['i32'], ['i32'])
    .export('host')
    .instantiate();
});
afterEach(() => runtime.close());

describe('module bytes', () => {
  it('M1: every truncation: ERR_WAZERO_COMPILE', async () => {
    for (let length = 0; length < guest.length; length++) {
      const error = await errorOf(() => runtime.compileModule(guest.subarray(0, length)));
      // a module that ends after a whole section may be one
      if (error === undefined) continue;
      expect(error, `${length} bytes`).toBeInstanceOf(CompileError);
      expect(error).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
    }
  });
  it('M1: random bytes, with and without the header: ERR_WAZERO_COMPILE', async () => {
    for (let i = 0; i < fuzzRuns; i++) {
      const bytes = randomBytes(1 + (i % 200));
      if (i % 2) bytes.set([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].slice(0, bytes.length));
      const error = await errorOf(() => runtime.compileModule(bytes));
      if (error !== undefined) expect(error, bytes.toString('hex')).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
      else expect(i % 2, bytes.toString('hex')).toBe(1); // a header and a custom section, by chance
    }
  });
  needsEdit('e8compile')(
    'M1: a function that takes minutes to compile: its work ends at the deadline, too',
    async () => {
      const locals = 20_000;
      const loops = Array.from(
        { length: 2_000 },
        (_, i) =>
          `(loop (local.set ${(i * 13 + 2) % locals} (i32.add (local.get ${i % locals}) (local.get ${(i * 7 + 1) % locals}))) (br_if 0 (local.get 0)))`,
      );
      const slow = wat(`(module (func (local ${'i32 '.repeat(locals)}) ${loops.join('')}))`);
      await using other = new Runtime(RuntimeConfig.compiler().withLimits({ concurrentCompiles: 1 }));
      const how = await ending(() => other.compileModule(slow, { timeoutMs: 300 }));
      expectEnding(how, { name: 'TimeoutError', code: 'ERR_WAZERO_ABORTED' }, 300);
      const next = await ending(() => other.compileModule(guestWithoutImports));
      expectEnding(next, undefined, 1_000);
      await expect.poll(() => experimental.stats().goroutines, { timeout: 3_000 }).toBe(0);
      await (next.value as CompiledModule).close();
    },
  );
  it('M1: single bits flipped: a module or ERR_WAZERO_COMPILE', async () => {
    for (let bit = 0; bit < guest.length * 8; bit++) {
      const bytes = guest.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const outcome = await runtime.compileModule(bytes).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
      else await (outcome as { close(): Promise<void> }).close();
    }
  });
  it('M2: text, a component, another version, nothing: ERR_WAZERO_COMPILE that says which', async () => {
    const sources: [Uint8Array, RegExp][] = [
      [Buffer.from('(module)'), /magic/],
      [Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]), /component/],
      [Buffer.from([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]), /version/],
      [new Uint8Array(), /magic|empty/],
      [Buffer.from([0, 0x61, 0x73, 0x6d]), /version|header/],
    ];
    for (const [bytes, which] of sources) {
      for (const lane of ['compileModule', 'compileModuleSync'] as const) {
        const how = await ending(() => runtime[lane](bytes));
        expectEnding(how, { code: 'ERR_WAZERO_COMPILE', message: expect.stringMatching(which) }, 0, String(bytes));
        expect(how.error).toBeInstanceOf(CompileError);
      }
    }
  });
  it('M2: more bytes than moduleBytes: ERR_WAZERO_LIMIT naming it', async () => {
    await using small = new Runtime(new RuntimeConfig().withLimits({ moduleBytes: guest.length - 1 }));
    for (const lane of ['compileModule', 'compileModuleSync', 'instantiate', 'instantiateSync'] as const)
      expectEnding(await ending(() => small[lane](guest)), { code: 'ERR_WAZERO_LIMIT', limit: 'moduleBytes' }, 0, lane);
  });
  it('M3: bytes that change, go away or become fewer while they are compiled: the result as of the call', async () => {
    const copy = () => {
      const buffer = resizable(guest.length);
      new Uint8Array(buffer).set(guest);
      return buffer as ArrayBuffer & { resize(length: number): void };
    };
    const changes: Record<string, (buffer: ReturnType<typeof copy>) => void> = {
      changed: (buffer) => new Uint8Array(buffer).fill(0xff),
      emptied: (buffer) => buffer.resize(0),
      enlarged: (buffer) => buffer.resize(guest.length * 2),
      'given away': (buffer) => void structuredClone(buffer, { transfer: [buffer] }),
    };
    for (const [name, change] of Object.entries(changes)) {
      for (const viewOf of [(buffer: ArrayBuffer) => buffer, (buffer: ArrayBuffer) => new Uint8Array(buffer)]) {
        const buffer = copy();
        const compiling = runtime.compileModule(viewOf(buffer));
        change(buffer);
        const compiled = await compiling;
        expect([...compiled.exportedFunctions().keys()], name).toContain('callHost');
        const instance = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
        expect(instance.exportedFunction('half', ['f64'], ['f64']).callSync(5), name).toBe(2.5);
        await compiled.close();
        const gone = copy();
        const view = viewOf(gone);
        structuredClone(gone, { transfer: [gone] });
        for (const lane of ['compileModule', 'compileModuleSync'] as const)
          expectEnding(await ending(() => runtime[lane](view)), { ...invalid, name: 'TypeError' }, 0, name);
      }
    }
  });
  it.each([
    ['a string', 'AGFzbQ=='],
    ['nothing', undefined],
    ['null', null],
    ['an array', [0, 0x61]],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(8))],
  ])('M3: %s: ERR_WAZERO_INVALID_ARGUMENT', async (_name, source) => {
    expect(await errorOf(() => runtime.compileModule(source as never))).toMatchObject(invalid);
    expect(await errorOf(() => runtime.compileModuleSync(source as never))).toBeInstanceOf(TypeError);
  });
  it('a feature that is off: ERR_WAZERO_COMPILE', async () => {
    await using old = new Runtime(new RuntimeConfig().withCoreFeatures(CoreFeatures.V1));
    const extend = wat('(module (func (param i32) (result i32) (i32.extend8_s (local.get 0))))');
    expect(await errorOf(() => old.compileModule(extend))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
  });
});

describe('imports', () => {
  it('M5: a missing import, or one of another type: ERR_WAZERO_LINK naming module and field', async () => {
    await runtime.instantiate(
      wat(`(module (memory (export "memory") 1 2) (table (export "table") 1 2 funcref) (global (export "g") i32 (i32.const 1))
        (func (export "f") (param i32)))`),
      new ModuleConfig().withName('lib'),
    );
    for (const [name, type] of [
      ['nowhere.f', '(func)'],
      ['env.nothing', '(func)'],
      ['env.host', '(func)'],
      ['env.host', '(memory 1)'],
      ['lib.nothing', '(memory 1)'],
      ['lib.f', '(func (result i32))'],
      ['lib.memory', '(memory 2)'],
      ['lib.memory', '(memory 1 1)'],
      ['lib.memory', '(table 1 funcref)'],
      ['lib.table', '(table 5 funcref)'],
      ['lib.g', '(global (mut i32))'],
      ['lib.g', '(global i64)'],
      ['lib.g', '(func)'],
    ] as const) {
      const [from, field] = name.split('.');
      const binary = wat(`(module (import "${from}" "${field}" ${type}))`);
      for (const lane of ['instantiate', 'instantiateSync'] as const) {
        const how = await ending(() => runtime[lane](binary));
        expectEnding(how, { code: 'ERR_WAZERO_LINK' }, 0, `${name} ${type}`);
        expect(how.error).toBeInstanceOf(LinkError);
        const { message } = how.error as Error;
        expect(message, type).toContain(from);
        if (from !== 'nowhere') expect(message, type).toContain(field);
      }
    }
  });
  it('M5: modules that import from each other, or from themselves: ERR_WAZERO_LINK, whichever comes first', async () => {
    const a = wat('(module (import "b" "f" (func)) (func (export "f")))');
    const b = wat('(module (import "a" "f" (func)) (func (export "f")))');
    const own = wat('(module (import "own" "f" (func $f)) (export "f" (func $f)))');
    const named = (name: string) => new ModuleConfig().withName(name);
    const link = { code: 'ERR_WAZERO_LINK' };
    const both = [ending(() => runtime.instantiate(a, named('a'))), ending(() => runtime.instantiate(b, named('b')))];
    for (const how of await Promise.all(both)) expectEnding(how, link);
    expectEnding(await ending(() => runtime.instantiateSync(own, named('own'))), link);
    expectEnding(await ending(() => runtime.instantiate(own, named('own'))), link);
    for (const name of ['a', 'b', 'own']) expect(runtime.module(name)).toBeUndefined();
  });
});

describe('the same bytes', () => {
  // some work: 2,000 functions
  const large = wat(
    `(module ${'(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))'.repeat(2_000)} (func (export "f") (result i32) (i32.const 7)))`,
  );
  const one = [[], ['i32']] as const;

  it('M4: compiled 100 times at once: a hundred handles of their own, closed one by one', async () => {
    const first = await ending(async () => {
      await using other = new Runtime();
      await (await other.compileModule(large)).close();
    });
    await using other = new Runtime();
    const all = await ending(() => Promise.all(Array.from({ length: 100 }, () => other.compileModule(large))));
    expectEnding(all, undefined, 2_000);
    console.log(`100 compilations of the same bytes at once: ${all.ms.toFixed(0)} ms; one: ${first.ms.toFixed(0)} ms`);
    const [kept, ...others] = all.value as CompiledModule[];
    for (const compiled of others) {
      await compiled.close();
      await compiled.close();
      compiled.closeSync();
    }
    for (const compiled of others)
      expectEnding(await ending(() => other.instantiateModule(compiled)), { code: 'ERR_WAZERO_CLOSED' });
    const instance = await other.instantiateModule(kept!);
    await kept!.close();
    expect(instance.exportedFunction('f', ...one).callSync()).toBe(7);
    expect(await instance.exportedFunction('f', ...one).call()).toBe(7);
  });

  it.each(['compiler', 'interpreter'] as const)(
    'M4: compiled once for who waits, each with his own deadline and signal, and not for nobody (%s)',
    async (engine) => {
      await using other = new Runtime(RuntimeConfig[engine]());
      // seconds of work
      const slow = wat(
        `(module ${`(func (param i32) (result i32) ${'(local.set 0 (i32.mul (local.get 0) (i32.const 3)))'.repeat(400)} (local.get 0))`.repeat(1_000)} (func (export "f") (result i32) (i32.const 7)))`,
      );
      const started = process.cpuUsage();
      const alone = await ending(() => other.compileModule(slow));
      const cpu = process.cpuUsage(started).user;
      await (alone.value as CompiledModule).close();

      const again = process.cpuUsage();
      const leaver = new AbortController();
      const [aborted, late, first, ...patient] = [
        ending(() => other.compileModule(slow, { signal: leaver.signal })),
        ending(() => other.compileModule(slow, { timeoutMs: 5 })),
        ...Array.from({ length: 8 }, () => ending(() => other.compileModule(slow))),
      ];
      setImmediate(() => leaver.abort());
      expectEnding(await aborted!, { name: 'AbortError', code: 'ERR_WAZERO_ABORTED' });
      expectEnding(await late!, { name: 'TimeoutError', code: 'ERR_WAZERO_ABORTED' });
      const kept = (await first!).value as CompiledModule;
      const others = await Promise.all(patient);
      const ratio = process.cpuUsage(again).user / cpu;
      console.log(`${engine}: ten at once: ${ratio.toFixed(1)} times the work of one`);
      expect(ratio).toBeLessThan(4);
      for (const { value } of others) await (value as CompiledModule).close();
      const instance = await other.instantiateModule(kept);
      expect(await instance.exportedFunction('f', ...one).call()).toBe(7);
      await kept.close();
      await instance.close(); // it has the code until then, and whoever compiles these bytes has it at once

      const nobody = process.cpuUsage();
      const both = [
        ending(() => other.compileModule(slow, { timeoutMs: 5 })),
        ending(() => other.compileModule(slow, { timeoutMs: 8 })),
      ];
      for (const how of await Promise.all(both))
        expectEnding(how, { name: 'TimeoutError', code: 'ERR_WAZERO_ABORTED' });
      await expect.poll(() => experimental.stats().goroutines, { timeout: 5_000 }).toBe(0);
      expect(process.cpuUsage(nobody).user).toBeLessThan(cpu * 2);
      expectEnding(await ending(() => other.compileModuleSync(slow).closeSync()), undefined, 10 * alone.ms);
    },
  );

  it('M4: closed while they are compiled and instantiated: an instance or ERR_WAZERO_CLOSED, never half of one', async () => {
    await using other = new Runtime();
    const named = new ModuleConfig().withName('');
    for (let i = 0; i < 50; i++) {
      const compiled = await other.compileModule(guestWithoutImports);
      const again = other.compileModule(guestWithoutImports);
      const instances = [1, 2, 3].map(() => ending(() => other.instantiateModule(compiled, named)));
      const closing = compiled.close();
      instances.push(ending(() => other.instantiateModule(compiled, named)));
      await closing;
      for (const how of await Promise.all(instances)) {
        if (how.error !== undefined) expectEnding(how, { code: 'ERR_WAZERO_CLOSED' });
        else expect((how.value as Module).exportedFunction('f', ...one).callSync()).toBe(7);
      }
      expect((await other.instantiateModule(await again, named)).exportedFunction('f', ...one).callSync()).toBe(7);
    }
  });
});
