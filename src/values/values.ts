import { invalidArgument, outOfRange } from './errors.js';
import { types } from './node.js';
import type { ReferenceTable } from './references.js';
import type { ValueType, WasmValue } from './types.js';
import { wrongRange, wrongType } from './validate.js';

// Values cross as 64-bit words; v128 takes two, low half first.

const f64 = new Float64Array(1);
const f32 = new Float32Array(f64.buffer);
const word = new BigUint64Array(f64.buffer);

const valueTypes: readonly string[] = [
  'i32',
  'i64',
  'f32',
  'f64',
  'v128',
  'externref',
  'funcref',
] satisfies ValueType[];

export function checkValueTypes(value: unknown, name: string): asserts value is readonly ValueType[] {
  if (!Array.isArray(value)) throw wrongType('an array of value types', name, value);
  for (let i = 0; i < value.length; i++) checkValueType(value[i], name, i);
}
function checkValueType(type: any, name: string, i: number): number {
  const code = valueTypes.indexOf(type);
  if (code < 0) throw wrongType(`one of ${valueTypes.join(', ')}`, `${name}[${i}]`, type);
  return code;
}

/** Short lists, by their types as digits after a 1. Host modules are made for each instance, with the same few. */
const knownLists = new Map<number, readonly ValueType[]>();
const mostDigits = 16;
/** Of the parameters of a function, and of its results: a guest's that has more is refused (native/go/prescan). */
const mostTypes = 1000;

/** A copy, checked. Not to be written to: it is everybody's. */
export function valueTypesOf(value: unknown, name: string): readonly ValueType[] {
  if (!Array.isArray(value)) throw wrongType('an array of value types', name, value);
  const { length } = value;
  if (length > mostTypes)
    throw outOfRange(
      `Expected at most ${mostTypes} value types for ${name}, as guests may have, but received ${length}`,
    );
  const types: ValueType[] = [];
  let key = 1;
  for (let i = 0; i < length; i++) {
    const type: ValueType = value[i];
    key = key * 8 + checkValueType(type, name, i);
    types.push(type);
  }
  if (length > mostDigits) return types;
  const known = knownLists.get(key);
  if (known !== undefined) return known;
  if (knownLists.size < 1_000) knownLists.set(key, types);
  return types;
}

export function sameTypes(a: readonly ValueType[], b: readonly ValueType[]): boolean {
  return a.length === b.length && a.every((type, i) => type === b[i]);
}

/** A function's types, with what follows from them. */
export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly paramWords: number;
  readonly resultWords: number;
  /** Of the larger of the two: as long as a stack must be. */
  readonly words: number;
  readonly hasReferences: boolean;
}
export function signature(params: readonly ValueType[], results: readonly ValueType[]): Signature {
  const paramWords = countWords(params);
  const resultWords = countWords(results);
  const hasReferences = params.some(isReference) || results.some(isReference);
  return { params, results, paramWords, resultWords, words: Math.max(paramWords, resultWords), hasReferences };
}
const isReference = (type: ValueType) => type === 'externref' || type === 'funcref';
export function countWords(types: readonly ValueType[]): number {
  let words = types.length;
  for (let i = 0; i < types.length; i++) if (types[i] === 'v128') words++;
  return words;
}
export function showTypes(params: readonly ValueType[], results: readonly ValueType[]): string {
  return `(${params.join(', ')}) -> (${results.join(', ')})`;
}

/** Writes values into words. `name` says what a value is for, given its position. */
export function encode(
  types: readonly ValueType[],
  values: readonly unknown[],
  words: BigUint64Array,
  references: ReferenceTable,
  name: (position: number) => string,
): void {
  let at = 0;
  for (let i = 0; i < types.length; i++) {
    const type = types[i] as ValueType;
    const value = values[i];
    if (type === 'v128') {
      const view = vector(value, i, name);
      words[at++] = view.getBigUint64(0, true);
      words[at++] = view.getBigUint64(8, true);
    } else {
      words[at++] = encodeOne(type, value, references, i, name);
    }
  }
}

/** As `encode`, into words that others use, too: a v128 that looks at itself may call a guest, so they are written once all are there. */
export function encodeWhole(
  types: readonly ValueType[],
  values: readonly unknown[],
  words: BigUint64Array,
  references: ReferenceTable,
  name: (position: number) => string,
): void {
  if (types.length < 2) {
    encode(types, values, words, references, name);
    return;
  }
  const whole = new BigUint64Array(countWords(types));
  encode(types, values, whole, references, name);
  words.set(whole);
}

