import { exceptionClass } from './exception.js';
import { Functions } from './functions.js';
import { globalClass } from './global.js';
import { bytesOf, isObject } from './idl.js';
import { instanceClass } from './instance.js';
import { memoryClass } from './memory.js';
import { moduleClass } from './module.js';
import { Owners } from './owners.js';
import { promising, suspendingClass } from './promising.js';
import { Realm } from './realm.js';
import { bytesOfResponse } from './streaming.js';
import { compileSettings } from './strings.js';
import { tableClass } from './table.js';
import { tagClass } from './tag.js';
import type { WebAssemblyOptions } from './types.js';

/** The object, with its functions, classes and errors. */
export function makeNamespace(options: WebAssemblyOptions): object {
  const realm = new Realm(options);
  const owners = new Owners(realm);
  const functions = new Functions(realm);
  const modules = moduleClass(realm);
  const instances = instanceClass(realm, functions);
  realm.module = modules;
  realm.instance = instances;
  realm.memory = memoryClass(realm, owners);
  realm.table = tableClass(realm, owners, functions);
  realm.global = globalClass(realm, owners, functions);
  realm.tag = tagClass(realm, owners);
  realm.exception = exceptionClass(realm, functions);
  realm.suspending = suspendingClass(realm);

  const checkImportObject = (value: unknown, where: string): void => {
    if (value !== undefined && !isObject(value)) throw new TypeError(`${where}: Argument 1 must be an object`);
  };
  const both = async (module: object, importObject: unknown): Promise<object> => {
    const part = modules.part(module);
    if (part === undefined) throw new TypeError('Argument 0 must be a WebAssembly.Module');
    return { module, instance: instances.prepare(part, importObject)() };
  };

  const operations = {
    validate(source: unknown, compileOptions?: unknown): boolean {
      const where = 'WebAssembly.validate()';
      return modules.validate(bytesOf(source, where), compileSettings(compileOptions, where));
    },
    async compile(source: unknown, compileOptions?: unknown): Promise<object> {
      const where = 'WebAssembly.compile()';
      return modules.compile(bytesOf(source, where), compileSettings(compileOptions, where), where);
    },
    async instantiate(source: unknown, importObject?: unknown, compileOptions?: unknown): Promise<object> {
      const where = 'WebAssembly.instantiate()';
      const part = modules.part(source);
      if (part !== undefined) {
        checkImportObject(importObject, where);
        const instantiate = instances.prepare(part, importObject);
        await undefined;
        return instantiate();
      }
      const bytes = bytesOf(source, where);
      checkImportObject(importObject, where);
      const settings = compileSettings(compileOptions, where);
      return both(await modules.compile(bytes, settings, where), importObject);
    },
    async compileStreaming(source: unknown, compileOptions?: unknown): Promise<object> {
      const where = 'WebAssembly.compileStreaming()';
      const settings = compileSettings(compileOptions, where);
      return modules.compile(await bytesOfResponse(source, where), settings, where);
    },
    async instantiateStreaming(source: unknown, importObject?: unknown, compileOptions?: unknown): Promise<object> {
      const where = 'WebAssembly.instantiateStreaming()';
      checkImportObject(importObject, where);
      const settings = compileSettings(compileOptions, where);
      return both(await modules.compile(await bytesOfResponse(source, where), settings, where), importObject);
    },
    promising: (wrapped: unknown) => promising(realm, functions, wrapped),
  };

  const namespace: object = {};
  const define = (key: PropertyKey, value: unknown, enumerable: boolean): void =>
    void Object.defineProperty(namespace, key, { value, writable: true, configurable: true, enumerable });
  for (const [name, of] of Object.entries({
    Module: realm.module,
    Instance: realm.instance,
    Memory: realm.memory,
    Table: realm.table,
    Global: realm.global,
    Tag: realm.tag,
    Exception: realm.exception,
    Suspending: realm.suspending,
  }))
    define(name, of.constructor, false);
  const { CompileError, LinkError, RuntimeError } = realm.errors;
  for (const [name, error] of Object.entries({ CompileError, LinkError, RuntimeError })) define(name, error, false);
  for (const [name, operation] of Object.entries(operations)) {
    Object.defineProperty(operation, 'length', { value: 1, configurable: true });
    define(name, operation, true);
  }
  define('JSTag', realm.jsTag, false);
  Object.defineProperty(namespace, Symbol.toStringTag, { value: 'WebAssembly', configurable: true });
  Object.defineProperty(namespace, Symbol.asyncDispose, { value: () => realm.close(), configurable: true });
  return namespace;
}
