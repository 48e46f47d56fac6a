/** What Web IDL says of interfaces: whom a method may be called on, how numbers are read, what a class looks like from outside. */

export type Anything = Record<PropertyKey, unknown>;
export const isObject = (value: unknown): value is Anything =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** A class of the namespace: how its objects are made, and what is inside of one. */
export interface Kind<Part> {
  readonly constructor: new (...args: never[]) => object;
  make(part: Part): object;
  /** undefined: the value is none of this class. */
  part(value: unknown): Part | undefined;
}

/** Hands a new object its inside past the constructor that everybody may call. */
export class Birth<Part> {
  #part: Part | undefined;
  give<T>(part: Part, construct: () => T): T {
    this.#part = part;
    return construct();
  }
  /** undefined: somebody else calls the constructor. */
  take(): Part | undefined {
    const part = this.#part;
    this.#part = undefined;
    return part;
  }
}

/** [EnforceRange] unsigned long. */
export function enforceRange(value: unknown, what: string, most = 0xffffffff): number {
  // A bigint is no number to Web IDL, though Number takes it.
  if (typeof value === 'bigint') throw new TypeError(`${what} must be convertible to a valid number`);
  const number = Math.trunc(Number(value));
  if (!Number.isFinite(number)) throw new TypeError(`${what} must be convertible to a valid number`);
  if (number < 0 || number > most) throw new TypeError(`${what} must be in the range of 0 to ${most}`);
  return number + 0; // never -0
}

/** The receiver's inside, or the error that V8 has for a wrong receiver. */
export function receiver<Part>(kind: Kind<Part>, value: unknown, where: string): Part {
  const part = kind.part(value);
  if (part === undefined) throw new TypeError(`${where}: Receiver is not a ${where.slice(0, where.lastIndexOf('.'))}`);
  return part;
}

export const setLength = (object: object, name: string, length: number): void =>
  void Object.defineProperty((object as Anything)[name] as object, 'length', { value: length, configurable: true });

/** Makes a class what Web IDL's are: members can be enumerated, `length` counts what must be given, and there is a tag. */
export function asInterface(made: Kind<unknown>['constructor'], name: string, length: number): void {
  Object.defineProperty(made, 'length', { value: length, configurable: true });
  Object.defineProperty(made, 'name', { value: name, configurable: true }); // a bundler may have given it another
  const own = ['prototype', 'length', 'name'];
  for (const [object, skipped] of [
    [made.prototype as object, ['constructor']],
    [made, own],
  ] as const)
    for (const key of Object.getOwnPropertyNames(object)) {
      if ((skipped as readonly string[]).includes(key)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
      Object.defineProperty(object, key, { ...descriptor, enumerable: true });
    }
  Object.defineProperty(made.prototype, Symbol.toStringTag, {
    value: `WebAssembly.${name}`,
    configurable: true,
  });
}

/** An error class like those that JavaScript has: callable without new, its name and message on the prototype. */
export function nativeError(name: string): ErrorConstructor {
  const made = {
    [name]: function (this: unknown, message?: unknown, options?: unknown): Error {
      const target = new.target ?? made;
      return Reflect.construct(Error, message === undefined ? [undefined, options] : [message, options], target);
    },
  }[name] as unknown as ErrorConstructor;
  Object.defineProperty(made, 'length', { value: 1, configurable: true });
  Object.setPrototypeOf(made, Error);
  const prototype: object = Object.create(Error.prototype);
  for (const [key, value] of [
    ['constructor', made],
    ['name', name],
    ['message', ''],
  ] as const)
    Object.defineProperty(prototype, key, { value, writable: true, configurable: true, enumerable: false });
  Object.defineProperty(made, 'prototype', { value: prototype, writable: false });
  return made;
}

/** A copy of what a BufferSource holds. */
export function bytesOf(source: unknown, where: string): Uint8Array {
  if (ArrayBuffer.isView(source))
    return new Uint8Array(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  if (source instanceof ArrayBuffer || source instanceof SharedArrayBuffer)
    return new Uint8Array(new Uint8Array(source));
  throw new TypeError(`${where}: Argument 0 must be a buffer source`);
}
