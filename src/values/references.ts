import { closedError, invalidArgument } from './errors.js';
import { nextId } from './ids.js';
import { RareMap } from './rare-map.js';
import type { FunctionDefinition, FunctionReference, WasmValue } from './types.js';
import { Uncloneable } from './uncloneable.js';
import { wrongType } from './validate.js';

// -0 and 0 are one key of a Map, but two values.
const negativeZero = Symbol('-0');
const keyOf = (value: unknown): unknown => (Object.is(value, -0) ? negativeZero : value);

/** Fewer are not worth a look into all tables. */
const firstSweep = 1024;

let live = 0;
let made = 0;
/** How many function references this environment has seen: when there is one more, somebody may hold the address of a function. */
export const referencesMade = (): number => made;
// A group that nobody closed goes with its modules, and what it held with it.
const forgotten = new FinalizationRegistry<{ count: number }>((held) => {
  live -= held.count;
});
/** Values that guests of this environment hold as externrefs. */
export function liveReferences(): number {
  return live;
}

/** The link group, as its table knows it. */
export interface ReferenceOwner {
  /** A sweep is due. */
  sweepSoon(): void;
  /** What a funcref refers to. */
  referred(bits: bigint): Referred;
}

/**
 * The externrefs and funcrefs of one link group. An externref is the id of a JavaScript value, never a pointer; ids are unique in the
 * environment, so two groups that join keep theirs. A value stays until every module of the group is closed, or a sweep finds its id in no
 * table and global.
 */
export class ReferenceTable {
  readonly #values = new RareMap<bigint, unknown>();
  readonly #ids = new RareMap<unknown, bigint>();
  readonly #functions = new RareMap<bigint, Reference>();
  #merged: ReferenceTable | undefined;
  #owner: ReferenceOwner | undefined;
  readonly #held = { count: 0 };
  /** So many values are worth a look at who still holds them. */
  #sweepAt = firstSweep;

  /** @param owner while it lives */
  constructor(owner?: ReferenceOwner) {
    this.#owner = owner;
  }

  #root(): ReferenceTable {
    let table: ReferenceTable = this;
    while (table.#merged) table = table.#merged;
    return table;
  }

