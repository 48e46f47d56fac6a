import { type InvalidArgumentError, invalidArgument, type OutOfRangeError, outOfRange } from './errors.js';
import { types } from './node.js';

// All argument errors have one form: "Expected X for name but received Y".

/** A value as it is shown in a message: short, never its own code. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
    case 'bigint':
      return `${value}n`;
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    default:
      return value === null ? 'null' : `an instance of ${className(value as object)}`;
  }
}

function className(value: object): string {
  try {
    const made: unknown = value.constructor;
    return typeof made === 'function' && made.name !== '' ? made.name : 'Object';
  } catch {
    return 'Object'; // a Proxy or getter that throws
  }
}

export function wrongType(expected: string, name: string, value: unknown): InvalidArgumentError {
  return invalidArgument(`Expected ${expected} for ${name} but received ${show(value)}`);
}
export function wrongRange(expected: string, name: string, value: unknown): OutOfRangeError {
  return outOfRange(`Expected ${expected} for ${name} but received ${show(value)}`);
}

export function checkBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw wrongType('a boolean', name, value);
}
export function checkString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw wrongType('a string', name, value);
}
/** Each of them; a copy. */
export function checkStrings(
  values: readonly unknown[],
  name: string,
  check: (value: unknown, name: string) => asserts value is string = checkString,
): readonly string[] {
  return Object.freeze(
    values.map((value, i) => {
      check(value, `${name}[${i}]`);
      return value;
    }),
  );
}
/** What WebAssembly knows by name: half of a surrogate pair would be U+FFFD there, which may be another's name. */
export function checkName(value: unknown, name: string): asserts value is string {
  checkString(value, name);
  if (!value.isWellFormed()) throw wrongType('a string without lone surrogates', name, value);
}
export function checkFunction(value: unknown, name: string): asserts value is (...args: never) => unknown {
  if (typeof value !== 'function') throw wrongType('a function', name, value);
}
export function checkObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== 'object' || value === null) throw wrongType('an object', name, value);
}

/** An integer of min to max. What is no integer at all is a TypeError, what lies outside a RangeError. */
export function checkInteger(value: unknown, min: number, max: number, name: string): asserts value is number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  const expected = `an integer from ${min} to ${max}`;
  if (Number.isInteger(value) || value === Infinity || value === -Infinity) throw wrongRange(expected, name, value);
  throw wrongType(expected, name, value);
}

export const MAX_U32 = 0xffffffff;

/** Milliseconds; Infinity where none is wanted, undefined where nothing is said. */
export function checkTimeout(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType('a number', name, value);
  if (!(value > 0)) throw wrongRange('a positive number of milliseconds', name, value);
  return value;
}

const MOST_FUEL = 2n ** 63n - 2n;

/** undefined where nothing is said. The largest number there is would be no limit to native code. */
export function checkFuel(value: unknown, name: string): bigint | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'bigint') {
    if (typeof value === 'number' && !(value >= 0)) throw wrongRange('a bigint that is not negative', name, value);
    throw wrongType('a bigint', name, value);
  }
  if (value < 0n || value > MOST_FUEL) throw wrongRange(`a bigint from 0 to ${MOST_FUEL}`, name, value);
  return value;
}

export function checkSignal(value: unknown, name: string): AbortSignal | undefined {
  if (value === undefined) return undefined;
  // Not instanceof: a signal of another realm (vm, jsdom) is one, too.
  const signal = value as AbortSignal;
  if (typeof value !== 'object' || value === null || typeof signal.aborted !== 'boolean')
    throw wrongType('an AbortSignal', name, value);
  if (typeof signal.addEventListener !== 'function') throw wrongType('an AbortSignal', name, value);
  return signal;
}

/** The bytes of a BinarySource, not copied. */
export function checkBinary(value: unknown, name: string): Uint8Array {
  const expected = 'an ArrayBuffer or a view of one';
  if (types.isArrayBuffer(value)) return bytesOf(value, 0, undefined, name);
  if (!ArrayBuffer.isView(value)) throw wrongType(expected, name, value);
  if (isShared(value))
    throw invalidArgument(`Expected ${expected} for ${name} but received a view of a SharedArrayBuffer`);
  return bytesOf(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength, name);
}

function bytesOf(buffer: ArrayBuffer, offset: number, length: number | undefined, name: string): Uint8Array {
  try {
    return new Uint8Array(buffer, offset, length);
  } catch {
    // Nothing else is wrong with a view that exists; Node 20 has no ArrayBuffer.prototype.detached to ask.
    throw invalidArgument(`Expected bytes for ${name} but received an ArrayBuffer that is detached`);
  }
}

/** Another thread could change the bytes while they are read. */
export function isShared(view: ArrayBufferView): boolean {
  return types.isSharedArrayBuffer(view.buffer);
}

export function checkBytes(value: unknown, name: string): asserts value is Uint8Array {
  if (!types.isUint8Array(value)) throw wrongType('a Uint8Array', name, value);
}

/** Refuses keys that are none of ours: a misspelt option must not be silently without effect. */
export function checkKeys(value: object, known: readonly string[], name: string): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw invalidArgument(`Expected one of ${known.join(', ')} for a key of ${name} but received ${show(key)}`);
  }
}

/** A file descriptor. */
export function checkFd(value: number, name: string): void {
  checkInteger(value, 0, 0x7fffffff, name);
}
