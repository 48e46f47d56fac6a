import { closedError } from '../values/errors.js';
import type { FunctionDefinition, GlobalDefinition, TableDefinition } from '../values/types.js';
import {
  type CompiledDescription,
  DESCRIBED,
  type ExternRecord,
  type ExternsRecord,
  type Handle,
  type LineRecord,
  type NamesRecord,
  type TypeRecord,
  type WholeDescription,
} from './binding.js';
import {
  type DescribedMemory,
  globalDefinition,
  LazyMap,
  lazyList,
  lineDefinition,
  memoryDefinition,
  tableDefinition,
} from './definitions.js';
import { native } from './native.js';
import { netUnder } from './owned.js';

/** Globals or tables. */
type ExternKind = 'globals' | 'tables';

/** Where what the head does not say comes from. Lines are numbered from 0: imported functions, then those that are exported; globals and tables likewise. */
interface Source {
  /** JSON: LineRecord or ExternRecord */
  line(line: number): string;
  type(number: number): TypeRecord;
  /** Of an exported function, -1 where there is none of that name. */
  find(name: string): number;
  hasMemory(name: string): boolean;
  /** Of an exported global or table, -1 where there is none of that name. */
  findExtern(kind: ExternKind, name: string): number;
  /** Some of them, from that position on. */
  names(which: number, from: number): readonly string[];
  readonly closed: boolean;
  /** All export names of what is in a line. */
  exportNames(line: number): readonly string[];
  close(): void;
}

/** A small one has crossed with the head. It is kept as text: one line is read when somebody asks. */
class WholeSource implements Source {
  readonly closed = false;
  readonly #whole: WholeDescription;
  readonly #lines: readonly string[];
  readonly #first: Readonly<Record<ExternKind, number>>;
  #lineOf: ReadonlyMap<string, number> | undefined;

  constructor(whole: WholeDescription, lines: readonly string[], first: Record<ExternKind, number>) {
    this.#whole = whole;
    this.#lines = lines;
    this.#first = first;
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
  findExtern(kind: ExternKind, name: string): number {
    const { names = [], lines = [] } = this.#whole[kind] ?? {};
    const at = names.indexOf(name);
    return at < 0 ? -1 : this.#first[kind] + (lines[at] as number);
  }
  names(which: number, from: number): readonly string[] {
    const { exportNames, memoryNames, sections, globals, tables } = this.#whole;
    const names = {
      [DESCRIBED.functions]: exportNames,
      [DESCRIBED.memory]: memoryNames,
      [DESCRIBED.globals]: globals?.names,
      [DESCRIBED.tables]: tables?.names,
    }[which];
    return (names ?? (which === DESCRIBED.sections ? sections : [])).slice(from);
  }
  exportNames(line: number): readonly string[] {
    const { exportNames, exportedFunctions, globals, tables } = this.#whole;
    const first = this.#first;
    if (line < first.globals) return exportNames.filter((_, i) => exportedFunctions[i] === line);
    const [{ names, lines } = { names: [], lines: [] }, at] =
      line < first.tables ? [globals, line - first.globals] : [tables, line - first.tables];
    return names.filter((_, i) => lines[i] === at);
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
  findExtern(kind: ExternKind, name: string): number {
    return native().descriptionFind(this.#open, DESCRIBED[kind], name) - 1;
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

type MakeExtern<T> = (
  moduleName: string,
  record: Omit<ExternRecord, 'exportNames'>,
  names: readonly string[] | (() => readonly string[]),
) => T;

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
  readonly #externs: Readonly<Record<ExternKind, ExternsRecord>>;
  readonly #firstExtern: Readonly<Record<ExternKind, number>>;
  readonly #source: Source;
  readonly #kept = new Map<number, FunctionDefinition>();
  #keptBytes = 0;

  /** @param heard of the functions that the listener hears with which it was compiled */
  constructor(compiled: Handle, heard = false) {
    const [handle, text] = native().compiledDescribe(compiled, heard);
    const [first, ...lines] = text.split('\n');
    const head = JSON.parse(first as string) as CompiledDescription;
    const { globals, tables } = head;
    this.#externs = { globals, tables };
    this.#firstExtern = { globals: head.lines, tables: head.lines + globals.lines };
    this.#source = head.whole ? new WholeSource(head.whole, lines, this.#firstExtern) : new NativeSource(handle);
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

  importedGlobals(): GlobalDefinition[] {
    return this.#imported('globals', globalDefinition);
  }
  exportedGlobals(): ReadonlyMap<string, GlobalDefinition> {
    return this.#exported('globals', DESCRIBED.globals, globalDefinition);
  }
  importedTables(): TableDefinition[] {
    return this.#imported('tables', tableDefinition);
  }
  exportedTables(): ReadonlyMap<string, TableDefinition> {
    return this.#exported('tables', DESCRIBED.tables, tableDefinition);
  }
  #imported<T>(kind: ExternKind, make: MakeExtern<T>): T[] {
    return lazyList(this.#externs[kind].imported, (i) => this.#extern(this.#firstExtern[kind] + i, make));
  }
  #exported<T>(kind: ExternKind, which: number, make: MakeExtern<T>): ReadonlyMap<string, T> {
    return LazyMap.of({
      size: this.#externs[kind].exports,
      names: (from) => this.#source.names(which, from),
      find: (name) => {
        const line = this.#source.findExtern(kind, name);
        return line < 0 ? undefined : this.#extern(line, make);
      },
      has: (name) => this.#source.findExtern(kind, name) >= 0,
    });
  }
  #extern<T>(line: number, make: MakeExtern<T>): T {
    const { exportNames, ...record } = JSON.parse(this.#source.line(line)) as ExternRecord;
    return make(this.name, record, exportNames ?? (() => this.#source.exportNames(line)));
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
