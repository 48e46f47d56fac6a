/** Runtime.validateModule: what compiling would refuse, without compiling. */
import { describe, expect, it } from 'vitest';
import { Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const good = wat('(module (memory 1) (func (export "f") (param i32) (result i32) (local.get 0)))');
/** It answers an i32 where an i64 is promised. */
const mistyped = () => {
  const bytes = new Uint8Array(good);
  const at = bytes.indexOf(0x60) + 4; // func, one parameter, i32, one result
  expect(bytes[at]).toBe(0x7f);
  bytes[at] = 0x7e;
  return bytes;
};

describe.each(['compiler', 'interpreter'] as const)('validateModule (%s)', (engine) => {
  it('says what compiling says', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withLimits({ moduleBytes: 1_000, tableElements: 10 }));
    const refused = [
      new Uint8Array(0),
      new Uint8Array([1, 2, 3]),
      good.subarray(0, good.length - 1),
      mistyped(),
      wat('(module (table 11 funcref))'),
      new Uint8Array(1_001),
    ];
    for (const bytes of refused) {
      const error = (work: () => unknown) => {
        try {
          work();
        } catch (error) {
          return error as { code: string; message: string };
        }
        return undefined;
      };
      const expected = error(() => runtime.compileModuleSync(bytes));
      expect(expected).toBeDefined();
      expect(error(() => runtime.validateModule(bytes))).toMatchObject({
        code: expected!.code,
        message: expected!.message,
      });
    }
    expect(runtime.validateModule(good)).toBeUndefined();
    expect(() => runtime.validateModule('no' as never)).toThrow(TypeError);
    await runtime.close();
    expect(() => runtime.validateModule(good)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  });

  it('compiles nothing', () => {
    using runtime = new Runtime(RuntimeConfig[engine]());
    for (let i = 0; i < 500; i++) runtime.validateModule(good);
    // What was only looked at is no module of the runtime's, and can be compiled afterwards.
    using compiled = runtime.compileModuleSync(good);
    expect(runtime.instantiateModuleSync(compiled).exportedFunction('f')!.callSync(7)).toBe(7);
  });
});
