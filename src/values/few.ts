import { words } from './area.js';
import type { ValueType } from './types.js';

// Up to four numbers in the area, without an array: what most functions take. As put and get of words.ts, for the types that need nothing but the bits.

/** One i32, as fewOf says it. */
export const I32 = 1;
const F64 = 2;
const I64 = 3;
const F32 = 4;
const codes: Partial<Record<ValueType, number>> = { i32: I32, f64: F64, i64: I64, f32: F32 };
const bitsOfCode = 3;
const I32_I32 = (I32 << bitsOfCode) | I32;

/** No more than four of those types, as one number: three bits for each, first in lowest. -1: others, or more. */
export function fewOf(types: readonly ValueType[]): number {
  if (types.length > 4) return -1;
  let few = 0;
  for (let i = types.length - 1; i >= 0; i--) {
    const code = codes[types[i] as ValueType];
    if (code === undefined) return -1;
    few = (few << bitsOfCode) | code;
  }
  return few;
}

const { u32, i32, f32, f64, i64 } = words;

function putI32(at: number, value: unknown): boolean {
  if (typeof value !== 'number' || ((value | 0) !== value && value >>> 0 !== value)) return false;
  u32[2 * at] = value;
  u32[2 * at + 1] = 0;
  return true;
}
/** Writes one of that type, which is `few` of it alone; false where it is wrong. */
export function putOne(few: number, value: unknown): boolean {
  return put(few, 0, value);
}
function put(code: number, at: number, value: unknown): boolean {
  if (code === I32) return putI32(at, value);
  if (code === F64) {
    if (typeof value !== 'number') return false;
    f64[at] = value;
  } else if (code === I64) {
    if (typeof value !== 'bigint') return false;
    if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) return false;
    i64[at] = value;
  } else {
    if (typeof value !== 'number') return false;
    f32[2 * at] = value;
    u32[2 * at + 1] = 0;
  }
  return true;
}

/** Writes `count` of them; false where there are more or fewer than `few` has, or one is wrong. */
export function putFew(few: number, count: number, a: unknown, b: unknown, c: unknown, d: unknown): boolean {
  if (few === 0) return count === 0;
  if (few === I32) return count === 1 && putI32(0, a); // what is usual is small enough to be inlined
  if (few === I32_I32) return count === 2 && putI32(0, a) && putI32(1, b);
  return putAny(few, count, a, b, c, d);
}
function putAny(few: number, count: number, a: unknown, b: unknown, c: unknown, d: unknown): boolean {
  if (count < 1 || !put(few & 7, 0, a)) return false;
  few >>= bitsOfCode;
  if (few === 0) return count === 1;
  if (count < 2 || !put(few & 7, 1, b)) return false;
  few >>= bitsOfCode;
  if (few === 0) return count === 2;
  if (count < 3 || !put(few & 7, 2, c)) return false;
  few >>= bitsOfCode;
  if (few === 0) return count === 3;
  return count === 4 && put(few, 3, d);
}

/** Of one result. */
export function getOne(few: number): number | bigint | undefined {
  return get(few, 0);
}
function getAt(few: number, at: number): number | bigint | undefined {
  return get((few >> (bitsOfCode * at)) & 7, at);
}
function get(code: number, at: number): number | bigint | undefined {
  if (code === I32) return i32[2 * at];
  if (code === F64) return f64[at];
  if (code === I64) return i64[at];
  return f32[2 * at];
}
/** Calls it with those in the area: no array, which costs more than most of what is called. Not for -1. */
export function callWith(few: number, fn: (...args: unknown[]) => unknown): unknown {
  if (few === 0) return fn();
  if (few < 1 << bitsOfCode) return fn(getOne(few));
  if (few < 1 << (2 * bitsOfCode)) return fn(getAt(few, 0), getAt(few, 1));
  if (few < 1 << (3 * bitsOfCode)) return fn(getAt(few, 0), getAt(few, 1), getAt(few, 2));
  return fn(getAt(few, 0), getAt(few, 1), getAt(few, 2), getAt(few, 3));
}
/** Likewise, with one more before them. */
export function callAfter(few: number, fn: (...args: unknown[]) => unknown, first: unknown): unknown {
  if (few === 0) return fn(first);
  if (few < 1 << bitsOfCode) return fn(first, getOne(few));
  if (few < 1 << (2 * bitsOfCode)) return fn(first, getAt(few, 0), getAt(few, 1));
  if (few < 1 << (3 * bitsOfCode)) return fn(first, getAt(few, 0), getAt(few, 1), getAt(few, 2));
  return fn(first, getAt(few, 0), getAt(few, 1), getAt(few, 2), getAt(few, 3));
}
/** Whether getOne knows it. */
export const isOne = (few: number): boolean => few > 0 && few <= F32;
