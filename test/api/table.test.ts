// Table look-up and internal globals (wazero: experimental/table/lookup_test.go, experimental/listener.go's InternalModule).
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { ExportedFunction, experimental, ModuleConfig, Runtime, RuntimeConfig, Trap } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (table $first 4 4 funcref) (table $second 1 funcref)
  (elem (table $first) (i32.const 0) func $double $nop $host)
  (elem (table $second) (i32.const 0) func $nop)
  (global $hidden (mut i32) (i32.const 7)) (global i64 (i64.const -1)) (global (export "seen") (mut f64) (f64.const 1.5))
  (global v128 (v128.const i64x2 1 2))
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $nop)
  (func (export "change") (table.set $first (i32.const 0) (ref.null func)) (global.set $hidden (i32.const 8))))`);

for (const engine of ['compiler', 'interpreter'] as const) {
  const open = async () => {
    const runtime = new Runtime(RuntimeConfig[engine]());
    let nested: (() => unknown) | undefined;
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(
        (value) => {
          nested?.();
          return value + 1;
        },
        ['i32'],
        ['i32'],
      )
      .export('host')
      .instantiate();
    const module = await runtime.instantiate(guest, new ModuleConfig());
    return {
      runtime,
      module,
      setNested: (fn: () => unknown) => {
        nested = fn;
      },
    };
  };

  it(`finds functions of a table, exported or not, and calls them in both lanes (${engine})`, async () => {
    const { runtime, module } = await open();
    await using _ = runtime;
    const double = experimental.lookupFunction(module, 0, 0, ['i32'], ['i32']);
    expect(double).toBeInstanceOf(ExportedFunction);
    expect(double.definition).toMatchObject({ name: 'double', exportNames: [], index: 1 });
    expect(await double.call(21)).toBe(42);
    expect(double.callSync(4)).toBe(8);
    expect(experimental.lookupFunction(module, 1, 0, [], []).callSync()).toBe(undefined);
    for (let i = 0; i < 200; i++) experimental.lookupFunction(module, 0, 0, ['i32'], ['i32']);
    expect(experimental.stats().callEngines).toBeLessThan(10); // looking up again makes nothing new
    module.exportedFunction('change')!.callSync();
    expect(double.callSync(3)).toBe(6); // the function is held, not the place
  });

  it(`fails as call_indirect does (${engine})`, async () => {
    const { runtime, module } = await open();
    await using _ = runtime;
    for (const [table, offset, params, kind] of [
      [0, 0, ['i64'], 'indirect call type mismatch'],
      [0, 3, [], 'invalid table access'], // null
      [0, 4, [], 'invalid table access'],
      [0, 0xffffffff, [], 'invalid table access'],
      [2, 0, [], 'invalid table access'], // no such table
    ] as const) {
      const error = await errorOf(() => experimental.lookupFunction(module, table, offset, [...params], []));
      expect(error).toBeInstanceOf(Trap);
      expect(error).toMatchObject({ kind, message: `wasm error: ${kind}` });
    }
    expect(() => experimental.lookupFunction(module, -1, 0, [], [])).toThrow(RangeError);
    expect(() => experimental.lookupFunction({} as never, 0, 0, [], [])).toThrow(TypeError);
    expect(() => experimental.lookupFunction(runtime.module('env')!, 0, 0, [], [])).toThrow(TypeError);
    expect(() => experimental.lookupFunction(module, 0, 0, ['i31' as never], [])).toThrow(TypeError);
  });

  needsEdit('e9lookup')(
    `calls a host function that stands in a table, and the found one inside of it (${engine})`,
    async () => {
      const { runtime, module, setNested } = await open();
      await using _ = runtime;
      const host = experimental.lookupFunction(module, 0, 2, ['i32'], ['i32']);
      let depth = 0;
      setNested(() => {
        if (++depth < 3) host.callSync(depth);
      });
      expect(host.callSync(1)).toBe(2);
      expect(depth).toBe(3);
      expect(await host.call(5)).toBe(6);
    },
  );

  needsEdit('e7values')(`shows all globals, to be read only (${engine})`, async () => {
    const { runtime, module } = await open();
    await using _ = runtime;
    const globals = experimental.internalGlobals(module);
    const vector = new Uint8Array(16);
    vector[0] = 1;
    vector[8] = 2;
    expect(globals.map((global) => [global.type, global.mutable])).toEqual([
      ['i32', false],
      ['i64', false],
      ['f64', false],
      ['v128', false],
    ]);
    expect(globals.map((global) => global.get())).toEqual([7, -1n, 1.5, vector]);
    expect(() => globals[0]!.set(1)).toThrow(TypeError);
    await module.exportedFunction('change')!.call();
    expect(globals[0]!.get()).toBe(8); // a view
    module.exportedGlobal('seen')!.set(2.5);
    expect(globals[2]!.get()).toBe(2.5);
    await module.close();
    expect(() => globals[0]!.get()).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
    expect(() => experimental.internalGlobals(module)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  });
}