const MIN_I64 = -(2n ** 63n);
const MAX_U64 = 2n ** 64n - 1n;

function encodeOne(
  type: Exclude<ValueType, 'v128'>,
  value: unknown,
  references: ReferenceTable,
  position: number,
  name: (position: number) => string,
): bigint {
  switch (type) {
    case 'i32':
      if (typeof value === 'number' && Number.isInteger(value) && value >= -0x80000000 && value <= 0xffffffff)
        return BigInt(value >>> 0);
      throw numberError(value, 'an integer from -2147483648 to 4294967295', name(position));
    case 'i64':
      if (typeof value !== 'bigint') throw wrongType('a bigint', name(position), value);
      if (value < MIN_I64 || value > MAX_U64) throw wrongRange('a bigint from -2^63 to 2^64-1', name(position), value);
      return BigInt.asUintN(64, value);
    case 'f32':
      if (typeof value !== 'number') throw wrongType('a number', name(position), value);
      word[0] = 0n;
      f32[0] = value;
      return word[0] as bigint;
    case 'f64':
      if (typeof value !== 'number') throw wrongType('a number', name(position), value);
      f64[0] = value;
      return word[0] as bigint;
    case 'externref':
      return references.add(value);
    case 'funcref':
      return references.funcrefWord(value, name(position));
    default:
      throw invalidArgument(`Expected ${name(position)} to have a type that can cross but it is ${type}`);
  }
}

function numberError(value: unknown, expected: string, name: string): Error {
  const outside = Number.isInteger(value) || value === Infinity || value === -Infinity;
  return outside ? wrongRange(expected, name, value) : wrongType(expected, name, value);
}

function vector(value: unknown, position: number, name: (position: number) => string): DataView {
  if (!types.isUint8Array(value)) throw wrongType('a Uint8Array of 16 bytes', name(position), value);
  if (value.byteLength !== 16)
    throw invalidArgument(
      `Expected a Uint8Array of 16 bytes for ${name(position)} but received one of ${value.byteLength}`,
    );
  return new DataView(value.buffer, value.byteOffset, 16);
}

/** The values in words, from its beginning. */
export function decode(types: readonly ValueType[], words: BigUint64Array, references: ReferenceTable): WasmValue[] {
  const values = new Array<WasmValue>(types.length);
  let at = 0;
  for (let i = 0; i < types.length; i++) {
    const type = types[i] as ValueType;
    if (type === 'v128') {
      values[i] = vectorOf(words[at] as bigint, words[at + 1] as bigint);
      at += 2;
    } else {
      values[i] = decodeOne(type, words[at++] as bigint, references);
    }
  }
  return values;
}

/** No result: undefined; one: the value; several: an array. */
export function decodeResults(types: readonly ValueType[], words: BigUint64Array, references: ReferenceTable): unknown {
  if (types.length === 0) return undefined;
  const first = types[0] as ValueType;
  if (types.length === 1 && first !== 'v128') return decodeOne(first, words[0] as bigint, references);
  const values = decode(types, words, references);
  return types.length === 1 ? values[0] : values;
}

function decodeOne(type: Exclude<ValueType, 'v128'>, bits: bigint, references: ReferenceTable): WasmValue {
  switch (type) {
    case 'i32':
      return Number(BigInt.asIntN(32, bits));
    case 'i64':
      return BigInt.asIntN(64, bits);
    case 'f32':
      word[0] = bits;
      return f32[0] as number;
    case 'f64':
      word[0] = bits;
      return f64[0] as number;
    case 'externref':
      return references.value(bits);
    case 'funcref':
      return references.funcref(bits);
    default: // exnref
      throw invalidArgument(`Values of type ${type} cannot cross to JavaScript`);
  }
}

function vectorOf(low: bigint, high: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, low, true);
  view.setBigUint64(8, high, true);
  return bytes;
}

/** What a host function returned, as a list as long as its results: a copy, for a getter of it may call a guest while the words are written. */
export function hostResults(types: readonly ValueType[], result: unknown, name: string): readonly unknown[] {
  if (types.length === 1) return [result];
  if (types.length === 0) {
    if (result !== undefined) throw wrongType('no result', name, result);
    return [];
  }
  if (!Array.isArray(result)) throw wrongType(`an array of ${types.length} results`, name, result);
  const list: readonly unknown[] = result.length === types.length ? [...result] : result;
  if (list.length !== types.length)
    throw invalidArgument(`Expected ${types.length} results for ${name} but received ${list.length}`);
  return list;
}
