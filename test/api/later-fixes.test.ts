/** D0 once more: what was mended in wazero after v1.12.0 and is an edit here. test/api/defects.test.ts has the earlier ones. */
import { describe, expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { Runtime, RuntimeConfig } from '../support/package.js';
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

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  needsEdit('e7capacity')(
    'D0: with capacity from the maximum, too, the limit is what a memory may have at most (2517)',
    async () => {
      const config = RuntimeConfig[engine]().withMemoryLimitPages(10).withMemoryCapacityFromMax(true);
      await using runtime = new Runtime(config);
      const { memory } = await runtime.instantiate(wat('(module (memory (export "memory") 1 100))'));
      expect([memory?.grow(9), memory?.grow(1), memory?.size()]).toEqual([1, -1, 10 * 65536]);
    },
  );
});

needsEdit('e7lane')(
  'f64x2.replace_lane keeps the other lane, however many vectors are live (found by test/fuzz/targets/floats.mjs)',
  async () => {
    await using runtime = new Runtime();
    const names = Array.from({ length: 18 }, (_, i) => `$l${i + 3}`);
    const lanes = [1, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1];
    const get = (name: string) => `(local.get ${name})`;
    const module = await runtime.instantiate(
      wat(`(module (func $second (param v128 v128) (result v128) (local.get 1))
      (func (export "f") (param $c i32) (param $d i32) (param $p0 f64) (param $p1 f32) (param $p2 f64)
        (result f64 f32 f64 ${names.map(() => 'f64').join(' ')}) ${names.map((name) => `(local ${name} v128)`).join(' ')}
        (local.set $l15 (if (result v128) ${get('$c')} (then ${get('$l14')}) (else (select (result v128) ${get('$l19')} ${get('$l10')} ${get('$c')}))))
        (local.set $p2 (f64x2.extract_lane 0 (f64x2.splat ${get('$p2')})))
        (local.set $l10 (f64x2.replace_lane 1 ${get('$l6')} ${get('$p0')}))
        (drop (call $second ${get('$l5')} ${get('$l13')}))
        (local.set $l10 (select (result v128) (if (result v128) ${get('$d')} (then ${get('$l15')}) (else ${get('$l3')}))
          (f64x2.replace_lane 0 ${get('$l10')} ${get('$p2')}) ${get('$d')}))
        ${['$p0', '$p1', '$p2'].map(get).join(' ')} ${names.map((name, i) => `(f64x2.extract_lane ${lanes[i]} ${get(name)})`).join(' ')}))`),
    );
    const results = module.exportedFunction('f')?.callSync(0, 0, 1.5, 2, 3);
    expect(results).toEqual([1.5, 2, 3, ...names.map((name) => (name === '$l10' ? 1.5 : 0))]);
  },
);
