import { closedError } from '../values/errors.js';
import type { FunctionDefinition } from '../values/types.js';
import {
  type CompiledDescription,
  DESCRIBED,
  type Handle,
  type LineRecord,
  type NamesRecord,
  type TypeRecord,
  type WholeDescription,
} from './binding.js';
import { type DescribedMemory, LazyMap, lineDefinition, memoryDefinition } from './definitions.js';
import { native } from './native.js';
import { netUnder } from './owned.js';

/** Where what the head does not say comes from. Lines are numbered from 0: imported functions, then those that are exported. */
interface Source {
  /** JSON: LineRecord */
  line(line: number): string;
  type(number: number): TypeRecord;
  /** Of an exported function, -1 where there is none of that name. */
  find(name: string): number;
  hasMemory(name: string): boolean;
  /** Some of them, from that position on. */
  names(which: number, from: number): readonly string[];
  readonly closed: boolean;
  /** All export names of the function of a line. */
  exportNames(line: number): readonly string[];
  close(): void;
}

/** A small one has crossed with the head. It is kept as text: one line is read when somebody asks. */
class WholeSource implements Source {
  readonly closed = false;
  readonly #whole: WholeDescription;
  readonly #lines: readonly string[];
  #lineOf: ReadonlyMap<string, number> | undefined;

  constructor(whole: WholeDescription, lines: readonly string[]) {
    this.#whole = whole;
    this.#lines = lines;
  }
  line(line: number): string {
    return this.#lines[line] as string;
  }
  type(number: number): TypeRecord {
    return this.#whole.types[number] as TypeRecord;
  }
  find(name: string): number {
    const { exportNames, exportedFunctions } = this.#whole;
    this.#lineOf ??= new Map(exportNames.map((name, i) => [name, exportedFunctions[i] as number]));
    return this.#lineOf.get(name) ?? -1;
  }
  hasMemory(name: string): boolean {
    return this.#whole.memoryNames.includes(name);
  }
  names(which: number, from: number): readonly string[] {
    const { exportNames, memoryNames, sections } = this.#whole;
    const names = which === DESCRIBED.functions ? exportNames : which === DESCRIBED.memory ? memoryNames : sections;
    return names.slice(from);
  }
  exportNames(line: number): readonly string[] {
    const { exportNames, exportedFunctions } = this.#whole;
    return exportNames.filter((_, i) => exportedFunctions[i] === line);
  }
  close(): void {}
}

const forgotten = netUnder<Handle>((handle) => native().descriptionClose(handle));

/** A large one stays in native code, and is asked. */
class NativeSource implements Source {
  readonly #handle: Handle;
  readonly #types = new Map<number, TypeRecord>();
  #closed = false;

