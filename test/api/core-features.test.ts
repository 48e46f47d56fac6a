/** Each core feature on and off, on both engines, with a guest that needs it (wazero: internal/integration_test/spectest, config_test.go). */
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { CoreFeatures, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
/** `run` answers 42 in every one. wabt knows neither exnref nor call_ref: those two are written byte by byte. */
const guests: Record<Exclude<keyof typeof CoreFeatures, 'V1' | 'V2'>, Uint8Array> = {
  BulkMemoryOperations: wat(`(module (memory 1) (func (export "run") (result i32)
    (memory.fill (i32.const 8) (i32.const 42) (i32.const 1)) (i32.load8_u (i32.const 8))))`),
  MultiValue: wat(`(module (func $two (result i32 i32) (i32.const 50) (i32.const 8))
    (func (export "run") (result i32) (call $two) (i32.sub)))`),
  MutableGlobal: wat(`(module (global $g (export "g") (mut i32) (i32.const 1))
    (func (export "run") (result i32) (global.set $g (i32.const 42)) (global.get $g)))`),
  NonTrappingFloatToIntConversion: wat(
    '(module (func (export "run") (result i32) (i32.add (i32.trunc_sat_f32_s (f32.const nan)) (i32.const 42))))',
  ),
  ReferenceTypes: wat(`(module (table 2 externref) (func (export "run") (result i32)
    (i32.add (i32.const 41) (ref.is_null (table.get (i32.const 1))))))`),
  SignExtensionOps: wat(
    '(module (func (export "run") (result i32) (i32.add (i32.extend8_s (i32.const 255)) (i32.const 43))))',
  ),
  SIMD: wat(`(module (func (export "run") (result i32)
    (i32x4.extract_lane 2 (i32x4.add (v128.const i32x4 1 2 40 4) (i32x4.splat (i32.const 2))))))`),
  Threads: wat(`(module (memory 1 1 shared) (func (export "run") (result i32)
    (drop (i32.atomic.rmw.or (i32.const 0) (i32.const 42))) (i32.atomic.load (i32.const 0))))`),
  TailCall: wat(`(module (func $down (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 42)))) (return_call $down (i32.sub (local.get 0) (i32.const 1))))
    (func (export "run") (result i32) (call $down (i32.const 1000000))))`),
  ExtendedConst: wat(
    '(module (global $g i32 (i32.mul (i32.const 6) (i32.const 7))) (func (export "run") (result i32) (global.get $g)))',
  ),
  // (tag $t (param i32)) and (block $h (result i32) (try_table (catch $t $h) (throw $t (i32.const 42))) (i32.const 0))
  ExceptionHandling:
    hex(`0061736d01000000 01 09 02 6000017f 60017f00 03 02 01 00 0d 03 01 00 01 07 07 01 03 72756e 00 00
    0a 14 01 12 00 027f 1f40 01 00 00 00 412a 0800 0b 4100 0b 0b`),
  // (func $f (result i32) (i32.const 42)) and (call_ref $t (ref.func $f))
  TypedFunctionReferences: hex(`0061736d01000000 01 05 01 6000017f 03 03 02 00 00 07 0b 02 01 66 00 00 03 72756e 00 01
    0a 0d 02 04 00 412a 0b 06 00 d200 1400 0b`),
};
/** wazero wants these two together. */
const pair = CoreFeatures.BulkMemoryOperations | CoreFeatures.ReferenceTypes;

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  it.each(Object.keys(guests) as (keyof typeof guests)[])('%s', async (name) => {
    const flag = CoreFeatures[name];
    await using on = new Runtime(RuntimeConfig[engine]().withCoreFeatures(CoreFeatures.V2 | flag));
    const run = (await on.instantiate(guests[name])).exportedFunction('run', [], ['i32']);
    expect([run.callSync(), await run.call()]).toEqual([42, 42]);

    const without = CoreFeatures.V2 & ~(flag & pair ? pair : flag);
    await using off = new Runtime(RuntimeConfig[engine]().withCoreFeatures(without));
    const error = await errorOf(() => off.instantiate(guests[name]));
    expect(error).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
    expect(() => off.compileModuleSync(guests[name])).toThrow((error as Error).message);
    // The runtime is none the worse for it.
    expect((await off.instantiate(plain)).exportedFunction('run')!.callSync()).toBe(42);
  });

  it('V1 is only what was there first, V2 is the default', async () => {
    await using first = new Runtime(RuntimeConfig[engine]().withCoreFeatures(CoreFeatures.V1));
    await using usual = new Runtime(RuntimeConfig[engine]());
    const refused: string[] = [];
    const taken: string[] = [];
    for (const [name, guest] of Object.entries(guests)) {
      if (await errorOf(() => first.compileModule(guest))) refused.push(name);
      if ((await errorOf(() => usual.compileModule(guest))) === undefined) taken.push(name);
    }
    expect(refused.sort()).toEqual(
      Object.keys(guests)
        .filter((name) => name !== 'MutableGlobal')
        .sort(),
    );
    const later = ['Threads', 'TailCall', 'ExtendedConst', 'ExceptionHandling', 'TypedFunctionReferences'];
    expect(taken.sort()).toEqual(
      Object.keys(guests)
        .filter((name) => !later.includes(name))
        .sort(),
    );
  });

  it('a v128 in a signature passes with SIMD off, as in wazero', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withCoreFeatures(CoreFeatures.V2 & ~CoreFeatures.SIMD));
    const module = await runtime.instantiate(
      wat('(module (func (export "same") (param v128) (result v128) (local.get 0)))'),
    );
    const value = Uint8Array.from({ length: 16 }, (_, i) => i);
    expect(module.exportedFunction('same')!.callSync(value)).toEqual(value);
  });

  it('is what runtime.engine says, as deep recursion shows', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    expect(runtime.engine).toBe(engine);
    expect(await depth(runtime)).toBe(engine === 'compiler' ? 'deep' : 'stack overflow');
  });
});

it('engine tells which one was chosen where none is asked for', async () => {
  await using runtime = new Runtime();
  expect(await depth(runtime)).toBe(runtime.engine === 'compiler' ? 'deep' : 'stack overflow');
});

const plain = wat('(module (func (export "run") (result i32) (i32.const 42)))');
/** wazero's interpreter ends at 2000 frames; compiled code has room for far more. */
async function depth(runtime: Runtime): Promise<string> {
  const module = await runtime.instantiate(
    wat(`(module (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))`),
  );
  const down = module.exportedFunction('down', ['i32'], ['i32']);
  const error = await errorOf(() => down.call(10_000));
  return error === undefined ? 'deep' : (error as { kind: string }).kind;
}
