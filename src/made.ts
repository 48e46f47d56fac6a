import { tagState } from './calls/exceptions.js';
import { publicTag, type Tag } from './exception.js';
import { type Global, makeGlobal } from './global.js';
import { ExternState } from './instances/extern-state.js';
import { incoming } from './instances/join.js';
import { MemoryState } from './instances/memory-state.js';
import type { TableState } from './instances/owner.js';
import type { RuntimeState } from './instances/runtime-state.js';
import { fieldsOf } from './io/fields.js';
import { type Memory, publicMemory } from './memory.js';
import { EXTERN, type Handle, MADE, type TableRecord } from './native/binding.js';
import { memoryDefinition } from './native/definitions.js';
import { native } from './native/native.js';
import type { TenantState } from './native/tenant.js';
import { publicTable, type Table } from './table.js';
import type { Tenant } from './tenant.js';
import type { ValueType, WasmValue } from './types.js';
import { invalidArgument } from './values/errors.js';
import { ReferenceTable } from './values/references.js';
import {
  checkBoolean,
  checkInteger,
  checkKeys,
  checkObject,
  MAX_U32,
  wrongRange,
  wrongType,
} from './values/validate.js';
import { checkValueTypes, encode, valueTypesOf } from './values/values.js';

// What the host makes for guests to import, in the place of what a module of its own would export.

export interface MadeOptions {
  /** On whose account it is: its memory or elements, and one of its `instances`. Default: nobody's. */
  readonly tenant?: Tenant | undefined;
}
/** For Runtime.newMemory: pages of 64 KiB. */
export interface MemoryOptions extends MadeOptions {
  readonly min: number;
  /** Default: what the runtime allows a memory. */
  readonly max?: number | undefined;
  /** For threads; needs `max`. Default: false. */
  readonly shared?: boolean | undefined;
}
/** For Runtime.newTable: elements. */
export interface TableOptions extends MadeOptions {
  /** Default: 'funcref'. */
  readonly type?: 'funcref' | 'externref' | undefined;
  readonly min: number;
  /** Default: none but `limits.tableElements`. */
  readonly max?: number | undefined;
  /** What its elements are: null, a FunctionReference, or in a table of externrefs anything. Default: null. */
  readonly value?: WasmValue;
}
/** For Runtime.newGlobal. */
export interface GlobalOptions extends MadeOptions {
  /** Default: false. */
  readonly mutable?: boolean | undefined;
}

interface Parts {
  readonly types?: readonly ValueType[];
  readonly min?: number;
  readonly max?: number | undefined;
  readonly flags?: number;
  readonly words?: BigUint64Array;
}
const noWords = new BigUint64Array(2);

function made(runtime: RuntimeState, tenant: TenantState | undefined, kind: number, parts: Parts): ExternState {
  runtime.checkOpen();
  tenant?.checkOpen();
  const { types = [], min = 0, max, flags = 0, words = noWords } = parts;
  const all = max === undefined ? flags : flags | MADE.hasMax;
  return new ExternState(runtime, tenant, () =>
    native().externNew(runtime.handle, tenant?.handle ?? 0, kind, types.join(), min, max ?? 0, all, words),
  );
}

function checkTenant(value: unknown): TenantState | undefined {
  if (value === undefined) return undefined;
  const tenant = fieldsOf.tenant(value);
  if (tenant === undefined) throw wrongType('a Tenant or undefined', 'options.tenant', value);
  return tenant;
}
function checkSize(options: { readonly min: number; readonly max?: number | undefined }, most: number): void {
  checkInteger(options.min, 0, most, 'options.min');
  if (options.max === undefined) return;
  checkInteger(options.max, 0, most, 'options.max');
  if (options.max < options.min) throw wrongRange(`at least min, ${options.min},`, 'options.max', options.max);
}

const mostPages = 65_536;

export function newMemory(runtime: RuntimeState, options: MemoryOptions): Memory {
  checkObject(options, 'options');
  checkKeys(options, ['min', 'max', 'shared', 'tenant'], 'options');
  const { min, max, shared = false } = options;
  checkSize({ min, max }, mostPages);
  checkBoolean(shared, 'options.shared');
  if (shared && max === undefined)
    throw invalidArgument('Expected options.max for a shared memory: all of it is reserved');
  const flags = shared ? MADE.shared : 0;
  const state = made(runtime, checkTenant(options.tenant), EXTERN.memory, { min, max, flags });
  const record = { moduleName: '', index: 0, min, ...(max === undefined ? {} : { max }), exportNames: null };
  const { definition } = memoryDefinition('', record, []);
  state.memory = new MemoryState(state, native().moduleMemory(state.handle, undefined), definition, shared);
  return publicMemory(state.memory);
}

export function newTable(runtime: RuntimeState, options: TableOptions): Table {
  checkObject(options, 'options');
  checkKeys(options, ['type', 'min', 'max', 'value', 'tenant'], 'options');
  const { type = 'funcref', min, max, value = null } = options;
  if (type !== 'funcref' && type !== 'externref') throw wrongType("'funcref' or 'externref'", 'options.type', type);
  checkSize({ min, max }, MAX_U32);
  const state = made(runtime, checkTenant(options.tenant), EXTERN.table, { types: [type], min, max });
  const record = native().moduleTable(state.handle, '') as TableRecord;
  const table: TableState = { ...record, type, name: '', module: state };
  if (value !== null)
    begin(state, () => {
      const word = incoming(state, type, value, 'options.value');
      if (min > 0) native().tableFill(table.handle, 0, min, word());
    });
  return publicTable(table);
}

/** Nobody has it where its first value is refused. */
function begin(state: ExternState, set: () => void): void {
  try {
    set();
  } catch (error) {
    state.closeSync(0);
    throw error;
  }
}

export function newGlobal(
  runtime: RuntimeState,
  type: ValueType,
  value: WasmValue,
  options: GlobalOptions = {},
): Global {
  checkValueTypes([type], 'type');
  checkObject(options, 'options');
  checkKeys(options, ['mutable', 'tenant'], 'options');
  const { mutable = false } = options;
  checkBoolean(mutable, 'options.mutable');
  const words = new BigUint64Array(2);
  const isReference = type === 'funcref' || type === 'externref';
  if (!isReference) encode([type], [value], words, new ReferenceTable(), () => 'value');
  const flags = mutable ? MADE.mutable : 0;
  const state = made(runtime, checkTenant(options.tenant), EXTERN.global, { types: [type], flags, words });
  const { handle } = native().moduleGlobal(state.handle, '') as { handle: Handle };
  if (isReference && value !== null)
    begin(state, () => {
      words[0] = incoming(state, type, value, 'value')();
      native().globalBegin(handle, words);
    });
  return makeGlobal({ module: state, handle, name: '', type, mutable });
}

export function newTag(runtime: RuntimeState, types: readonly ValueType[], options: MadeOptions = {}): Tag {
  const params = valueTypesOf(types, 'types');
  checkObject(options, 'options');
  checkKeys(options, ['tenant'], 'options');
  const state = made(runtime, checkTenant(options.tenant), EXTERN.tag, { types: params });
  const handle = native().moduleTag(state.handle, '')?.handle as number;
  return publicTag(tagState(handle, params, state, ''));
}
