import type { CompiledState } from './instances/compiled-state.js';
import type {
  CustomSection,
  FunctionDefinition,
  GlobalDefinition,
  MemoryDefinition,
  TableDefinition,
} from './types.js';
import { Birth } from './values/birth.js';
import { inspectedAs, shownName, shownNames } from './values/inspect.js';
import { Uncloneable } from './values/uncloneable.js';

const birth = new Birth<CompiledState>();
let make: (state: CompiledState) => CompiledModule;
let read: (value: unknown) => CompiledState | undefined;
/** Not exported by the package. */
export const makeCompiledModule = (state: CompiledState): CompiledModule => make(state);
export const compiledStateOf = (value: unknown): CompiledState | undefined => read(value);

/** A module that was decoded, validated and compiled, to be instantiated any number of times (wazero: CompiledModule). */
export class CompiledModule extends Uncloneable implements AsyncDisposable, Disposable {
  readonly #state: CompiledState;
  static {
    make = (state) => birth.give(state, () => new CompiledModule());
    read = (value) => (typeof value === 'object' && value !== null && #state in value ? value.#state : undefined);
    inspectedAs('CompiledModule', CompiledModule.prototype, (compiled) => {
      const { name, closed, importModules } = compiled.#state;
      const imports = importModules.map((module) => module.name);
      return {
        name: shownName(name),
        isClosed: closed,
        imports: shownNames(imports, imports.length),
        exports: compiled.#state.exportNames(),
      };
    });
  }
  private constructor() {
    super();
    this.#state = birth.take('CompiledModule');
  }

  /** The name in the module's name section, or ''. */
  get name(): string {
    return this.#state.name;
  }

  /** In order of import; one function can be imported twice. Of more than 1,000, each definition is made when it is read. */
  importedFunctions(): FunctionDefinition[] {
    return this.#state.importedFunctions();
  }
  /** By name. Of more than 1,000, each definition is made when it is read: then this is no Map, but can be read like one. */
  exportedFunctions(): ReadonlyMap<string, FunctionDefinition> {
    return this.#state.exportedFunctions();
  }
  importedMemories(): MemoryDefinition[] {
    return this.#state.importedMemories();
  }
  exportedMemories(): ReadonlyMap<string, MemoryDefinition> {
    return this.#state.exportedMemories();
  }

  /** In order of import (ours, as are the next three). Of more than 1,000, each definition is made when it is read. */
  importedGlobals(): GlobalDefinition[] {
    return this.#state.description.importedGlobals();
  }
  /** By name; see exportedFunctions. */
  exportedGlobals(): ReadonlyMap<string, GlobalDefinition> {
    return this.#state.description.exportedGlobals();
  }
  importedTables(): TableDefinition[] {
    return this.#state.description.importedTables();
  }
  exportedTables(): ReadonlyMap<string, TableDefinition> {
    return this.#state.description.exportedTables();
  }

  /** In order of the module; names may repeat. [] unless withCustomSections(true). */
  customSections(): CustomSection[] {
    return this.#state.customSections();
  }

  /** Idempotent. Instances live on. */
  async close(): Promise<void> {
    this.#state.close();
  }
  closeSync(): void {
    this.#state.close();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
  [Symbol.dispose](): void {
    this.closeSync();
  }
}
