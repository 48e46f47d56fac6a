import type { ExportedFunction } from '../index.js';
import { callOf, type Functions } from './functions.js';
import { asInterface, Birth, isObject, type Kind } from './idl.js';
import type { Realm } from './realm.js';
import type { Type } from './types.js';
import { fromWasm, toWasm } from './values.js';

type AnyFunction = (...args: never[]) => unknown;

/** A function whose Promise the guest waits for, in calls that `promising` made. */
export function suspendingClass(realm: Realm): Kind<AnyFunction> {
  const birth = new Birth<AnyFunction>();
  let read: Kind<AnyFunction>['part'];
  class Suspending {
    readonly #fn: AnyFunction;
    static {
      read = (value) => (isObject(value) && #fn in value ? (value as Suspending).#fn : undefined);
    }
    constructor(fn: unknown) {
      const given = birth.take() ?? fn;
      if (typeof given !== 'function') throw new TypeError('WebAssembly.Suspending(): Argument 0 must be a function');
      this.#fn = given as AnyFunction;
      realm.suspends();
    }
  }
  asInterface(Suspending, 'Suspending', 1);
  return {
    constructor: Suspending,
    make: (fn) => birth.give(fn, () => new Suspending(undefined)),
    part: (value) => read(value),
  };
}

/** The function as one that answers a Promise: its guest runs off the JS thread. */
export function promising(
  realm: Realm,
  functions: Functions,
  wrapped: unknown,
): (...args: unknown[]) => Promise<unknown> {
  const part = functions.part(wrapped);
  if (part === undefined)
    throw new TypeError('WebAssembly.promising(): Argument 0 must be a WebAssembly exported function');
  const { params, results } = part.type;
  let call: ExportedFunction | undefined;
  const made = async (...args: unknown[]): Promise<unknown> => {
    const values = params.map((type, i) => toWasm(type, args[i], functions));
    let result: unknown;
    try {
      // Inside a host function that the guest waits for: one more frame on the guest's stack, and not a call that waits for its end.
      const inside = realm.lent(part);
      call ??= callOf(part).withOptions(realm.asyncLimit);
      result = await (inside ?? call).call(...values);
    } catch (error) {
      throw realm.errors.translate(error);
    }
    if (results.length === 0) return undefined;
    if (results.length === 1) return fromWasm(results[0] as Type, result, functions);
    return (result as unknown[]).map((value, i) => fromWasm(results[i] as Type, value, functions));
  };
  Object.defineProperty(made, 'name', { value: (wrapped as AnyFunction).name, configurable: true });
  Object.defineProperty(made, 'length', { value: params.length, configurable: true });
  return made;
}
