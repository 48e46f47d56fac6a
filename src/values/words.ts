import type { ReferenceTable } from './references.js';
import type { ValueType } from './types.js';
import { decode, decodeResults } from './values.js';

// As encode and decode of values.ts, for the types that need nothing but the bits, and without a bigint for each word.

/** Several views of the same words. */
export interface Words {
  readonly all: BigUint64Array;
  readonly i64: BigInt64Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}
export function wordsOver(buffer: ArrayBuffer, offset: number, count: number): Words {
  return {
    all: new BigUint64Array(buffer, offset, count),
    i64: new BigInt64Array(buffer, offset, count),
    u32: new Uint32Array(buffer, offset, 2 * count),
    i32: new Int32Array(buffer, offset, 2 * count),
    f32: new Float32Array(buffer, offset, 2 * count),
    f64: new Float64Array(buffer, offset, count),
  };
}

/** Writes them; false where something is wrong or of another type. */
export function put(types: readonly ValueType[], values: readonly unknown[], words: Words): boolean {
  if (values.length !== types.length) return false;
  for (let i = 0; i < types.length; i++) {
    const value = values[i];
    switch (types[i]) {
      case 'i32':
        if (typeof value !== 'number' || ((value | 0) !== value && value >>> 0 !== value)) return false;
        words.u32[2 * i] = value;
        words.u32[2 * i + 1] = 0;
        break;
      case 'f64':
        if (typeof value !== 'number') return false;
        words.f64[i] = value;
        break;
      case 'i64':
        if (typeof value !== 'bigint') return false;
        if (BigInt.asIntN(64, value) !== value && BigInt.asUintN(64, value) !== value) return false;
        words.i64[i] = value;
        break;
      case 'f32':
        if (typeof value !== 'number') return false;
        words.f32[2 * i] = value;
        words.u32[2 * i + 1] = 0;
        break;
      default:
        return false;
    }
  }
  return true;
}

/** Whose references the values are: looked for only where there are some. */
interface OfGroup {
  readonly module: { readonly group: { readonly references: ReferenceTable } };
}

/** The values, in an array of their own. */
export function list(types: readonly ValueType[], words: Words, state: OfGroup): unknown[] {
  const values = new Array<unknown>(types.length);
  for (let i = 0; i < types.length; i++) {
    switch (types[i]) {
      case 'i32':
        values[i] = words.i32[2 * i];
        break;
      case 'f64':
        values[i] = words.f64[i];
        break;
      case 'i64':
        values[i] = words.i64[i];
        break;
      case 'f32':
        values[i] = words.f32[2 * i];
        break;
      default:
        return decode(types, words.all, state.module.group.references);
    }
  }
  return values;
}

/** One value as it is, several as an array. */
export function get(types: readonly ValueType[], words: Words, state: OfGroup): unknown {
  if (types.length !== 1) return list(types, words, state);
  switch (types[0]) {
    case 'i32':
      return words.i32[0];
    case 'f64':
      return words.f64[0];
    case 'i64':
      return words.i64[0];
    case 'f32':
      return words.f32[0];
    default:
      return decodeResults(types, words.all, state.module.group.references);
  }
}
