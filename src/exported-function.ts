import { AsyncCall, AsyncStackCall } from './calls/async-call.js';
import { checkParent, enterSync, mustBeSync } from './calls/entry.js';
import type { FunctionState } from './calls/function-state.js';
import type { Frame, Lease } from './calls/link-group.js';
import { Meter } from './calls/meter.js';
import { notEntered } from './calls/not-entered.js';
import { begin, type CheckedOptions, checkCallOptions, refuseSignal } from './calls/options.js';
import { type CallTrace, traced } from './calls/tracing.js';
import { referenceIn } from './instances/join.js';
import type { ModuleState } from './instances/module-state.js';
import { native } from './native/native.js';
import { words as areaWords } from './values/area.js';
import { Birth } from './values/birth.js';
import { invalidArgument, withStackOfAwaiter } from './values/errors.js';
import { inspectedAs, shownName } from './values/inspect.js';
import { types } from './values/node.js';
import { callables, type Referred } from './values/references.js';
import type {
  CallOptions,
  FunctionDefinition,
  FunctionReference,
  ParamsOf,
  ResultOf,
  ValueType,
} from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { isShared, wrongType } from './values/validate.js';
import { decodeResults } from './values/values.js';
import { put } from './values/words.js';

interface Parts {
  readonly state: FunctionState;
  readonly lease: Lease | undefined;
  readonly options: CheckedOptions;
}
const birth = new Birth<Parts>();
/** Not exported by the package. */
export const makeExportedFunction = (state: FunctionState, lease: Lease | undefined): ExportedFunction =>
  make({ state, lease, options: state.module.runtime.defaultOptions });
let make: (parts: Parts) => ExportedFunction;
let read: (value: unknown) => FunctionState | undefined;
/** Not exported by the package. */
export const functionStateOf = (value: unknown): FunctionState | undefined => read(value);

/** The function that a reference refers to, always the same object; undefined: of a host module, or closed. Not exported by the package. */
export function functionBehind({ owner, definition, handle }: Referred): ExportedFunction | undefined {
  if (owner === undefined) return undefined;
  const state = (owner as ModuleState).referredFunction(definition, handle);
  state.public ??= makeExportedFunction(state, undefined);
  return state.public as ExportedFunction;
}
callables.of = functionBehind as typeof callables.of;

/**
 * A function that a module exports (wazero: api.Function).
 *
 * Arguments are checked, never coerced; results are undefined, the value, or an array of several. A closed module gives
 * ERR_WAZERO_CLOSED, and no guest code runs.
 */
export class ExportedFunction<
  P extends readonly ValueType[] = readonly ValueType[],
  R extends readonly ValueType[] = readonly ValueType[],
