import { availableParallelism } from 'node:os';
import { type CompiledModule, CompileError } from '../index.js';
import { Binary } from './binary.js';
import { asInterface, Birth, bytesOf, isObject, type Kind, setLength } from './idl.js';
import { BadBinary } from './reader.js';
import type { ModulePart, Realm } from './realm.js';
import { rewritten } from './rewrite.js';
import { type CompileSettings, checkGiven, compileSettings } from './strings.js';

export interface ModuleKind extends Kind<ModulePart> {
  /** Off the JS thread. */
  compile(bytes: Uint8Array, settings: CompileSettings, where: string): Promise<object>;
  validate(bytes: Uint8Array, settings: CompileSettings): boolean;
}

/** V8 ignores a name section that cannot be read; wazero refuses the module. */
const isOfNames = (error: unknown): boolean =>
  error instanceof CompileError && /section custom|name section/.test(error.message);

export function moduleClass(realm: Realm): ModuleKind {
  const birth = new Birth<ModulePart>();
  let read: Kind<ModulePart>['part'];
  const partOf = (value: unknown, where: string): ModulePart => {
    const part = read(value);
    if (part === undefined) throw new TypeError(`${where}: Argument 0 must be a WebAssembly.Module`);
    return part;
  };

  class Module {
    readonly #part: ModulePart;
    static {
      read = (value) => (isObject(value) && #part in value ? (value as Module).#part : undefined);
    }
    constructor(source: unknown, options?: unknown) {
      const where = 'WebAssembly.Module()';
      this.#part = birth.take() ?? compileNow(bytesOf(source, where), compileSettings(options, where), where);
    }
    static exports(module: unknown): { name: string; kind: string }[] {
      const { binary } = partOf(module, 'WebAssembly.Module.exports()');
      return binary.exports.map(({ name, kind }) => ({ name, kind }));
    }
    static imports(module: unknown): { module: string; name: string; kind: string }[] {
      const { binary, given } = partOf(module, 'WebAssembly.Module.imports()');
      return binary.imports.filter((_, i) => !given.has(i)).map(({ module, name, kind }) => ({ module, name, kind }));
    }
    static customSections(module: unknown, sectionName: unknown): ArrayBuffer[] {
      const where = 'WebAssembly.Module.customSections()';
      const { binary } = partOf(module, where);
      if (sectionName === undefined) throw new TypeError(`${where}: Argument 1 is required`);
      const wanted = String(sectionName);
      return binary.custom
        .filter(({ name }) => name === wanted)
        .map(({ from, section }) => new Uint8Array(binary.bytes.subarray(from, section.end)).buffer);
    }
  }
  setLength(Module, 'exports', 1);
  setLength(Module, 'imports', 1);
  setLength(Module, 'customSections', 2);
  asInterface(Module, 'Module', 1);

  function prepare(bytes: Uint8Array, settings: CompileSettings, where: string) {
    try {
      const binary = new Binary(bytes);
      return { binary, given: checkGiven(binary, settings) };
    } catch (error) {
      if (!(error instanceof BadBinary)) throw error;
      throw new realm.errors.CompileError(`${where}: ${error.message}`, { cause: error });
    }
  }
  function compileNow(bytes: Uint8Array, settings: CompileSettings, where: string): ModulePart {
    const prepared = prepare(bytes, settings, where);
    const compile = (strict: boolean): CompiledModule =>
      realm.runtime.compileModuleSync(rewritten(prepared.binary, prepared.given, strict), {
        workers: availableParallelism(),
      });
    try {
      try {
        return { ...prepared, compiled: compile(false) };
      } catch (error) {
        if (!isOfNames(error)) throw error;
        return { ...prepared, compiled: compile(true) };
      }
    } catch (error) {
      throw realm.errors.translate(error);
    }
  }

  const make = (part: ModulePart): object => birth.give(part, () => new Module(undefined));
  return {
    constructor: Module,
    make,
    part: (value) => read(value),
    async compile(bytes, settings, where) {
      const prepared = prepare(bytes, settings, where);
      const compile = (strict: boolean): Promise<CompiledModule> =>
        realm.runtime.compileModule(rewritten(prepared.binary, prepared.given, strict), {
          ...realm.compileLimit,
          workers: availableParallelism(),
        });
      try {
        try {
          return make({ ...prepared, compiled: await compile(false) });
        } catch (error) {
          if (!isOfNames(error)) throw error;
          return make({ ...prepared, compiled: await compile(true) });
        }
      } catch (error) {
        throw realm.errors.translate(error);
      }
    },
    validate(bytes, settings) {
      try {
        const { binary, given } = prepare(bytes, settings, '');
        realm.runtime.validateModule(rewritten(binary, given, true));
        return true;
      } catch (error) {
        const translated = realm.errors.translate(error);
        if (translated instanceof realm.errors.CompileError) return false;
        throw translated;
      }
    },
  };
}
