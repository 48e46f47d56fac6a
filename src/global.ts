import type { GlobalState } from './instances/module-state.js';
import { native } from './native/native.js';
import { Birth } from './values/birth.js';
import { busyError, invalidArgument } from './values/errors.js';
import { inspectedAs, shownOr } from './values/inspect.js';
import type { ValueType, WasmValue } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { decode, encode } from './values/values.js';

const birth = new Birth<GlobalState>();
let make: (state: GlobalState) => Global;
/** Not exported by the package. */
export const makeGlobal = (state: GlobalState): Global => make(state);

/** A global that a module exports (wazero: api.Global, api.MutableGlobal). */
export class Global extends Uncloneable {
  readonly #state: GlobalState;
  static {
    make = (state) => birth.give(state, () => new Global());
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

  /** @throws TypeError where the global is immutable, or the value is of another type */
  set(value: WasmValue): void {
    if (!this.#state.mutable) throw invalidArgument('Expected a mutable global but this one is immutable');
    const { module, handle, type } = this.#use();
    const words = new BigUint64Array(2);
    encode([type], [value], words, module.group.references, () => 'value');
    native().globalSet(handle, words);
  }

  #use(): GlobalState {
    const state = this.#state;
    state.module.checkOpen();
    if ((state.mutable || state.view) && state.module.group.isRunning)
      throw busyError('guest code is running that may use this global: wait for the call that runs it');
    return state;
  }
}
