import type { CustomSection, FunctionDefinition, MemoryDefinition } from '../types.js';
import type { CompiledDescription, FunctionRecord, Handle, MemoryRecord } from './binding.js';
import { closedError } from './errors.js';
import type { HostFunctions } from './host-functions.js';
import type { Listener } from './listener.js';
import { native } from './native.js';
import type { RuntimeState } from './runtime-state.js';

// The records of native/go have the shape of the public definitions: they are frozen, not copied.
export function functionDefinition(record: FunctionRecord): FunctionDefinition {
  if (record.import) Object.freeze(record.import);
  for (const list of [record.exportNames, record.paramTypes, record.paramNames, record.resultTypes, record.resultNames])
    Object.freeze(list);
  return Object.freeze(record) as FunctionDefinition;
}
export function memoryDefinition(record: MemoryRecord): { definition: MemoryDefinition; shared: boolean } {
  const { shared = false, ...definition } = record;
  if (definition.import) Object.freeze(definition.import);
  Object.freeze(definition.exportNames);
  return { definition: Object.freeze(definition), shared };
}
function mapRecord<T, U>(record: Readonly<Record<string, T>>, make: (value: T) => U): ReadonlyMap<string, U> {
  return new Map(Object.entries(record).map(([name, value]) => [name, make(value)]));
}

const forgotten = new FinalizationRegistry<Handle>((handle) => {
  try {
    native().compiledClose(handle);
  } catch {
    // it went with its runtime
  }
});

/** A compiled module: guest or host. What there is to know of it is read once; instances keep it after it was closed. */
export class CompiledState {
  readonly runtime: RuntimeState;
  readonly handle: Handle;
  readonly name: string;
  /** Set where it is a host module. */
  readonly host: HostFunctions | undefined;
  /** Set where it was compiled with one. */
  readonly listener: Listener | undefined;
  readonly importedFunctions: readonly FunctionDefinition[];
  readonly exportedFunctions: ReadonlyMap<string, FunctionDefinition>;
  readonly importedMemories: readonly { definition: MemoryDefinition; shared: boolean }[];
  readonly exportedMemories: ReadonlyMap<string, { definition: MemoryDefinition; shared: boolean }>;
  readonly importModules: CompiledDescription['importModules'];
  readonly #sections: CompiledDescription['customSections'];
  readonly #ref = new WeakRef(this);
  #closed = false;

  constructor(runtime: RuntimeState, handle: Handle, host?: HostFunctions, listener?: Listener) {
    const description = JSON.parse(native().compiledDescribe(handle)) as CompiledDescription;
    this.runtime = runtime;
    this.handle = handle;
    this.host = host;
    this.listener = listener;
    this.name = description.name;
    this.importedFunctions = description.importedFunctions.map(functionDefinition);
    this.exportedFunctions = mapRecord(description.exportedFunctions, functionDefinition);
    this.importedMemories = description.importedMemories.map(memoryDefinition);
    this.exportedMemories = mapRecord(description.exportedMemories, memoryDefinition);
    this.importModules = description.importModules;
    this.#sections = description.customSections;
    runtime.compiled.add(this.#ref);
    forgotten.register(this, handle, this);
  }

  get closed(): boolean {
    return this.#closed;
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
