import type { FunctionReference } from '../index.js';
import { isObject } from './idl.js';
import type { Type } from './types.js';

export const opaque = (types: readonly Type[]): boolean =>
  types.some((type) => type === 'v128' || type === 'exnref' || type.startsWith('ref '));
export const cannotCross = (): TypeError => new TypeError('type incompatibility when transforming from/to JS');

/** A function of guests and its reference, both ways. */
export interface FunctionBook {
  /** @throws TypeError for what is no function of a guest, nor null */
  reference(value: unknown): FunctionReference | null;
  function(reference: FunctionReference | null): unknown;
}

/** Thenables that are values to a guest: as answers of a host function they would be waited for. */
class Box {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
const boxes = new WeakMap<object, Box>();
function boxed(value: unknown): unknown {
  if (!isObject(value) || typeof value.then !== 'function') return value;
  let box = boxes.get(value);
  if (box === undefined) {
    box = new Box(value);
    boxes.set(value, box);
  }
  return box;
}

/** ToWebAssemblyValue. */
export function toWasm(type: Type, value: any, book: FunctionBook): any {
  switch (type) {
    case 'i32':
      return value | 0;
    case 'i64':
      return BigInt.asIntN(64, value);
    case 'f32':
      return Math.fround(value);
    case 'f64':
      return +value;
    case 'externref':
      return boxed(value);
    case 'funcref':
      return book.reference(value);
    default:
      throw cannotCross();
  }
}

/** ToJSValue. */
export function fromWasm(type: Type, value: any, book: FunctionBook): unknown {
  switch (type) {
    case 'externref':
      return value instanceof Box ? value.value : value;
    case 'funcref':
      return book.function(value);
    case 'i32':
    case 'i64':
    case 'f32':
    case 'f64':
      return value;
    default:
      throw cannotCross();
  }
}

/** DefaultValue, as JavaScript has it. */
export const defaultValue = (type: Type): unknown =>
  type === 'i64' ? 0n : type === 'externref' ? undefined : type === 'funcref' ? null : 0;

/** What a descriptor calls a value type: funcref is 'anyfunc' there. */
export function valueTypeNamed(value: unknown): Type {
  const name = String(value);
  if (name === 'anyfunc') return 'funcref';
  if (name === 'i32' || name === 'i64' || name === 'f32' || name === 'f64' || name === 'v128' || name === 'externref')
    return name;
  throw new TypeError(`Expected a value type but received '${name.slice(0, 40)}'`);
}
