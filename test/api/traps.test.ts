/** Each kind of trap that a guest can bring about (wazero: internal/wasmruntime), on both engines and in both lanes; "too many waiters" takes 2^32 of them. */
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { CoreFeatures, Runtime, RuntimeConfig, type Trap } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const run = (body: string, before = '') => wat(`(module ${before} (func (export "run") ${body}))`);
const traps: [Trap['kind'], Uint8Array][] = [
  ['unreachable', run('unreachable')],
  ['out of bounds memory access', run('(drop (i32.load (i32.const 65533)))', '(memory 1)')],
  ['out of bounds memory access', run('(memory.fill (i32.const 65535) (i32.const 0) (i32.const 2))', '(memory 1)')],
  ['invalid table access', run('(call_indirect (i32.const 1))', '(table 1 funcref)')],
  ['invalid table access', run('(drop (table.get (i32.const 1)))', '(table 1 funcref)')],
  [
    'indirect call type mismatch',
    run('(drop (call_indirect (result i32) (i32.const 0)))', '(table 1 funcref) (elem (i32.const 0) $f) (func $f)'),
  ],
  ['integer divide by zero', run('(drop (i32.div_u (i32.const 1) (i32.const 0)))')],
  ['integer divide by zero', run('(drop (i64.rem_s (i64.const 1) (i64.const 0)))')],
  ['integer overflow', run('(drop (i32.div_s (i32.const -2147483648) (i32.const -1)))')],
  ['integer overflow', run('(drop (i32.trunc_f32_s (f32.const 1e20)))')],
  ['invalid conversion to integer', run('(drop (i64.trunc_f64_u (f64.const nan)))')],
  ['unaligned atomic', run('(drop (i32.atomic.load (i32.const 1)))', '(memory 1 1 shared)')],
  [
    'expected shared memory',
    run('(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))', '(memory 1)'),
  ],
  ['stack overflow', wat('(module (func $f (export "run") (call $f)))')],
  // (tag $t) (throw $t), and (call_ref $t (ref.null $t)): wabt writes neither.
  [
    'uncaught exception',
    hex('0061736d01000000 010401600000 03020100 0d03010000 07070103 72756e 0000 0a06 0104 00 0800 0b'),
  ],
  ['null reference', hex('0061736d01000000 010401600000 03020100 07070103 72756e 0000 0a08 0106 00 d000 1400 0b')],
];
const features =
  CoreFeatures.V2 | CoreFeatures.Threads | CoreFeatures.ExceptionHandling | CoreFeatures.TypedFunctionReferences;

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  it.each(traps)('%s', async (kind, bytes) => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withCoreFeatures(features));
    const module = await runtime.instantiate(bytes);
    for (const lane of ['call', 'callSync'] as const) {
      const trap = (await errorOf(() => module.exportedFunction('run')![lane]())) as Trap;
      expect(trap).toMatchObject({ name: 'Trap', code: 'ERR_WAZERO_TRAP', kind });
      expect(trap.message).toMatch(
        new RegExp(kind === 'stack overflow' ? kind : `^wasm error: ${kind}\nwasm stack trace:\n\t`),
      );
      expect(module.isClosed).toBe(false);
    }
  });

  it('no more than 30 frames, which the message says', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const module = await runtime.instantiate(
      wat(`(module $m (func $f (export "run") (param i32)
        (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else unreachable))))`),
    );
    for (const lane of ['call', 'callSync'] as const)
      for (const depth of [29, 31]) {
        const trap = (await errorOf(() => module.exportedFunction('run')![lane](depth - 1))) as Trap;
        expect(trap.frames).toHaveLength(Math.min(depth, 30));
        expect(trap.message.endsWith('... maybe followed by omitted frames')).toBe(depth > 30);
      }
  });
});
