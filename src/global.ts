import { checkUse, incoming } from './instances/join.js';
import type { GlobalState } from './instances/owner.js';
import { native } from './native/native.js';
import { Birth } from './values/birth.js';
import { invalidArgument } from './values/errors.js';
import { inspectedAs, shownOr } from './values/inspect.js';
import type { ValueType, WasmValue } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { decode, encode } from './values/values.js';

const birth = new Birth<GlobalState>();
let make: (state: GlobalState) => Global;
let read: (value: unknown) => GlobalState | undefined;
/** Not exported by the package. */
export const globalStateOf = (value: unknown): GlobalState | undefined => read(value);
/** Not exported by the package. */
export const makeGlobal = (state: GlobalState): Global => make(state);

/** A global that a module exports (wazero: api.Global, api.MutableGlobal), or that the host has made (`Runtime.newGlobal`). */
export class Global extends Uncloneable {
  readonly #state: GlobalState;
  static {
    make = (state) => birth.give(state, () => new Global());
    read = (value) => (typeof value === 'object' && value !== null && #state in value ? value.#state : undefined);
    inspectedAs('Global', Global.prototype, (global) => ({
      type: global.type,
      mutable: global.mutable,
      // What a reference refers to is the host's own.
      ...(global.type.endsWith('ref') ? {} : { value: shownOr(() => global.get()) }),
    }));
  }
  private constructor() {
    super();
    this.#state = birth.take('Global');
  }

  get type(): ValueType {
    return this.#state.type;
  }

  /** Whether `set` is allowed. */
  get mutable(): boolean {
    return this.#state.mutable;
  }

  /** ERR_WAZERO_BUSY for a mutable one while guest code runs in its module on another thread. */
  get(): WasmValue {
    const { module, handle, type } = this.#use();
    const words = new BigUint64Array(2);
    native().globalGet(handle, words);
    return decode([type], words, module.group.references)[0] as WasmValue;
  }

  /**
   * A function makes one link group of its module and those of the global, as one that is put into a table.
   * @throws TypeError where the global is immutable, or the value is of another type
   */
  set(value: WasmValue): void {
    if (!this.#state.mutable) throw invalidArgument('Expected a mutable global but this one is immutable');
    const { module, handle, type } = this.#use();
    const words = new BigUint64Array(2);
    if (type === 'funcref' || type === 'externref') words[0] = incoming(module, type, value, 'value')();
    else encode([type], [value], words, module.group.references, () => 'value');
    native().globalSet(handle, words);
  }

  #use(): GlobalState {
    const state = this.#state;
    if (state.mutable || state.view) checkUse(state, 'global');
    else state.module.checkOpen();
    return state;
  }
}
