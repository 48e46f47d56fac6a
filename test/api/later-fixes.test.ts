/** D0 once more: what was mended in wazero after v1.12.0 and is an edit here. test/api/defects.test.ts has the earlier ones. */
import { describe, expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const selects: [type: string, of: (local: string) => string, add: string, to: (value: string) => string][] = [
  ['f64', (local) => local, 'f64.add', (value) => value],
  ['f32', (local) => `(f32.demote_f64 ${local})`, 'f32.add', (value) => `(f64.promote_f32 ${value})`],
  ['v128', (local) => `(f64x2.splat ${local})`, 'f64x2.add', (value) => `(f64x2.extract_lane 1 ${value})`],
];
describe.each(selects)('select of %s', (type, of, add, to) => {
  needsEdit('e7cmov')('D0: the operand that is not taken is not lost around a call (2535)', async () => {
    await using runtime = new Runtime();
    const module = await runtime.instantiate(
      wat(`(module (func $k (param ${type}))
        (func $select (param $c i32) (param $x ${type}) (param $y ${type}) (result ${type})
          (local.set $x (${add} (local.get $x) (local.get $y))) (call $k (local.get $x))
          (select (result ${type}) (local.get $x) (local.get $y) (local.get $c)))
        (func (export "f") (param $c i32) (param $a f64) (param $b f64) (result f64)
          ${to(`(call $select (local.get $c) ${of('(local.get $a)')} ${of('(local.get $b)')})`)}))`),
    );
    const f = module.exportedFunction('f', ['i32', 'f64', 'f64'], ['f64']);
    expect([f.callSync(0, 1.25, 2.25), f.callSync(1, 1.25, 2.25)]).toEqual([2.25, 3.5]);
  });
});
