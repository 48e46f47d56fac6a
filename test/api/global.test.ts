/** Global: every type, mutable or not, also where it is imported. */
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { ModuleConfig, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

for (const [type, initial, before, set, after] of [
  ['i32', '(i32.const -1)', -1, 2 ** 32 - 2, -2],
  ['i64', '(i64.const -1)', -1n, 2n ** 64n - 2n, -2n],
  ['f32', '(f32.const 0.5)', 0.5, 0.1, Math.fround(0.1)],
  ['f64', '(f64.const 0.1)', 0.1, -0, -0],
  [
    'v128',
    '(v128.const i64x2 1 2)',
    Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0),
    new Uint8Array(16).fill(9),
    new Uint8Array(16).fill(9),
  ],
  ['externref', '(ref.null extern)', null, 'any value', 'any value'],
  ['funcref', '(ref.null func)', null, null, null],
] as const) {
  const test = type === 'v128' ? needsEdit('e7values') : it; // upstream sees half of one
  test(type, async () => {
    await using runtime = new Runtime();
    const module = await runtime.instantiate(
      wat(`(module $m (global (export "var") (mut ${type}) ${initial}) (global (export "const") ${type} ${initial}))`),
    );
    const variable = module.exportedGlobal('var')!;
    expect([variable.type, variable.mutable, variable.get()]).toEqual([type, true, before]);
    variable.set(set);
    expect(variable.get()).toEqual(after);
    const constant = module.exportedGlobal('const')!;
    expect([constant.type, constant.mutable, constant.get()]).toEqual([type, false, before]);
    expect(() => constant.set(set)).toThrow('Expected a mutable global');
    const importer = await runtime.instantiate(
      wat(
        `(module (import "m" "var" (global $g (mut ${type}))) (export "same" (global $g)) (func (export "get") (result ${type}) (global.get $g)))`,
      ),
      new ModuleConfig().withName('other'),
    );
    expect(importer.exportedGlobal('same')!.get()).toEqual(after);
    expect(importer.exportedFunction('get')!.callSync()).toEqual(after);
    expect(module.exportedGlobal('none')).toBeUndefined();
  });
}

needsEdit('e12extern')('options.globals are what constant expressions of importers see, too', async () => {
  await using runtime = new Runtime();
  await runtime.instantiate(
    wat('(module $m (global (export "at") i32 (i32.const 0)) (global (export "half") f64 (f64.const 0)))'),
    undefined,
    { globals: { at: 1024, half: 0.5 } },
  );
  const importer = await runtime.instantiate(
    wat(`(module (import "m" "at" (global $at i32)) (import "m" "half" (global $half f64))
      (memory (export "memory") 1) (data (global.get $at) "here") (global (export "half") f64 (global.get $half)))`),
    new ModuleConfig().withName('other'),
  );
  expect(importer.exportedMemory('memory')!.readString(1024, 4)).toBe('here');
  expect(importer.exportedGlobal('half')!.get()).toBe(0.5);
});
