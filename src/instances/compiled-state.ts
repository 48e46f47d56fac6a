import type { HostFunctions } from '../calls/host-functions.js';
import type { Listener } from '../calls/listener.js';
import type { CompiledDescription, FunctionRecord, Handle } from '../native/binding.js';
import { type DescribedMemory, functionDefinition, memoryDefinition } from '../native/definitions.js';
import { native } from '../native/native.js';
import { closedError } from '../values/errors.js';
import { shownNames } from '../values/inspect.js';
import type { CustomSection, FunctionDefinition } from '../values/types.js';

const forgotten = new FinalizationRegistry<Handle>((handle) => {
  try {
    native().compiledClose(handle);
  } catch {
    // it went with its runtime
  }
});

/** The runtime as its compiled modules know it. */
export interface CompiledOwner {
  /** WeakRefs, by what they do: who uses our declarations may have a library without that type (before ES2021). */
  readonly compiled: Set<{ deref(): CompiledState | undefined }>;
}

/** A compiled module: guest or host. What there is to know of it is read once; instances keep it after it was closed. */
export class CompiledState {
  readonly runtime: CompiledOwner;
  readonly handle: Handle;
  readonly name: string;
  /** Set where it is a host module. */
  readonly host: HostFunctions | undefined;
  /** Set where it was compiled with one. */
  readonly listener: Listener | undefined;
  readonly importedMemories: readonly DescribedMemory[];
  readonly exportedMemories: ReadonlyMap<string, DescribedMemory>;
  readonly importModules: CompiledDescription['importModules'];
  /** Text until it is asked for: a module may have 100,000. */
  readonly #functions: (string | FunctionDefinition)[];
  readonly #importedFunctions: number;
  readonly #exportedFunctions: ReadonlyMap<string, number>;
  readonly #sections: CompiledDescription['customSections'];
  readonly #ref = new WeakRef(this);
  #closed = false;

  constructor(runtime: CompiledOwner, handle: Handle, host?: HostFunctions, listener?: Listener) {
    const [first, ...functions] = native().compiledDescribe(handle).split('\n');
    const description = JSON.parse(first!) as CompiledDescription;
    this.runtime = runtime;
    this.handle = handle;
    this.host = host;
    this.listener = listener;
    this.name = description.name;
    this.#functions = functions;
    this.#importedFunctions = description.importedFunctions;
    this.#exportedFunctions = new Map(
      description.exportNames.map((name, i) => [name, description.exportedFunctions[i]!]),
    );
    const memories = description.memories.map(memoryDefinition);
    this.importedMemories = memories.slice(0, description.importedMemories);
    this.exportedMemories = new Map(
      memories.flatMap((memory) => memory.definition.exportNames.map((name) => [name, memory] as const)),
    );
    this.importModules = description.importModules;
    this.#sections = description.customSections;
    runtime.compiled.add(this.#ref);
    forgotten.register(this, handle, this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  importedFunctions(): FunctionDefinition[] {
    return this.#functions.slice(0, this.#importedFunctions).map((_, line) => this.#function(line));
  }
  /** The name of a function that is imported from that module, if one of the first is: a guest may import 100,000. */
  firstFunctionFrom(module: string): string | undefined {
    const most = Math.min(this.#importedFunctions, 100);
    for (let line = 0; line < most; line++) {
      const imported = this.#function(line).import;
      if (imported?.module === module) return imported.name;
    }
    return undefined;
  }
  /** For who looks at it: the first names of its exported functions. */
  exportNames(): string[] {
    return shownNames(this.#exportedFunctions.keys(), this.#exportedFunctions.size);
  }
  exportsFunction(name: string): boolean {
    return this.#exportedFunctions.has(name);
  }
  /** undefined where there is none of that name. */
  exportedFunction(name: string): FunctionDefinition | undefined {
    const line = this.#exportedFunctions.get(name);
    return line === undefined ? undefined : this.#function(line);
  }
  exportedFunctions(): Map<string, FunctionDefinition> {
    return new Map(Array.from(this.#exportedFunctions, ([name, line]) => [name, this.#function(line)]));
  }
  #function(line: number): FunctionDefinition {
    const known = this.#functions[line]!;
    if (typeof known !== 'string') return known;
    const definition = functionDefinition(JSON.parse(known) as FunctionRecord);
    this.#functions[line] = definition;
    return definition;
  }

  customSections(): CustomSection[] {
    if (this.#sections.length === 0) return [];
    if (this.#closed) throw closedError('the compiled module is closed');
    return this.#sections.map(({ name }, i) => ({ name, data: native().compiledSection(this.handle, i) }));
  }

  /** Instances live on. */
  close(): void {
    if (this.ownedElsewhere()) native().compiledClose(this.handle);
  }

  /** From now on somebody else closes the native half: a module (instantiate), or the runtime. False if it had been closed. */
  ownedElsewhere(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.runtime.compiled.delete(this.#ref);
    forgotten.unregister(this);
    return true;
  }
}
