import { type ExportedFunction, experimental, type FunctionReference, isWazeroError, type Module } from '../index.js';
import { isObject } from './idl.js';
import type { FunctionPart, Realm } from './realm.js';
import type { Type } from './types.js';
import { cannotCross, type FunctionBook, fromWasm, opaque, toWasm } from './values.js';

/** Importers are looked through for those that are gone when there are more. */
const fewest = 1024;

/** Exported functions: functions of JavaScript, one for each function of a guest, whichever way it comes out. */
export class Functions implements FunctionBook {
  readonly #realm: Realm;
  readonly #parts = new WeakMap<object, FunctionPart>();
  /** Of each instance by index. */
  readonly #made = new WeakMap<Module, Map<number, object>>();
  readonly #kept = new WeakMap<Module, readonly FunctionPart[]>();
  readonly #importers = new Set<{ readonly parts: WeakRef<readonly FunctionPart[]> }>();
  #pruneAt = fewest;
  readonly #byReference = new WeakMap<FunctionReference, object>();

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  /** undefined: the value is no function of a guest of this namespace. */
  part(value: unknown): FunctionPart | undefined {
    return isObject(value) ? this.#parts.get(value) : undefined;
  }

  /** The one of that instance and index. */
  make(part: FunctionPart): object {
    let made = this.#made.get(part.module);
    if (made === undefined) {
      made = new Map();
      this.#made.set(part.module, made);
    }
    let f = made.get(part.index);
    if (f === undefined) {
      f = functionFor(part, this.#realm, this);
      Object.defineProperty(f, 'name', { value: `${part.index}`, configurable: true });
      Object.defineProperty(f, 'length', { value: part.type.params.length, configurable: true });
      this.#parts.set(f, part);
      made.set(part.index, f);
    }
    return f;
  }

  /** Imports that JavaScript gave to an instance: a reference to one is the instance's own, and says nothing of who that is. */
  imports(module: Module, parts: readonly FunctionPart[]): void {
    if (parts.length === 0) return;
    if (this.#importers.size >= this.#pruneAt) this.#prune();
    this.#importers.add({ parts: new WeakRef(parts) });
    this.#kept.set(module, parts);
  }
  /** Who makes instances and asks for no references would else have an entry for each for ever. */
  #prune(): void {
    for (const importer of this.#importers) if (importer.parts.deref() === undefined) this.#importers.delete(importer);
    this.#pruneAt = Math.max(fewest, 2 * this.#importers.size);
  }
  #imported(reference: FunctionReference): object | undefined {
    for (const importer of this.#importers) {
      const parts = importer.parts.deref();
      if (parts === undefined) this.#importers.delete(importer);
      else
        for (const part of parts) {
          if (part.module.isClosed) break;
          part.reference ??= part.take();
          if (part.reference === reference) {
            const f = this.make(part);
            this.#byReference.set(reference, f);
            return f;
          }
        }
    }
    return undefined;
  }

  reference(value: unknown): FunctionReference | null {
    if (value === null) return null;
    const part = this.part(value);
    if (part === undefined) throw new TypeError('WebAssembly objects are opaque: this is no exported function');
    part.reference ??= part.take();
    this.#byReference.set(part.reference, value as object);
    return part.reference;
  }

  function(reference: FunctionReference | null): unknown {
    if (reference === null) return null;
    let f = this.#byReference.get(reference);
    if (f !== undefined) return f;
    const { index, paramTypes: params, resultTypes: results } = reference.definition;
    const module = experimental.ownerOf(reference);
    const call = experimental.functionOf(reference);
    if (module === undefined || call === undefined) {
      f = this.#imported(reference);
      if (f !== undefined) return f;
      throw new this.#realm.errors.RuntimeError(
        'the function of JavaScript behind this reference cannot be called from here',
      );
    }
    const part: FunctionPart = { module, name: '', index, type: { params, results }, reference, take: () => reference };
    part.call = call;
    f = this.make(part);
    this.#byReference.set(reference, f);
    return f;
  }
}

const coercions: Partial<Record<Type, number>> = { i32: 0, i64: 1, f32: 2, f64: 3 };

