import type { ExportedFunction, FunctionReference, Module } from '../index.js';
import type { Export } from './binary.js';
import type { Functions } from './functions.js';
import { asInterface, Birth, isObject, type Kind, receiver } from './idl.js';
import { type Given, readImports } from './imports.js';
import { linked } from './link.js';
import type { FunctionPart, InstancePart, ModulePart, Realm } from './realm.js';
import { importedAs, referenceOf } from './rewrite.js';
import type { ExternKind, Type } from './types.js';

export interface InstanceKind extends Kind<InstancePart> {
  /** Reads the imports now; what it gives makes the instance. */
  prepare(module: ModulePart, importObject: unknown): () => object;
}

export function instanceClass(realm: Realm, functions: Functions): InstanceKind {
  const birth = new Birth<InstancePart>();
  let read: Kind<InstancePart>['part'];

  class Instance {
    readonly #part: InstancePart;
    static {
      read = (value) => (isObject(value) && #part in value ? (value as Instance).#part : undefined);
    }
    constructor(module: unknown, importObject?: unknown) {
      this.#part = birth.take() ?? make(moduleOf(module), importObject);
    }
    get exports(): object {
      return receiver(kind, this, 'WebAssembly.Instance.exports').exports;
    }
  }
  asInterface(Instance, 'Instance', 1);

  function moduleOf(value: unknown): ModulePart {
    const part = realm.module.part(value);
    if (part === undefined) throw new TypeError('WebAssembly.Instance(): Argument 0 must be a WebAssembly.Module');
    return part;
  }
  function make(module: ModulePart, importObject: unknown): InstancePart {
    if (importObject !== undefined && !isObject(importObject))
      throw new TypeError('WebAssembly.Instance(): Argument 1 must be an object');
    return build(module, readImports(realm, functions, module, importObject));
  }

  function build(part: ModulePart, list: readonly Given[]): InstancePart {
    let module: Module;
    try {
      const options = { ...realm.timeLimit, imports: linked(realm, functions, list) };
      module = realm.runtime.instantiateModuleSync(part.compiled, realm.config, options);
    } catch (error) {
      throw realm.errors.translate(error);
    }
    return { exports: exportsOf(part, module, list) };
  }

  function exportsOf({ binary }: ModulePart, module: Module, list: readonly Given[]): object {
    // Of each kind by index: what was imported is what it was before. Functions are kept by their instance.
    const known = new Map<string, object>();
    const takeAt = (index: number) => () =>
      (module.exportedFunction(referenceOf) as ExportedFunction).callSync(index as never) as FunctionReference;
    const hosts: FunctionPart[] = [];
    for (const given of list) {
      const { kind, index } = given.import;
      if ('host' in given) {
        const { type } = given.import;
        hosts.push({ module, name: importedAs(index), index, type, take: takeAt(index) });
      }
      if (given.object !== undefined) known.set(`${kind}${index}`, given.object);
    }
    functions.imports(module, hosts);
    const make = ({ kind, index, name }: Export): object => {
      const owner = { module, name };
      switch (kind) {
        case 'function': {
          const type = binary.functions[index] as (typeof binary.functions)[number];
          return functions.make({ ...owner, index, type, take: takeAt(index) });
        }
        case 'memory':
          return realm.memory.make({ ...owner, shared: binary.memories[index]?.shared === true });
        case 'table':
          return realm.table.make({ ...owner, type: binary.tables[index]?.type as Type });
        case 'global':
          return realm.global.make({ ...owner, ...(binary.globals[index] as (typeof binary.globals)[number]) });
        case 'tag': {
          const part = { ...owner, params: binary.tags[index]?.params as Type[] };
          const tag = realm.tag.make(part);
          realm.exportedTags.add(tag, part);
          return tag;
        }
      }
    };
    const exports: object = Object.create(null);
    for (const one of binary.exports) {
      let value: object | undefined;
      if (known.size === 0 && one.kind === 'function') value = make(one);
      else {
        const key = `${one.kind satisfies ExternKind}${one.index}`;
        value = known.get(key) ?? make(one);
        known.set(key, value);
      }
      Object.defineProperty(exports, one.name, { value, enumerable: true, writable: false, configurable: false });
    }
    return Object.preventExtensions(exports);
  }

  const construct = (part: InstancePart): object => birth.give(part, () => new Instance(undefined));
  const kind: InstanceKind = {
    constructor: Instance,
    make: construct,
    part: (value) => read(value),
    prepare(module, importObject) {
      const list = readImports(realm, functions, module, importObject);
      return () => construct(build(module, list));
    },
  };
  return kind;
}