> extends Uncloneable {
  readonly #parts: Parts;
  static {
    make = (parts) => birth.give(parts, () => new ExportedFunction());
    read = (value) => (typeof value === 'object' && value !== null && #parts in value ? value.#parts.state : undefined);
    inspectedAs('ExportedFunction', ExportedFunction.prototype, (exported) => {
      const { name, signature, module } = exported.#parts.state;
      const { params, results } = signature;
      return { name: shownName(name), params, results, module: shownName(module.name), isClosed: module.closed };
    });
  }
  private constructor() {
    super();
    this.#parts = birth.take('ExportedFunction');
  }

  get definition(): FunctionDefinition {
    return this.#parts.state.definition;
  }

  /** The function as a value: for tables, globals, and parameters of type funcref. */
  reference(): FunctionReference {
    const { module, definition } = this.#parts.state;
    return referenceIn(module, definition.index);
  }

  /**
   * Calls it without holding the JS thread (wazero: Function.Call): the guest runs on another one; or, as long as it has been quick, on this one
   * at the end of a turn, for a millisecond or two at most. Calls on one module, and on those that are linked with it, run one after another in
   * order; other modules run in parallel. The next call starts only after the reactions to this Promise have run, so `await f.call()` followed by
   * a read of memory sees this call's memory.
   *
   * Rejects with Trap, ExitError, LimitError or an argument's TypeError or RangeError; ERR_WAZERO_ABORTED where the deadline or the signal
   * came while it was waiting; ERR_WAZERO_NOT_INTERRUPTIBLE, ERR_WAZERO_CLOSED.
   */
  call(...args: ParamsOf<P>): Promise<ResultOf<R>> {
    if (traced.call.hasSubscribers) {
      const trace = this.#trace();
      return traced.call.tracePromise(() => this.#call(args, this.#meter(trace)), trace);
    }
    return this.#call(args); // one asynchronous function: a second would hide from an error who made the call
  }
  async #call(args: ParamsOf<P>, meter?: Meter): Promise<ResultOf<R>> {
    const { state, options } = this.#parts;
    const { signature } = state;
    // Those that are no numbers are words from now on: they may be another thing when the call's turn comes.
    const words = put(signature.params, args, areaWords) ? undefined : state.words(args);
    const parent = this.#parent();
    const frameOptions = begin(options, state.module.runtime);
    if (mustBeSync(parent)) {
      const all = words ?? state.words(args);
      this.#enterSync(parent, frameOptions, all);
      return decodeResults(signature.results, all, state.module.group.references) as ResultOf<R>;
    }
    try {
      return (await new AsyncCall(state, parent, frameOptions, args, words, meter).run()) as ResultOf<R>;
    } catch (error) {
      throw withStackOfAwaiter(error);
    }
  }

  /**
   * Calls it on the JS thread. What can answer only later (a Promise from a host function, a web stream) is a Trap with cause
   * ERR_WAZERO_WOULD_BLOCK. Throws what `call` rejects with, and ERR_WAZERO_BUSY while a call runs that is not yours.
   */
  // @ts-expect-error: to TypeScript a list whose length is not known is no four optional ones
  callSync(...args: ParamsOf<P>): ResultOf<R>;
  callSync(a?: unknown, b?: unknown, c?: unknown, d?: unknown): ResultOf<R> {
    // By count, for an array of them costs as much as what is done with them.
    // biome-ignore lint/complexity/noArguments: its length alone makes no object
    const count = arguments.length;
    const { state, lease, options } = this.#parts;
    const { direct } = state;
    if (count <= 4 && direct !== undefined && options.direct && lease === undefined) {
      const result = direct.callFew(count, a, b, c, d, options);
      if (result !== notEntered) return result as ResultOf<R>;
    }
    // biome-ignore lint/complexity/noArguments: there may be more than four
    const args = Array.from(arguments) as unknown as ParamsOf<P>;
    // No function more in between: a stack shows ten frames, and who called is to be among them.
    if (!traced.call.hasSubscribers) return this.#callArgsSync(args);
    const trace = this.#trace();
    const meter = this.#meter(trace);
    return traced.call.traceSync(() => {
      meter.begin(true);
      try {
        return meter.over(this.#callArgsSync(args));
      } catch (error) {
        meter.end(true, error);
        throw error;
      }
    }, trace);
  }
  #callArgsSync(args: ParamsOf<P>): ResultOf<R> {
    const { state, lease, options } = this.#parts;
    const direct = lease === undefined && options.direct ? (state.direct ?? state.openDirect()) : undefined;
    const result = direct === undefined ? notEntered : direct.call(args, options);
    if (result !== notEntered) return result as ResultOf<R>;
    const words = state.words(args);
    this.#callSync(words);
    return decodeResults(state.signature.results, words, state.module.group.references) as ResultOf<R>;
  }

  /**
   * Parameters in, results out, in place, as bit patterns (wazero: CallWithStack): NaN payloads are kept. v128 takes two slots, low half
   * first; a function with reference types is a TypeError. The stack is read when this is called, and written when the call has ended.
   */
  async callWithStack(stack: BigUint64Array): Promise<void> {
    const words = this.#checkedStack(stack);
    const results = traced.call.hasSubscribers ? await this.#callStackTraced(words) : await this.#callStack(words);
    this.#copyResults(results, stack);
  }

  /** As `callWithStack`, on the JS thread. */
  callWithStackSync(stack: BigUint64Array): void {
    const words = this.#checkedStack(stack);
    if (traced.call.hasSubscribers) this.#callSyncTraced(words);
    else this.#callSync(words);
    this.#copyResults(words, stack);
  }

  /**
   * The same function with options: cheap, and reusable where there is no signal. timeoutMs counts anew for each call.
   * @throws RangeError for a timeoutMs of 0, negative or NaN
   */
  withOptions(options: CallOptions): ExportedFunction<P, R> {
    const checked = checkCallOptions(options, this.#parts.state.module.runtime.defaultOptions);
    return make({ ...this.#parts, options: checked }) as unknown as ExportedFunction<P, R>;
  }

  #trace(): CallTrace {
    const { state, lease, options } = this.#parts;
    const context = lease?.frame.context ?? options.context;
    return { module: state.module.name, function: state.name, context };
  }

  #meter(trace: CallTrace): Meter {
    return new Meter(this.#parts.state.module, trace);
  }
  #callStackTraced(words: BigUint64Array): Promise<BigUint64Array> {
    const trace = this.#trace();
    return traced.call.tracePromise(() => this.#callStack(words, this.#meter(trace)), trace);
  }
  #callSyncTraced(words: BigUint64Array): void {
    const trace = this.#trace();
    const meter = this.#meter(trace);
    traced.call.traceSync(() => {
      meter.begin(true);
      try {
        meter.over(this.#callSync(words));
      } catch (error) {
        meter.end(true, error);
        throw error;
      }
    }, trace);
  }

  #parent(): Frame | undefined {
    const { lease, state } = this.#parts;
    if (lease) checkParent(lease.frame, lease.expired);
    state.module.checkOpen();
    return lease?.frame;
  }

  async #callStack(words: BigUint64Array, meter?: Meter): Promise<BigUint64Array> {
    const { state, options } = this.#parts;
    const parent = this.#parent();
    const frameOptions = begin(options, state.module.runtime);
    if (mustBeSync(parent)) {
      this.#enterSync(parent, frameOptions, words);
      return words;
    }
    try {
      return (await new AsyncStackCall(state, parent, frameOptions, [], words, meter).run()) as BigUint64Array;
    } catch (error) {
      throw withStackOfAwaiter(error);
    }
  }

  #callSync(words: BigUint64Array): void {
    const { state, options } = this.#parts;
    const parent = this.#parent();
    refuseSignal(options);
    this.#enterSync(parent, begin(options, state.module.runtime), words);
  }

  #enterSync(parent: Frame | undefined, options: ReturnType<typeof begin>, words: BigUint64Array): void {
    const { state } = this.#parts;
    enterSync(state.module, parent, options, state, (frame, lane, below, timeoutNs) =>
      native().call(frame, lane, below, timeoutNs, state.handle, words),
    );
  }

  /** A copy, as long as the function needs: a host function could detach the array itself. */
  #checkedStack(stack: BigUint64Array): BigUint64Array {
    const { words, paramWords, hasReferences } = this.#parts.state.signature;
    if (!types.isBigUint64Array(stack)) throw wrongType('a BigUint64Array', 'stack', stack);
    if (isShared(stack))
      throw invalidArgument(
        'Expected a BigUint64Array of an ArrayBuffer for stack but received a view of a SharedArrayBuffer',
      );
    if (hasReferences)
      throw invalidArgument(
        `Expected a function without reference types for callWithStack but received ${this.#parts.state.name}`,
      );
    // wazero's own words.
    if (stack.length < words) throw invalidArgument(`need ${words} params, but stack size is ${stack.length}`);
    const copy = new BigUint64Array(words);
    copy.set(stack.subarray(0, paramWords));
    return copy;
  }
  #copyResults(words: BigUint64Array, stack: BigUint64Array): void {
    const { resultWords } = this.#parts.state.signature;
    if (stack.length >= resultWords) stack.set(words.subarray(0, resultWords)); // else it was detached or shrunk meanwhile
  }
}
