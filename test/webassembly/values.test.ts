/** What crosses: numbers, references, functions, and what is thrown. */
import { describe, expect, it } from 'vitest';
import { both, exportsOf, withWebAssembly } from '../support/webassembly.js';

const identity = (type: string) => `(module (func (export "f") (param ${type}) (result ${type}) local.get 0))`;
const outcome = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return (error as Error).constructor.name;
  }
};

describe('numbers', () => {
  it('are coerced as V8 does, on their way in and out', async () => {
    const odd = [
      undefined,
      null,
      true,
      '12',
      '0x10',
      'x',
      -1,
      2 ** 31,
      2 ** 32 + 5,
      1.9,
      -0,
      NaN,
      Infinity,
      7n,
      {},
      [3],
      Symbol.iterator,
    ];
    for (const type of ['i32', 'i64', 'f32', 'f64'])
      for (const value of [...odd, 2n ** 63n, -(2n ** 63n) - 1n, { valueOf: () => 9 }]) {
        const [ours, theirs] = await both((W) => outcome(() => exportsOf(W, identity(type)).f(value)));
        expect([type, ours]).toEqual([type, theirs]);
      }
  });

  it('what a host function answers, too, also several', async () => {
    const text = `(module (import "m" "f" (func $f (param i32) (result i32 i64)))
      (func (export "f") (param i32) (result i64 i32) (local i64) local.get 0 call $f local.set 1 local.set 0 local.get 1 local.get 0))`;
    for (const answer of [[1, 2n], ['3', true], new Set([4, 5n]), [1], [1, 2], 5, undefined, 'ab']) {
      const [ours, theirs] = await both((W) => outcome(() => exportsOf(W, text, { m: { f: () => answer } }).f(0)));
      expect([answer, ours]).toEqual([answer, theirs]);
    }
    const [ours, theirs] = await both((W) => exportsOf(W, text, { m: { f: (x: number) => [x, 2n] } }).f(7));
    expect(ours).toEqual(theirs);
  });

  it('of five parameters and more, of all types', async () => {
    const text = `(module (import "m" "f" (func $f (param i32 f64 i64 f32 i32) (result f64)))
      (func (export "f") (param i32 f64 i64 f32 i32) (result f64) local.get 0 local.get 1 local.get 2 local.get 3 local.get 4 call $f))`;
    const [ours, theirs] = await both((W) => {
      const seen: unknown[] = [];
      const f = (...args: unknown[]) => seen.push(...args);
      return [exportsOf(W, text, { m: { f } }).f(1.5, '2.5', 3n, 0.1, 4), seen];
    });
    expect(ours).toEqual(theirs);
  });

  it('v128 does not cross', async () => {
    const text = '(module (func (export "f") (result v128) v128.const i32x4 0 0 0 0))';
    expect(await both((W) => outcome(() => exportsOf(W, text).f()))).toEqual(['TypeError', 'TypeError']);
  });
});

describe('references', () => {
  it('values come back as themselves, thenables and undefined included', async () => {
    await withWebAssembly({}, (W) => {
      const { f } = exportsOf(W, identity('externref'));
      for (const value of [undefined, null, 0, -0, 'x', {}, Promise.resolve(), f]) expect(f(value)).toBe(value);
      const host = exportsOf(
        W,
        `(module (import "m" "g" (func $g (param externref) (result externref)))
        (func (export "f") (param externref) (result externref) local.get 0 call $g))`,
        { m: { g: (x: unknown) => x } },
      );
      // biome-ignore lint/suspicious/noThenProperty: that is the point
      const thenable = { then: () => {} };
      expect(host.f(thenable)).toBe(thenable);
    });
  });

  it('a function is one object, whichever way it comes out', async () => {
    const text = `(module (table (export "t") 3 funcref) (elem (i32.const 0) $a $b) (func $a (export "a") (result i32) i32.const 1)
      (func $b (result i32) i32.const 2) (func (export "get") (param i32) (result funcref) local.get 0 table.get 0)
      (func (export "same") (param funcref) (result funcref) local.get 0))`;
    await withWebAssembly({}, (W) => {
      const { t, a, get, same } = exportsOf(W, text);
      expect(t.get(0)).toBe(a);
      expect(get(0)).toBe(a);
      expect(same(a)).toBe(a);
      const hidden = t.get(1);
      expect(hidden()).toBe(2);
      expect([hidden.name, t.get(1) === hidden, get(1) === hidden, same(hidden) === hidden]).toEqual([
        '1',
        true,
        true,
        true,
      ]);
      expect(t.get(2)).toBe(null);
      expect(() => same(() => {})).toThrow(TypeError);
    });
  });

  it('a function of one instance is the import of another, and stays itself', async () => {
    await withWebAssembly({}, (W) => {
      const { add } = exportsOf(
        W,
        '(module (func (export "add") (param i32) (result i32) local.get 0 i32.const 1 i32.add))',
      );
      const text = `(module (import "m" "add" (func $add (param i32) (result i32))) (export "add" (func $add))
        (func (export "twice") (param i32) (result i32) local.get 0 call $add call $add))`;
      const exports = exportsOf(W, text, { m: { add } });
      expect(exports.add).toBe(add);
      expect(exports.twice(40)).toBe(42);
      const other = '(module (import "m" "add" (func (param i64))))';
      expect(() => exportsOf(W, other, { m: { add } })).toThrow(W.LinkError);
    });
  });
});

describe('what is thrown', () => {
  it('by JavaScript goes through guests and stays itself, whatever it is', async () => {
    await withWebAssembly({}, (W) => {
      for (const thrown of [new Error('x'), 'text', undefined, null, { a: 1 }]) {
        const exports = exportsOf(W, '(module (import "m" "f" (func $f)) (func (export "f") call $f))', {
          m: {
            f: () => {
              throw thrown;
            },
          },
        });
        let caught: unknown = 'nothing';
        try {
          exports.f();
        } catch (error) {
          caught = error;
        }
        expect(caught).toBe(thrown);
      }
    });
  });

  it('by guests has the classes and the texts of V8', async () => {
    const text = `(module (memory 1) (table 1 funcref) (type $t (func)) (func (export "unreachable") unreachable)
      (func (export "load") (drop (i32.load (i32.const -1)))) (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0))))
      (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
      (func (export "truncate") (drop (i32.trunc_f64_s (f64.const nan))))
      (func (export "table") (call_indirect (type $t) (i32.const 5)))
      (func $r (export "recurse") call $r))`;
    const [ours, theirs] = await both((W) => {
      const exports = exportsOf(W, text);
      return Object.keys(exports).map((name) => {
        try {
          return exports[name]();
        } catch (error) {
          return [name, error instanceof W.RuntimeError, error instanceof RangeError, (error as Error).message];
        }
      });
    });
    expect(ours).toEqual(theirs);
  });
});
