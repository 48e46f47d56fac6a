/** Traps and what guests tell the host: each kind has its name, the instance goes on where wazero's does, and nothing outside of its memory is read. */
import { describe, expect, it } from 'vitest';
import { ending, expectAftermath, expectEnding } from '../support/faults.js';
import { CoreFeatures, Runtime, RuntimeConfig, Trap, type TrapKind } from '../support/package.js';
import { variants } from '../support/runaway.mjs';
import { wat } from '../support/wat.mjs';

expectAftermath();
const features = CoreFeatures.V2 | CoreFeatures.Threads | CoreFeatures.ExceptionHandling;

/** Each with a function `trap` that ends so, and `seven`. */
const seven = '(func (export "seven") (result i32) (i32.const 7))';
const trap = (body: string, more = '') => wat(`(module ${more} (func $trap (export "trap") ${body}) ${seven})`);
const memory = '(memory (export "memory") 1 1)';
const table =
  '(type $t (func)) (type $other (func (param i32))) (table 2 funcref) (elem (i32.const 0) $takes) (func $takes (param i32))';
/** wabt does not write a shared memory that is exported or imported, nor throw_ref. */
const shared = (module: Uint8Array<ArrayBuffer>) => {
  module[Buffer.from(module).indexOf(Buffer.from([5, 4, 1, 1, 1, 1])) + 3] = 3;
  return module;
};
const traps: [kind: TrapKind, what: string, binary: Uint8Array][] = [
  ['unreachable', 'unreachable', trap('(unreachable)')],
  ['out of bounds memory access', 'a load', trap('(drop (i32.load (i32.const 65533)))', memory)],
  [
    'out of bounds memory access',
    'a load with an offset',
    trap('(drop (i64.load offset=4294967295 (i32.const -1)))', memory),
  ],
  [
    'out of bounds memory access',
    'memory.fill',
    trap('(memory.fill (i32.const 1) (i32.const 0) (i32.const 65536))', memory),
  ],
  [
    'out of bounds memory access',
    'memory.copy',
    trap('(memory.copy (i32.const 0) (i32.const 65535) (i32.const 2))', memory),
  ],
  [
    'out of bounds memory access',
    'memory.init',
    trap('(memory.init $d (i32.const 0) (i32.const 0) (i32.const 3))', `${memory} (data $d "ab")`),
  ],
  ['invalid table access', 'call_indirect past the table', trap('(call_indirect (type $t) (i32.const 2))', table)],
  ['invalid table access', 'call_indirect of null', trap('(call_indirect (type $t) (i32.const 1))', table)],
  ['invalid table access', 'table.get', trap('(drop (table.get 0 (i32.const -1)))', table)],
  ['invalid table access', 'table.fill', trap('(table.fill 0 (i32.const 1) (ref.null func) (i32.const 2))', table)],
  ['indirect call type mismatch', 'call_indirect', trap('(call_indirect (type $t) (i32.const 0))', table)],
  ['integer divide by zero', 'i32.div_s', trap('(drop (i32.div_s (i32.const 1) (i32.const 0)))')],
  ['integer divide by zero', 'i64.rem_u', trap('(drop (i64.rem_u (i64.const 1) (i64.const 0)))')],
  ['integer overflow', 'i32.div_s', trap('(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))')],
  ['integer overflow', 'i64.trunc_f64_s', trap('(drop (i64.trunc_f64_s (f64.const 1e30)))')],
  ['invalid conversion to integer', 'i32.trunc_f32_u', trap('(drop (i32.trunc_f32_u (f32.const nan)))')],
  ['unaligned atomic', 'i32.atomic.load', shared(trap('(drop (i32.atomic.load (i32.const 2)))', '(memory 1 1)'))],
  [
    'expected shared memory',
    'memory.atomic.wait32',
    trap('(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1)))', memory),
  ],
  ['stack overflow', 'recursion', trap('(call $trap)')],
];

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  it.each(traps)('G7: %s by %s: its kind and its frames, and the instance goes on', async (kind, _what, binary) => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withCoreFeatures(features));
    const module = await runtime.instantiate(binary);
    for (const lane of ['call', 'callSync', 'call'] as const) {
      const how = await ending(() => module.exportedFunction('trap')![lane]());
      expectEnding(how, { code: 'ERR_WAZERO_TRAP', name: 'Trap', kind }, kind === 'stack overflow' ? 2_000 : 0, lane);
      expect(how.error).toBeInstanceOf(Trap);
      const { frames, message } = how.error as Trap;
      expect(message).toContain(kind);
      // wazero's compiler has no frames for a stack overflow
      if (kind !== 'stack overflow') expect(frames[0]!.function).toContain('trap');
      expect(module.isClosed).toBe(false);
      expect(module.exportedFunction('seven')!.callSync()).toBe(7);
      expect(await module.exportedFunction('seven')!.call()).toBe(7);
    }
  });

  it('G7: an exception that nobody catches', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withCoreFeatures(features));
    // throw and catch, its catch clause taken away: (loop (block (try_table (throw $e))) (br 0))
    const caught = variants['throw and catch']!;
    const at = Buffer.from(caught).indexOf(Buffer.from([0x1f, 0x40, 1, 0, 0, 0]));
    const uncaught = Uint8Array.from([...caught.subarray(0, at + 2), 0, ...caught.subarray(at + 6)]);
    const code = uncaught.lastIndexOf(10, at);
    uncaught[code + 1]! -= 3;
    uncaught[code + 3]! -= 3;
    const module = await runtime.instantiate(uncaught);
    for (const lane of ['call', 'callSync'] as const) {
      const how = await ending(() => module.exportedFunction('run')![lane]());
      expectEnding(how, { code: 'ERR_WAZERO_TRAP', kind: 'uncaught exception' }, 0, lane);
      expect(module.isClosed).toBe(false);
    }
  });

  it('G12: pointers and lengths that a guest makes up end in a RangeError in the host, and nothing outside is read', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const got: unknown[] = [];
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, at, length) => void got.push(caller.memory!.read(at >>> 0, length >>> 0)),
        ['i32', 'i32'],
        [],
      )
      .export('bytes')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, at, length) => void got.push(caller.memory!.readString(at >>> 0, length >>> 0)),
        ['i32', 'i32'],
        [],
      )
      .export('text')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, at, length) => caller.memory!.write(at >>> 0, new Uint8Array(length & 0xff)),
        ['i32', 'i32'],
        [],
      )
      .export('write')
      .instantiate();
    const imports = ['bytes', 'text', 'write'].map(
      (name) => `(import "env" "${name}" (func $${name} (param i32 i32)))`,
    );
    const exports = ['bytes', 'text', 'write'].map(
      (name) => `(func (export "${name}") (param i32 i32) (call $${name} (local.get 0) (local.get 1)))`,
    );
    const module = await runtime.instantiate(
      wat(
        `(module ${imports.join('')} (memory (export "memory") 1) (data (i32.const 65532) "\\ff\\c3\\28\\f0") ${exports.join('')})`,
      ),
    );
    const size = 65_536;
    const outside = [
      [0, size + 1],
      [size, 1],
      [size - 1, 2],
      [0xffff_ffff, 1],
      [1, 0xffff_ffff],
      [0xffff_ffff, 0xffff_ffff],
      [0x8000_0000, 0x8000_0000],
    ];
    for (const [at, length] of outside) {
      for (const name of ['bytes', 'text', ...(length! < 256 ? ['write'] : [])]) {
        for (const lane of ['call', 'callSync'] as const) {
          const how = await ending(() => module.exportedFunction(name, ['i32', 'i32'], [])[lane](at!, length!));
          const cause = expect.objectContaining({ code: 'ERR_WAZERO_OUT_OF_RANGE', name: 'RangeError' });
          expectEnding(how, { code: 'ERR_WAZERO_TRAP', kind: 'host function', cause }, 0, `${name}(${at}, ${length})`);
        }
      }
    }
    expect(got).toEqual([]);
    await module.exportedFunction('text')!.call(65_532, 4);
    module.exportedFunction('bytes')!.callSync(65_536, 0);
    expect(got, 'invalid UTF-8').toEqual(['\ufffd\ufffd(\ufffd', new Uint8Array()]);
    expect(module.isClosed).toBe(false);
  });
});
