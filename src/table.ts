import { checkUse, incoming } from './instances/join.js';
import type { TableState } from './instances/owner.js';
import { native } from './native/native.js';
import { Birth } from './values/birth.js';
import { closedError, invalidArgument, outOfRange } from './values/errors.js';
import { inspectedAs, shownOr } from './values/inspect.js';
import type { TableDefinition, WasmValue } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkInteger, MAX_U32 } from './values/validate.js';
import { decode } from './values/values.js';

const birth = new Birth<TableState>();
let make: (state: TableState) => Table;
let read: (value: unknown) => TableState | undefined;
/** The same object whenever it is asked for. Not exported by the package. */
export function publicTable(state: TableState): Table {
  state.public ??= make(state);
  return state.public as Table;
}
/** Not exported by the package. */
export const tableStateOf = (value: unknown): TableState | undefined => read(value);

/**
 * A table that a module exports, or that the host has made (`Runtime.newTable`; ours, for wazero's hosts have `table.LookupFunction` alone). Indexes and
 * sizes are in elements; what lies outside is a RangeError with code ERR_WAZERO_OUT_OF_RANGE.
 *
 * While guest code runs in its link group on another thread, every method gives ERR_WAZERO_BUSY; after it is closed, ERR_WAZERO_CLOSED.
 *
 * A function that is put into a table may be called from there at any time: its module and the table's are one link group from then on.
 */
export class Table extends Uncloneable {
  readonly #state: TableState;
  static {
    make = (state) => birth.give(state, () => new Table());
    read = (value) => (typeof value === 'object' && value !== null && #state in value ? value.#state : undefined);
    inspectedAs('Table', Table.prototype, (table) => ({
      ...table.definition,
      size: shownOr(() => table.size()),
    }));
  }
  private constructor() {
    super();
    this.#state = birth.take('Table');
  }

  get definition(): Pick<TableDefinition, 'type' | 'min' | 'max'> {
    const { type, min, max } = this.#state;
    return Object.freeze({ type, min, ...(max === undefined ? {} : { max }) });
  }

  /** Elements. */
  size(): number {
    return answered(native().tableSize(this.#use().handle)) as number;
  }

  /** A FunctionReference or null; of a table of externrefs the value. */
  get(index: number): WasmValue {
    checkInteger(index, 0, MAX_U32, 'index');
    const { handle, type, module } = this.#use();
    const word = answered(native().tableGet(handle, index));
    if (word === undefined) throw this.#outside(index, 1);
    return decode([type], BigUint64Array.of(word as bigint), module.group.references)[0] as WasmValue;
  }

  /**
   * @param value null or a FunctionReference of a module of the same runtime; of a table of externrefs anything
   * @throws ERR_WAZERO_BUSY also where the function's module would have to join the table's link group, and a call runs or waits in one of them
   */
  set(index: number, value: WasmValue): void {
    checkInteger(index, 0, MAX_U32, 'index');
    this.#put(index, 1, value);
  }

  /** As `set`, of `count` elements. Default: all from `index` (default 0) on. */
  fill(value: WasmValue, index = 0, count?: number): void {
    checkInteger(index, 0, MAX_U32, 'index');
    if (count !== undefined) checkInteger(count, 0, MAX_U32, 'count');
    this.#put(index, count, value);
  }

  /**
   * Adds `delta` elements that are `value` (default null). Returns how many there were, -1 where it is refused: by its maximum, `limits.tableElements`,
   * its tenant, or for want of memory.
   */
  grow(delta: number, value: WasmValue = null): number {
    checkInteger(delta, 0, MAX_U32, 'delta');
    const { handle } = this.#use();
    const word = this.#incoming(value);
    const size = answered(native().tableGrow(handle, delta)) as number | undefined;
    if (size === undefined) return -1;
    const bits = delta === 0 ? 0n : word();
    if (bits !== 0n) answered(native().tableFill(handle, size, delta, bits));
    return size;
  }

  #put(index: number, count: number | undefined, value: WasmValue): void {
    const { handle } = this.#use();
    const word = this.#incoming(value);
    const size = answered(native().tableSize(handle)) as number;
    const elements = count ?? Math.max(0, size - index);
    if (index + elements > size) throw this.#outside(index, elements);
    if (elements > 0) answered(native().tableFill(handle, index, elements, word()));
  }
  #incoming(value: WasmValue): () => bigint {
    const { module, type, plain } = this.#state;
    if (!plain)
      throw invalidArgument(
        'Expected a table of funcref or externref but this one is of a type that JavaScript cannot check',
      );
    return incoming(module, type, value, 'value');
  }
  #outside(index: number, count: number): Error {
    return outOfRange(`Expected ${count} elements at index ${index} to lie within the ${this.size()} of the table`);
  }
  #use(): TableState {
    checkUse(this.#state, 'table');
    return this.#state;
  }
}

/** Of a native function. */
function answered<T>(answer: T): T {
  if (answer === -1) throw closedError('the module that the table belongs to is closed');
  return answer;
}
