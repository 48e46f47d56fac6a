import type { HostResult, ValueType } from '../index.js';
import { isObject } from './idl.js';
import type { FunctionType, Type } from './types.js';
import { cannotCross, type FunctionBook, fromWasm, opaque, toWasm } from './values.js';

type HostFunction = (...args: any[]) => HostResult<readonly ValueType[]>;

function several(value: unknown, results: readonly Type[]): unknown[] {
  const values = [...(value as Iterable<unknown>)];
  if (values.length !== results.length) throw new TypeError('multi-return length mismatch');
  return values;
}

/** A function of JavaScript as a guest's import: what it gets and answers is converted, and `this` is undefined. */
export function hostFunction(
  given: (...args: any[]) => unknown,
  { params, results }: FunctionType,
  suspending: boolean,
  book: FunctionBook,
  intoGuest: (thrown: unknown) => unknown,
): HostFunction {
  const fn = guarded(given, params.length, intoGuest);
  if (opaque(params) || opaque(results))
    return () => {
      throw cannotCross();
    };
  const finish = (value: unknown): any => {
    if (results.length === 0) return undefined;
    if (results.length === 1) return toWasm(results[0] as Type, value, book);
    return several(value, results).map((one, i) => toWasm(results[i] as Type, one, book));
  };
  const into = params.some((type) => type === 'externref' || type === 'funcref');
  if (into || suspending)
    return (...args) => {
      const value = fn(...args.map((arg, i) => fromWasm(params[i] as Type, arg, book)));
      if (suspending && isObject(value) && typeof value.then === 'function')
        return Promise.resolve(value).then(finish, (error: unknown) => {
          throw intoGuest(error);
        });
      return finish(value);
    };
  if (results.length === 0) return withoutResult(fn, params.length);
  if (results.length === 1 && results[0] === 'i32') return withInteger(fn, params.length);
  return (...args) => finish(fn(...args));
}

/** What it throws is thrown into the guest. */
function guarded(
  fn: (...args: any[]) => unknown,
  count: number,
  intoGuest: (thrown: unknown) => unknown,
): (...args: any[]) => unknown {
  switch (count) {
    case 0:
      return () => {
        try {
          return fn();
        } catch (error) {
          throw intoGuest(error);
        }
      };
    case 1:
      return (a) => {
        try {
          return fn(a);
        } catch (error) {
          throw intoGuest(error);
        }
      };
    case 2:
      return (a, b) => {
        try {
          return fn(a, b);
        } catch (error) {
          throw intoGuest(error);
        }
      };
    default:
      return (...args) => {
        try {
          return fn(...args);
        } catch (error) {
          throw intoGuest(error);
        }
      };
  }
}

function withoutResult(fn: (...args: any[]) => unknown, count: number): HostFunction {
  switch (count) {
    case 0:
      return () => void fn();
    case 1:
      return (a) => void fn(a);
    case 2:
      return (a, b) => void fn(a, b);
    case 3:
      return (a, b, c) => void fn(a, b, c);
    default:
      return (...args) => void fn(...args);
  }
}
function withInteger(fn: (...args: any[]) => any, count: number): HostFunction {
  switch (count) {
    case 0:
      return () => fn() | 0;
    case 1:
      return (a) => fn(a) | 0;
    case 2:
      return (a, b) => fn(a, b) | 0;
    case 3:
      return (a, b, c) => fn(a, b, c) | 0;
    default:
      return (...args) => fn(...args) | 0;
  }
}