/** The engine's function behind it. */
export function callOf(part: FunctionPart): ExportedFunction {
  part.call ??= part.module.exportedFunction(part.name) as ExportedFunction;
  return part.call;
}

/** A function for that signature. By number of parameters, for an array of arguments costs as much as a call. */
function functionFor(part: FunctionPart, realm: Realm, book: FunctionBook): object {
  const { params, results } = part.type;
  if (opaque(params) || opaque(results))
    return () => {
      throw cannotCross();
    };
  const { translate } = realm.errors;
  /** What the call has answered after all, or throws. */
  const again = (error: unknown, args: readonly unknown[]): unknown => {
    const call = isWazeroError(error) && error.code === 'ERR_WAZERO_BUSY' ? realm.lent(part) : undefined;
    if (call === undefined) throw translate(error);
    try {
      return Reflect.apply(call.callSync, call, args);
    } catch (inside) {
      throw translate(inside);
    }
  };
  const take = (): ExportedFunction => realm.limited(callOf(part));
  const plain = results.every((type) => type !== 'externref' && type !== 'funcref');
  if (plain && params.length <= 4 && params.every((type) => type === 'i32'))
    return ofIntegers(params.length, take, again);
  const back = (result: unknown): unknown => {
    if (plain) return result;
    if (results.length === 1) return fromWasm(results[0] as Type, result, book);
    return (result as unknown[]).map((value, i) => fromWasm(results[i] as Type, value, book));
  };
  const codes = params.map((type) => coercions[type] ?? 4);
  const coerced = (i: number, value: any): any => {
    switch (codes[i]) {
      case 0:
        return value | 0;
      case 1:
        return BigInt.asIntN(64, value);
      case 2:
        return Math.fround(value);
      case 3:
        return +value;
      default:
        return toWasm(params[i] as Type, value, book);
    }
  };
  let call: ExportedFunction | undefined;
  const run = (...args: unknown[]): unknown => {
    let result: unknown;
    try {
      call ??= take();
      result = Reflect.apply(call.callSync, call, args);
    } catch (error) {
      result = again(error, args);
    }
    return back(result);
  };
  switch (params.length) {
    case 0:
      return () => run();
    case 1:
      return (a: unknown) => run(coerced(0, a));
    case 2:
      return (a: unknown, b: unknown) => run(coerced(0, a), coerced(1, b));
    case 3:
      return (a: unknown, b: unknown, c: unknown) => run(coerced(0, a), coerced(1, b), coerced(2, c));
    default:
      return (...args: unknown[]) => run(...params.map((_, i) => coerced(i, args[i])));
  }
}

type FewCall = { callSync(...args: number[]): unknown };
/** The commonest by far. */
function ofIntegers(
  count: number,
  take: () => ExportedFunction,
  again: (error: unknown, args: readonly unknown[]) => unknown,
): object {
  let call: FewCall | undefined;
  const first = (): FewCall => {
    call = take() as unknown as FewCall;
    return call;
  };
  switch (count) {
    case 0:
      return () => {
        try {
          return (call ?? first()).callSync();
        } catch (error) {
          return again(error, []);
        }
      };
    case 1:
      return (a: number) => {
        const x = a | 0;
        try {
          return (call ?? first()).callSync(x);
        } catch (error) {
          return again(error, [x]);
        }
      };
    case 2:
      return (a: number, b: number) => {
        const x = a | 0;
        const y = b | 0;
        try {
          return (call ?? first()).callSync(x, y);
        } catch (error) {
          return again(error, [x, y]);
        }
      };
    case 3:
      return (a: number, b: number, c: number) => {
        const x = a | 0;
        const y = b | 0;
        const z = c | 0;
        try {
          return (call ?? first()).callSync(x, y, z);
        } catch (error) {
          return again(error, [x, y, z]);
        }
      };
    default:
      return (a: number, b: number, c: number, d: number) => {
        const x = a | 0;
        const y = b | 0;
        const z = c | 0;
        const w = d | 0;
        try {
          return (call ?? first()).callSync(x, y, z, w);
        } catch (error) {
          return again(error, [x, y, z, w]);
        }
      };
  }
}
