import type { HostFunctions } from '../calls/host-functions.js';
import type { Listener } from '../calls/listener.js';
import type { Handle } from '../native/binding.js';
import { type DescribedMemory, lazyList } from '../native/definitions.js';
import { Description } from '../native/description.js';
import { native } from '../native/native.js';
import { netUnder } from '../native/owned.js';
import { closedError } from '../values/errors.js';
import { shownNames } from '../values/inspect.js';
import type { CustomSection, FunctionDefinition, MemoryDefinition } from '../values/types.js';
import { type HostTemplate, TemplateUse } from './host-template.js';

const forgotten = netUnder<Handle>((handle) => native().compiledClose(handle));

/** What a host module has in the place of code of its own. */
export interface HostParts {
  readonly functions: HostFunctions;
  readonly template: HostTemplate;
}

/** The runtime as its compiled modules know it. */
export interface CompiledOwner {
  /** WeakRefs, by what they do: who uses our declarations may have a library without that type (before ES2021). */
  readonly compiled: Set<{ deref(): CompiledState | undefined }>;
}

/** A compiled module: guest or host. Instances keep it, and what there is to know of it, after it was closed. */
export class CompiledState {
  readonly runtime: CompiledOwner;
  readonly handle: Handle;
  /** Set where it is a host module. */
  readonly host: HostFunctions | undefined;
  /** Set where it was compiled with one. */
  readonly listener: Listener | undefined;
  /** Of a host module's code. */
  #use: TemplateUse | undefined;
  readonly #description: Description;
  /** Instances that are not closed. */
  #instances = 0;
  /** The last names of sections that were asked for. */
  #sections: { readonly from: number; readonly names: readonly string[] } = { from: 0, names: [] };
  readonly #ref = new WeakRef(this);
  /** See externs.ts. */
  readonly importPlans = new Map<string, { readonly use: TemplateUse }>();
  #closed = false;

  /** If this fails, the handle is closed. */
  constructor(runtime: CompiledOwner, handle: Handle, host?: HostParts, listener?: Listener) {
    this.runtime = runtime;
    this.handle = handle;
    this.host = host?.functions;
    if (host) {
      this.#use = new TemplateUse(host.template);
      this.#description = host.template.description;
    } else {
      try {
        this.#description = new Description(handle);
        this.listener = listener?.compiled(handle);
      } catch (error) {
        native().compiledClose(handle);
        throw error;
      }
      forgotten.register(this, handle, this);
    }
    runtime.compiled.add(this.#ref);
  }

  get closed(): boolean {
    return this.#closed;
  }
  get name(): string {
    return this.#description.name;
  }
  get importModules(): Description['importModules'] {
    return this.#description.importModules;
  }
  /** Of each import one character, as of CompiledDescription. */
  get importKinds(): string {
    return this.#description.importKinds;
  }

  get quick(): boolean {
    return this.#description.quick;
  }

  importedFunctions(): FunctionDefinition[] {
    return lazyList(this.#description.importedFunctions, (line) => this.#description.function(line));
  }
  /** The name of a function that is imported from that module, if one of the first is: a guest may import 100,000. */
  firstFunctionFrom(module: string): string | undefined {
    const most = Math.min(this.#description.importedFunctions, 100);
    for (let line = 0; line < most; line++) {
      const imported = this.#description.function(line).import;
      if (imported?.module === module) return imported.name;
    }
    return undefined;
  }
  /** For who looks at it: the first names of its exported functions. */
  exportNames(): string[] {
    return shownNames(this.#description.firstExports(), this.#description.exports);
  }
  exportsFunction(name: string): boolean {
    return this.#description.exportsFunction(name);
  }
  /** undefined where there is none of that name. */
  exportedFunction(name: string): FunctionDefinition | undefined {
    return this.#description.exportedFunction(name);
  }
  exportedFunctions(): ReadonlyMap<string, FunctionDefinition> {
    return this.#description.exportedFunctions();
  }

  /** The one that it imports or exports. */
  get memory(): DescribedMemory | undefined {
    return this.#description.memory;
  }
  /** It is another module's, which describes it. */
  get importsMemory(): boolean {
    return this.#description.importsMemory;
  }
  importedMemories(): MemoryDefinition[] {
    const { memory, importsMemory } = this.#description;
    return memory && importsMemory ? [memory.definition] : [];
  }
  /** undefined where there is none of that name. */
  exportedMemory(name: string): DescribedMemory | undefined {
    return this.#description.exportedMemory(name);
  }
  exportedMemories(): ReadonlyMap<string, MemoryDefinition> {
    return this.#description.exportedMemories();
  }

  get description(): Pick<Description, 'importedGlobals' | 'exportedGlobals' | 'importedTables' | 'exportedTables'> {
    return this.#description;
  }

  customSections(): CustomSection[] {
    const { customSections } = this.#description;
    if (customSections === 0) return [];
    if (this.#closed) throw closedError('the compiled module is closed');
    return lazyList(customSections, (index) => ({
      name: this.#sectionName(index),
      data: native().compiledSection(this.handle, index),
    }));
  }
  #sectionName(index: number): string {
    const at = index - this.#sections.from;
    const known = at >= 0 ? this.#sections.names[at] : undefined;
    if (known !== undefined) return known;
    this.#sections = { from: index, names: this.#description.sectionNames(index) };
    return this.#sections.names[0] as string;
  }

  addInstance(): void {
    this.#instances++;
  }
  removeInstance(): void {
    this.#instances--;
    this.#letGo();
  }
  #letGo(): void {
    if (!this.#closed || this.#instances > 0) return;
    if (this.host) {
      this.#use?.end();
      this.#use = undefined;
      return;
    }
    for (const { use } of this.importPlans.values()) use.end();
    this.importPlans.clear();
    this.#description.close();
    this.listener?.close();
  }

  /** Instances live on. */
  close(): void {
    if (this.ownedElsewhere() && !this.host) native().compiledClose(this.handle);
    this.#letGo();
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