  constructor(handle: Handle) {
    this.#handle = handle;
    forgotten.register(this, handle, this);
  }
  get closed(): boolean {
    return this.#closed;
  }
  get #open(): Handle {
    if (this.#closed) throw closedError('the compiled module is closed, and what it exports is too much to be kept');
    return this.#handle;
  }
  line(line: number): string {
    return native().descriptionLine(this.#open, line);
  }
  type(number: number): TypeRecord {
    let type = this.#types.get(number);
    if (!type) {
      type = JSON.parse(native().descriptionType(this.#open, number)) as TypeRecord;
      this.#types.set(number, type);
    }
    return type;
  }
  find(name: string): number {
    return native().descriptionFind(this.#open, DESCRIBED.functions, name) - 1;
  }
  hasMemory(name: string): boolean {
    return native().descriptionFind(this.#open, DESCRIBED.memory, name) > 0;
  }
  names(which: number, from: number): readonly string[] {
    return (JSON.parse(native().descriptionNames(this.#open, which, from)) as NamesRecord).names;
  }
  exportNames(line: number): readonly string[] {
    return this.names(DESCRIBED.line, line);
  }
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forgotten.unregister(this);
    native().descriptionClose(this.#handle);
  }
}

/** Definitions are kept, so that one is the same whenever it is asked for, until their text is as much as that. */
const MOST_KEPT = 4 * 2 ** 20;

/** What there is to know of a compiled module. It outlives the code. */
export class Description {
  readonly name: string;
  readonly importedFunctions: number;
  readonly importModules: CompiledDescription['importModules'];
  /** Of each import one character, as of CompiledDescription. */
  readonly importKinds: string;
  readonly customSections: number;
  /** How many functions it tells of, and the index of the first where it is of those that a listener hears. */
  readonly lines: number;
  readonly firstIndex: number;
  /** Imported or exported: a module has one. */
  readonly memory: DescribedMemory | undefined;
  readonly importsMemory: boolean;
  /** An instance takes no time to make, and none of its code runs in that but start functions. */
  readonly quick: boolean;
  readonly exports: number;
  readonly #memoryNames: number;
  readonly #source: Source;
  readonly #kept = new Map<number, FunctionDefinition>();
  #keptBytes = 0;

  /** @param heard of the functions that the listener hears with which it was compiled */
  constructor(compiled: Handle, heard = false) {
    const [handle, text] = native().compiledDescribe(compiled, heard);
    const [first, ...lines] = text.split('\n');
    const head = JSON.parse(first as string) as CompiledDescription;
    this.#source = head.whole ? new WholeSource(head.whole, lines) : new NativeSource(handle);
    this.name = head.name;
    this.importedFunctions = head.importedFunctions;
    this.importModules = head.importModules;
    this.importKinds = head.importKinds ?? '';
    this.customSections = head.customSections;
    this.lines = head.lines;
    this.firstIndex = head.firstIndex;
    this.exports = head.exports;
    this.#memoryNames = head.memoryNames;
    this.importsMemory = head.importedMemories > 0;
    this.quick = head.quick;
    const [memory] = head.memories;
    if (memory) {
      const { memoryNames } = head.whole ?? {};
      this.memory = memoryDefinition(this.name, memory, memoryNames ?? (() => this.#allMemoryNames()));
    }
  }
  #allMemoryNames(): readonly string[] {
    const all: string[] = [];
    while (all.length < this.#memoryNames) all.push(...this.#source.names(DESCRIBED.memory, all.length));
    return all;
  }

  /** Nobody can ask for more of it: the module and its instances are closed. Small ones answer all the same. */
  close(): void {
    this.#source.close();
  }

  function(line: number): FunctionDefinition {
    const known = this.#kept.get(line);
    if (known) return known;
    const text = this.#source.line(line);
    const { type, exportNames, ...record } = JSON.parse(text) as LineRecord;
    const definition = lineDefinition(
      this.name,
      record,
      this.#source.type(type),
      exportNames ?? (() => this.#source.exportNames(line)),
    );
    if (this.#keptBytes < MOST_KEPT) {
      this.#keptBytes += text.length + 512;
      this.#kept.set(line, definition);
    }
    return definition;
  }

  exportsFunction(name: string): boolean {
    return this.#source.find(name) >= 0;
  }
  exportedFunction(name: string): FunctionDefinition | undefined {
    const line = this.#source.find(name);
    return line < 0 ? undefined : this.function(line);
  }
  exportedFunctions(): ReadonlyMap<string, FunctionDefinition> {
    return LazyMap.of({
      size: this.exports,
      names: (from) => this.#source.names(DESCRIBED.functions, from),
      find: (name) => this.exportedFunction(name),
      has: (name) => this.exportsFunction(name),
    });
  }

  /** Names of some exported functions; none where nobody can ask any more. */
  firstExports(): readonly string[] {
    return this.#source.closed ? [] : this.#source.names(DESCRIBED.functions, 0);
  }

  exportedMemory(name: string): DescribedMemory | undefined {
    return this.memory && this.#source.hasMemory(name) ? this.memory : undefined;
  }
  exportedMemories(): ReadonlyMap<string, DescribedMemory['definition']> {
    return LazyMap.of({
      size: this.#memoryNames,
      names: (from) => this.#source.names(DESCRIBED.memory, from),
      find: (name) => this.exportedMemory(name)?.definition,
      has: (name) => this.exportedMemory(name) !== undefined,
    });
  }

  /** Of all its custom sections, in order. */
  sectionNames(from: number): readonly string[] {
    return this.#source.names(DESCRIBED.sections, from);
  }
}