  add(value: unknown): bigint {
    if (value === null) return 0n;
    const root = this.#root();
    const key = keyOf(value);
    let id = root.#ids.get(key);
    if (id === undefined) {
      id = BigInt(nextId());
      root.#ids.set(key, id);
      root.#values.set(id, value);
      if (root.#held.count === 0) forgotten.register(root, root.#held, root);
      root.#held.count++;
      live++;
      if (root.#held.count === root.#sweepAt) root.#owner?.sweepSoon();
    }
    return id;
  }

  value(id: bigint): unknown {
    if (id === 0n) return null;
    const values = this.#root().#values;
    // An id that is not here cannot come from a guest that keeps to WebAssembly: through callWithStack it can.
    if (!values.has(id)) throw invalidArgument(`Expected an externref of this module but received the word ${id}`);
    return values.get(id);
  }

  funcref(bits: bigint): FunctionReference | null {
    if (bits === 0n) return null;
    const functions = this.#root().#functions;
    let reference = functions.get(bits);
    if (reference === undefined) {
      reference = new Reference(bits, this);
      made++;
      functions.set(bits, reference);
    }
    return reference;
  }

  funcrefWord(value: unknown, name: string): bigint {
    if (value === null) return 0n;
    const bits = value instanceof Reference ? value.wordIn(this) : undefined;
    if (bits === undefined) throw wrongType('null or a FunctionReference of the same modules', name, value);
    return bits;
  }

  /** Whether a sweep is due. */
  get isFull(): boolean {
    const root = this.#root();
    return root.#held.count >= root.#sweepAt;
  }
  /** Values whose ids are not held are let go; undefined: nobody knows which are. */
  swept(held: ReadonlySet<bigint> | undefined): void {
    const root = this.#root();
    if (held !== undefined)
      for (const [id, value] of root.#values) {
        if (held.has(id)) continue;
        root.#values.delete(id);
        root.#ids.delete(keyOf(value));
        root.#held.count--;
        live--;
      }
    if (root.#held.count === 0) forgotten.unregister(root);
    root.#sweepAt = Math.max(firstSweep, 2 * root.#held.count);
  }

  /** Whether both are of one link group by now. */
  isSame(other: ReferenceTable): boolean {
    return this.#root() === other.#root();
  }

  merge(other: ReferenceTable): void {
    if (this.isSame(other)) return;
    const roots = [this.#root(), other.#root()].sort((a, b) => b.#held.count - a.#held.count);
    const [to, from] = roots as [ReferenceTable, ReferenceTable]; // the larger one stays: it may be joined with one after another
    for (const [id, value] of from.#values) to.#values.set(id, value);
    for (const [key, id] of from.#ids) if (!to.#ids.has(key)) to.#ids.set(key, id);
    for (const [bits, reference] of from.#functions) to.#functions.set(bits, reference);
    if (from.#held.count > 0 && to.#held.count === 0) forgotten.register(to, to.#held, to);
    to.#held.count += from.#held.count;
    to.#sweepAt = Math.max(to.#sweepAt, from.#sweepAt, to.#held.count + 1); // the next one says that it is time
    from.#drop();
    from.#merged = to;
  }

  /** Every module of the group is closed. */
  clear(): void {
    const root = this.#root();
    live -= root.#held.count;
    root.#drop();
    root.#owner = undefined;
  }

  /** @throws where every module of the group is closed */
  owner(): ReferenceOwner {
    const owner = this.#root().#owner;
    if (owner === undefined) throw closedError('the module that the function reference came from is closed');
    return owner;
  }
  referred(bits: bigint): Referred {
    return this.owner().referred(bits);
  }

  #drop(): void {
    this.#held.count = 0;
    forgotten.unregister(this);
    this.#sweepAt = firstSweep;
    this.#values.clear();
    this.#ids.clear();
    this.#functions.clear();
  }
}

/** What a funcref refers to. */
export interface Referred {
  readonly definition: FunctionDefinition;
  /** The instance, where it is a guest of the group that is open. */ readonly owner: unknown;
  /** To call it by; 0 where there is no owner. */ readonly handle: number;
}
interface Callable {
  call(...args: WasmValue[]): Promise<unknown>;
  callSync(...args: WasmValue[]): unknown;
}
/** How what is referred to is called, which those above know; undefined where it cannot be. */
export const callables: { of: (referred: Referred) => Callable | undefined } = { of: () => undefined };
let refer: (value: unknown) => Referred | undefined;
/** undefined: the value is no FunctionReference. */
export const referredBy = (value: unknown): Referred | undefined => refer(value);
let holder: (value: unknown) => ReferenceOwner | undefined;
/** The link group that a FunctionReference is of; undefined: the value is none. Throws where all of it is closed. */
export const holderOf = (value: unknown): ReferenceOwner | undefined => holder(value);

/** A funcref: the word is the guest's, so it is private and goes back only to where it came from. */
class Reference extends Uncloneable implements FunctionReference {
  readonly #bits: bigint;
  readonly #table: ReferenceTable;
  #referred: Referred | undefined;
  static {
    refer = (value) => (typeof value === 'object' && value !== null && #bits in value ? value.#refer() : undefined);
    holder = (value) =>
      typeof value === 'object' && value !== null && #table in value ? value.#table.owner() : undefined;
  }
  constructor(bits: bigint, table: ReferenceTable) {
    super();
    this.#bits = bits;
    this.#table = table;
    Object.freeze(this);
  }
  get definition(): FunctionDefinition {
    return this.#refer().definition;
  }
  async call(...args: WasmValue[]): Promise<unknown> {
    return this.#callable().call(...args);
  }
  callSync(...args: WasmValue[]): unknown {
    return this.#callable().callSync(...args);
  }
  #callable(): Callable {
    const callable = callables.of(this.#refer());
    if (callable === undefined)
      throw closedError(
        'this function cannot be called by its reference: it is of a host module, or of one that is closed',
      );
    return callable;
  }
  #refer(): Referred {
    this.#referred ??= this.#table.referred(this.#bits);
    return this.#referred;
  }
  wordIn(table: ReferenceTable): bigint | undefined {
    return table.isSame(this.#table) ? this.#bits : undefined;
  }
}
