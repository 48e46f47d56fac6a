import type { FunctionDefinition, GlobalDefinition, MemoryDefinition, TableDefinition } from '../values/types.js';
import type { ExternRecord, FunctionRecord, LineRecord, MemoryRecord, TypeRecord } from './binding.js';

// The records of native/go have the shape of the public definitions: they are frozen, not copied.
export function functionDefinition(record: FunctionRecord): FunctionDefinition {
  if (record.import) Object.freeze(record.import);
  for (const list of [record.exportNames, record.paramTypes, record.paramNames, record.resultTypes, record.resultNames])
    Object.freeze(list);
  return Object.freeze(record) as FunctionDefinition;
}

/** A list, or how it is asked for where it is long: then anew each time that it is read. */
type Names = readonly string[] | (() => readonly string[]);

/** Gives a record what a description has once for all of them, and its export names. */
function complete<R extends object>(record: R, exportNames: Names): R & { readonly exportNames: readonly string[] } {
  const names =
    typeof exportNames === 'function'
      ? { get: () => Object.freeze(exportNames()) }
      : { value: Object.freeze(exportNames) };
  return Object.freeze(Object.defineProperty(record, 'exportNames', { enumerable: true, ...names })) as R & {
    readonly exportNames: readonly string[];
  };
}

export function lineDefinition(
  moduleName: string,
  line: Omit<LineRecord, 'type' | 'exportNames'>,
  type: TypeRecord,
  exportNames: Names,
): FunctionDefinition {
  if (line.import) Object.freeze(line.import);
  for (const list of [line.paramNames, line.resultNames, type.paramTypes, type.resultTypes]) Object.freeze(list);
  return complete({ moduleName, ...line, ...type }, exportNames) as FunctionDefinition;
}

export interface DescribedMemory {
  readonly definition: MemoryDefinition;
  readonly shared: boolean;
}
export function memoryDefinition(moduleName: string, record: MemoryRecord, exportNames: Names): DescribedMemory {
  const { shared = false, moduleName: _, exportNames: __, ...rest } = record;
  if (rest.import) Object.freeze(rest.import);
  return { definition: complete({ moduleName, ...rest }, exportNames), shared };
}

type Extern = Omit<ExternRecord, 'exportNames'>;
export function globalDefinition(moduleName: string, { index, type, mutable, ...from }: Extern, names: Names) {
  return complete({ moduleName, index, ...importOf(from), type, mutable }, names) as GlobalDefinition;
}
export function tableDefinition(moduleName: string, { index, type, min, max, ...from }: Extern, names: Names) {
  return complete(
    { moduleName, index, ...importOf(from), type, min, ...(max === undefined ? {} : { max }) },
    names,
  ) as TableDefinition;
}
const importOf = ({ import: from }: Pick<Extern, 'import'>) => (from ? { import: Object.freeze(from) } : {});

/** Where there are more definitions than that, they are made one by one when somebody asks: a module may have a million. */
export const MANY = 1000;

/** An Array whose elements are made when they are read. */
export function lazyList<T>(length: number, at: (index: number) => T): T[] {
  if (length <= MANY) return Array.from({ length }, (_, index) => at(index));
  // A place that was written to, for it is an array, keeps what was written.
  const isLazy = (list: T[], key: PropertyKey): key is string =>
    typeof key === 'string' && /^(0|[1-9]\d{0,8})$/.test(key) && Number(key) < length && !Object.hasOwn(list, key);
  return new Proxy(new Array<T>(length), {
    get: (list, key, receiver) =>
      isLazy(list, key) && Number(key) < list.length ? at(Number(key)) : Reflect.get(list, key, receiver),
    has: (list, key) => (isLazy(list, key) && Number(key) < list.length) || Reflect.has(list, key),
    getOwnPropertyDescriptor: (list, key) =>
      isLazy(list, key) && Number(key) < list.length
        ? { value: at(Number(key)), writable: true, enumerable: true, configurable: true }
        : Reflect.getOwnPropertyDescriptor(list, key),
  });
}

/** What a LazyMap is over. */
export interface Entries<V> {
  readonly size: number;
  /** Some of the names, from that position on. */
  names(from: number): readonly string[];
  /** undefined where there is none of that name. */
  find(name: string): V | undefined;
  has(name: string): boolean;
}

/** A ReadonlyMap by name whose values are made when they are read. */
export class LazyMap<V> implements ReadonlyMap<string, V> {
  readonly #entries: Entries<V>;
  constructor(entries: Entries<V>) {
    this.#entries = entries;
  }
  /** A Map, where that is no work. */
  static of<V>(entries: Entries<V>): ReadonlyMap<string, V> {
    const lazy = new LazyMap(entries);
    return entries.size > MANY ? lazy : new Map(lazy);
  }

  get size(): number {
    return this.#entries.size;
  }
  get(name: string): V | undefined {
    return typeof name === 'string' ? this.#entries.find(name) : undefined;
  }
  has(name: string): boolean {
    return typeof name === 'string' && this.#entries.has(name);
  }
  *keys(): MapIterator<string> {
    for (let from = 0; from < this.#entries.size; ) {
      const names = this.#entries.names(from);
      from += names.length;
      yield* names;
    }
  }
  *values(): MapIterator<V> {
    for (const name of this.keys()) yield this.#entries.find(name) as V;
  }
  *entries(): MapIterator<[string, V]> {
    for (const name of this.keys()) yield [name, this.#entries.find(name) as V];
  }
  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }
  forEach(fn: (value: V, name: string, map: ReadonlyMap<string, V>) => void, thisArg?: unknown): void {
    for (const [name, value] of this) fn.call(thisArg, value, name, this);
  }
}
