import type { ExportedFunction, FunctionReference } from '../index.js';
import { isObject } from './idl.js';
import { type Owners, strayFunction } from './owners.js';
import type { FunctionPart, Realm } from './realm.js';
import type { FunctionType, Type } from './types.js';
import { cannotCross, type FunctionBook, fromWasm, opaque, toWasm } from './values.js';

/** Exported functions: functions of JavaScript, one for each function of a guest, whichever way it comes out. */
export class Functions implements FunctionBook {
  readonly #realm: Realm;
  readonly #owners: Owners;
  readonly #parts = new WeakMap<object, FunctionPart>();
  readonly #byReference = new WeakMap<FunctionReference, object>();
  /** Those whose reference nobody has asked for. */
  readonly #unasked = new Map<FunctionPart, object>();

  constructor(realm: Realm, owners: Owners) {
    this.#realm = realm;
    this.#owners = owners;
  }

  /** undefined: the value is no function of a guest of this namespace. */
  part(value: unknown): FunctionPart | undefined {
    return isObject(value) ? this.#parts.get(value) : undefined;
  }

  make(part: FunctionPart, name: string): object {
    const made = functionFor(part, this.#realm, this);
    Object.defineProperty(made, 'name', { value: name, configurable: true });
    Object.defineProperty(made, 'length', { value: part.type.params.length, configurable: true });
    this.#parts.set(made, part);
    if (part.reference === undefined) this.#unasked.set(part, made);
    else this.#byReference.set(part.reference, made);
    return made;
  }

  /** Another module's word for a function: each importer has its own. */
  alias(made: object, owner: Pick<FunctionPart, 'module' | 'take'>, type: FunctionType): void {
    this.#unasked.set({ ...owner, name: '', type }, made);
  }

  reference(value: unknown): FunctionReference | null {
    if (value === null) return null;
    const part = this.part(value);
    if (part === undefined) throw new TypeError('WebAssembly objects are opaque: this is no exported function');
    return this.referenceOf(part, value as object);
  }
  referenceOf(part: FunctionPart, made: object): FunctionReference {
    part.reference ??= part.take();
    this.#unasked.delete(part);
    this.#byReference.set(part.reference, made);
    return part.reference;
  }

  function(reference: FunctionReference | null): unknown {
    if (reference === null) return null;
    const known = this.#byReference.get(reference);
    if (known !== undefined) return known;
    for (const [part, made] of this.#unasked) this.referenceOf(part, made);
    const asked = this.#byReference.get(reference);
    if (asked !== undefined) return asked;
    // Nobody exported it.
    const { index } = reference.definition;
    return this.make(strayFunction(this.#owners, reference), `${index}`);
  }
}

const coercions: Partial<Record<Type, number>> = { i32: 0, i64: 1, f32: 2, f64: 3 };

/** A function for that signature. By number of parameters, for an array of arguments costs as much as a call. */
function functionFor(part: FunctionPart, realm: Realm, book: FunctionBook): object {
  const { params, results } = part.type;
  if (opaque(params) || opaque(results))
    return () => {
      throw cannotCross();
    };
  const { translate } = realm.errors;
  const take = (): ExportedFunction => {
    part.call ??= realm.limited(part.module.exportedFunction(part.name) as ExportedFunction);
    return part.call;
  };
  const plain = results.every((type) => type !== 'externref' && type !== 'funcref');
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
      throw translate(error);
    }
    return back(result);
  };
  if (plain && params.length <= 4 && codes.every((code) => code === 0))
    return ofIntegers(params.length, take, translate);
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
function ofIntegers(count: number, take: () => ExportedFunction, translate: (error: unknown) => unknown): object {
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
          throw translate(error);
        }
      };
    case 1:
      return (a: number) => {
        const x = a | 0;
        try {
          return (call ?? first()).callSync(x);
        } catch (error) {
          throw translate(error);
        }
      };
    case 2:
      return (a: number, b: number) => {
        const x = a | 0;
        const y = b | 0;
        try {
          return (call ?? first()).callSync(x, y);
        } catch (error) {
          throw translate(error);
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
          throw translate(error);
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
          throw translate(error);
        }
      };
  }
}
