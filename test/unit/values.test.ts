/** How values cross: exact rules, no coercion, bit patterns. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ValueType } from '../../src/types.js';
import { ReferenceTable } from '../../src/values/references.js';
import { decode, decodeResults, encode, hostResults, signature } from '../../src/values/values.js';

const table = new ReferenceTable();
const name = (i: number) => `parameter ${i} of f`;
function words(types: ValueType[], values: unknown[]): BigUint64Array {
  const encoded = new BigUint64Array(signature(types, []).words);
  encode(types, values, encoded, table, name);
  return encoded;
}
const crossing = (type: ValueType, value: unknown) => decode([type], words([type], [value]), table)[0];
const invalid = expect.objectContaining({ name: 'TypeError', code: 'ERR_WAZERO_INVALID_ARGUMENT' });
const outOfRange = expect.objectContaining({ name: 'RangeError', code: 'ERR_WAZERO_OUT_OF_RANGE' });

describe('numbers', () => {
  it('i32 takes -2^31 to 2^32-1 and is signed when read', () => {
    expect(crossing('i32', 2 ** 32 - 1)).toBe(-1);
    expect(crossing('i32', -(2 ** 31))).toBe(-(2 ** 31));
    expect(words(['i32'], [-1])).toEqual(new BigUint64Array([0xffffffffn]));
    expect(Object.is(crossing('i32', -0), 0)).toBe(true);
    for (const wrong of [2 ** 32, -(2 ** 31) - 1, Infinity, -Infinity])
      expect(() => crossing('i32', wrong)).toThrow(outOfRange);
    for (const wrong of [1.5, Number.NaN, '1', 1n, true, undefined, null, {}])
      expect(() => crossing('i32', wrong)).toThrow(invalid);
    fc.assert(fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }), (n) => crossing('i32', n) === (n | 0)));
  });

  it('i64 takes a bigint of -2^63 to 2^64-1 and is signed when read', () => {
    expect(crossing('i64', 2n ** 64n - 1n)).toBe(-1n);
    expect(crossing('i64', -(2n ** 63n))).toBe(-(2n ** 63n));
    for (const wrong of [2n ** 64n, -(2n ** 63n) - 1n]) expect(() => crossing('i64', wrong)).toThrow(outOfRange);
    for (const wrong of [1, '1', true, undefined, null]) expect(() => crossing('i64', wrong)).toThrow(invalid);
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        (n) => crossing('i64', n) === BigInt.asIntN(64, n),
      ),
    );
  });

  it('f32 rounds, f64 does not, both keep -0, infinities and NaN', () => {
    fc.assert(fc.property(fc.double(), (n) => Object.is(crossing('f64', n), n)));
    fc.assert(fc.property(fc.double(), (n) => Object.is(crossing('f32', n), Math.fround(n))));
    for (const type of ['f32', 'f64'] as const)
      for (const wrong of [1n, '1', true, undefined, null]) expect(() => crossing(type, wrong)).toThrow(invalid);
  });

  it('v128 is sixteen bytes, low half first, and a copy', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
    expect(words(['v128'], [bytes])).toEqual(new BigUint64Array([0x0706050403020100n, 0x0f0e0d0c0b0a0908n]));
    const read = crossing('v128', bytes);
    expect(read).toEqual(bytes);
    expect(read).not.toBe(bytes);
    for (const wrong of [new Uint8Array(15), new Uint8Array(17), new Uint16Array(8), [], 1n])
      expect(() => crossing('v128', wrong)).toThrow(invalid);
    expect(() => crossing('v128', new Uint8Array(15))).toThrow(
      'Expected a Uint8Array of 16 bytes for parameter 0 of f but received one of 15',
    );
  });

  it('a message names the position', () => {
    expect(() => words(['i32', 'i64'], [1, 2])).toThrow('Expected a bigint for parameter 1 of f but received 2');
  });
});

describe('references', () => {
  it('externref: null is 0, everything else comes back as it is', () => {
    expect(words(['externref'], [null])).toEqual(new BigUint64Array(1));
    fc.assert(fc.property(fc.anything(), (value) => Object.is(crossing('externref', value), value)));
    for (const value of [undefined, 0, -0, Number.NaN, Symbol('s'), () => {}, 'text', 1n])
      expect(Object.is(crossing('externref', value), value)).toBe(true);
  });

  it('one value has one id, 0 and -0 are two', () => {
    const value = {};
    expect(words(['externref', 'externref'], [value, value])[0]).toBe(words(['externref'], [value])[0]);
    expect(words(['externref'], [0])[0]).not.toBe(words(['externref'], [-0])[0]);
  });

  it('funcref: the same object for the same word, refused in another group', () => {
    const [reference] = decode(['funcref'], new BigUint64Array([42n]), table);
    expect(decode(['funcref'], new BigUint64Array([42n]), table)[0]).toBe(reference);
    expect(words(['funcref', 'funcref'], [reference, null])).toEqual(new BigUint64Array([42n, 0n]));
    const other = new ReferenceTable();
    expect(() => encode(['funcref'], [reference], new BigUint64Array(1), other, name)).toThrow(invalid);
    for (const wrong of [{}, () => {}, 42n, undefined]) expect(() => words(['funcref'], [wrong])).toThrow(invalid);
  });

  it('two tables that join keep their ids, and clear forgets them', () => {
    const [left, right] = [new ReferenceTable(), new ReferenceTable()];
    const [a, b] = [{}, {}];
    const [idA, idB] = [left.add(a), right.add(b)];
    left.merge(right);
    expect([left.value(idA), left.value(idB), right.value(idA), right.value(idB)]).toEqual([a, b, a, b]);
    expect(right.add(a)).toBe(idA);
    expect(left.isSame(right)).toBe(true);
    left.clear();
    expect(() => right.value(idA)).toThrow(invalid);
  });
});

describe('results', () => {
  it('none is undefined, one the value, several an array', () => {
    const stack = new BigUint64Array([1n, 2n]);
    expect(decodeResults([], stack, table)).toBeUndefined();
    expect(decodeResults(['i32'], stack, table)).toBe(1);
    expect(decodeResults(['i32', 'i64'], stack, table)).toEqual([1, 2n]);
  });

  it('of a host function are held to the same rules', () => {
    expect(hostResults([], undefined, 'env.f')).toEqual([]);
    expect(hostResults(['i32'], 1, 'env.f')).toEqual([1]);
    expect(hostResults(['i32', 'i32'], [1, 2], 'env.f')).toEqual([1, 2]);
    expect(() => hostResults([], 1, 'env.f')).toThrow(invalid);
    expect(() => hostResults(['i32', 'i32'], 1, 'env.f')).toThrow(invalid);
    expect(() => hostResults(['i32', 'i32'], [1], 'the results of env.f')).toThrow(
      'Expected 2 results for the results of env.f but received 1',
    );
  });
});
