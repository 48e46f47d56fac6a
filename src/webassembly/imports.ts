import type { Import } from './binary.js';
import type { Functions } from './functions.js';
import type { GlobalKind } from './global.js';
import { isObject } from './idl.js';
import type { FunctionPart, ModulePart, Owner, Realm } from './realm.js';
import type { FunctionType, Type } from './types.js';
import { toWasm } from './values.js';

/** What an import gets: a function that JavaScript made, or what is owned by a guest or by a module that was made for it. */
export type Given =
  | {
      readonly import: Import & { kind: 'function' };
      readonly host: (...args: never[]) => unknown;
      readonly suspending: boolean;
      /** Where it is a guest's. */
      readonly object?: object;
    }
  | { readonly import: Import; readonly object: object; readonly owner: Owner | FunctionPart };

/** Imports hold what is from outside; types that only one module knows by number are compared by the engine. */
const sameTypes = (a: readonly Type[], b: readonly Type[]): boolean =>
  a.length === b.length && a.every((type, i) => type === b[i] || (type.startsWith('ref ') && b[i]?.startsWith('ref ')));
export const sameFunction = (a: FunctionType, b: FunctionType): boolean =>
  sameTypes(a.params, b.params) && sameTypes(a.results, b.results);

const numberTypes: Partial<Record<Type, string>> = { i32: 'number', f32: 'number', f64: 'number', i64: 'bigint' };

/** Reads the import object, in the order of the imports. */
export function readImports(realm: Realm, functions: Functions, part: ModulePart, importObject: unknown): Given[] {
  const { imports } = part.binary;
  const { LinkError } = realm.errors;
  if (importObject === undefined && imports.some((_, i) => !part.given.has(i)))
    throw new TypeError('WebAssembly.Instance(): Imports argument must be present and must be an object');
  const globals = realm.global as GlobalKind;

  const read = (one: Import, position: number): Given => {
    const where = `WebAssembly.Instance(): Import #${position} "${one.module}" "${one.name}"`;
    if (part.given.has(position)) {
      const value = part.given.get(position);
      if (one.kind === 'global') return newGlobal(one, value, 'externref');
      return { import: one as Import & { kind: 'function' }, host: value as () => unknown, suspending: false };
    }
    const from = (importObject as Record<string, unknown>)[one.module];
    if (!isObject(from)) throw new TypeError(`${where}: module is not an object or function`);
    const value = from[one.name];
    if (one.kind === 'function') return functionGiven(one, value, where);
    if (one.kind === 'global') return globalGiven(one, value, where);
    const owner = realm.kindOf(one.kind).part(value);
    if (owner === undefined) {
      const name = one.kind[0]?.toUpperCase() + one.kind.slice(1);
      throw new LinkError(`${where}: ${one.kind} import must be a WebAssembly.${name} object`);
    }
    return { import: one, object: value as object, owner };
  };

  function functionGiven(one: Import & { kind: 'function' }, value: unknown, where: string): Given {
    const suspended = realm.suspending.part(value);
    if (suspended !== undefined) return { import: one, host: suspended, suspending: true };
    if (typeof value !== 'function') throw new LinkError(`${where}: function import requires a callable`);
    const owner = functions.part(value);
    if (owner !== undefined && !sameFunction(owner.type, one.type))
      throw new LinkError(`${where}: imported function does not match the expected type`);
    // One that nobody exported has no name to be linked by: it is called as JavaScript calls it.
    if (owner === undefined || owner.name === '')
      return { import: one, host: value as () => unknown, suspending: false, ...(owner && { object: value }) };
    return { import: one, object: value, owner };
  }

  function newGlobal(one: Import & { kind: 'global' }, value: unknown, type = one.type.type): Given {
    const object = globals.create(type, false, value);
    return { import: one, object, owner: globals.part(object) as Owner };
  }
  function globalGiven(one: Import & { kind: 'global' }, value: unknown, where: string): Given {
    const { type, mutable } = one.type;
    const owner = globals.part(value);
    if (owner !== undefined) {
      if (owner.mutable !== mutable || owner.type !== type)
        throw new LinkError(
          `${where}: imported global does not match the expected ${mutable ? 'mutable ' : ''}${type}`,
        );
      return { import: one, object: value as object, owner };
    }
    const number = numberTypes[type];
    const isValue = number === undefined ? type === 'externref' || type === 'funcref' : typeof value === number;
    if (!isValue || mutable)
      throw new LinkError(
        `${where}: global import must be a ${type === 'i64' ? 'BigInt' : 'number'} or WebAssembly.Global object`,
      );
    if (type === 'funcref' && value !== null && functions.part(value) === undefined)
      throw new LinkError(`${where}: imported funcref global must be null or an exported function`);
    return newGlobal(one, number === undefined ? value : toWasm(type, value, functions));
  }

  return imports.map(read);
}
