import { converse } from './calls/conversation.js';
import { checkParent, mustBeSync, wouldBlock } from './calls/entry.js';
import { publicly } from './calls/lent.js';
import { expiredError, type Lease } from './calls/link-group.js';
import { begin, beginUncounted, checkCallOptions } from './calls/options.js';
import { publicTag, type Tag } from './exception.js';
import { type ExportedFunction, makeExportedFunction } from './exported-function.js';
import { type Global, makeGlobal } from './global.js';
import { freezeAsync, freezeSync, resetAsync, resetSync } from './instances/freeze.js';
import type { MemoryState } from './instances/memory-state.js';
import type { ModuleState } from './instances/module-state.js';
import { type Memory, publicMemory } from './memory.js';
import { type ModuleImage, makeModuleImage } from './module-image.js';
import { native } from './native/native.js';
import { publicTable, type Table } from './table.js';
import { Birth } from './values/birth.js';
import { invalidArgument, outOfFuelError } from './values/errors.js';
import { inspectedAs, shownName } from './values/inspect.js';
import { shown } from './values/shown.js';
import type { CallOptions, FunctionDefinition, MemoryDefinition, Usage, ValueType } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkFuel, checkFunction, checkInteger, checkString, MAX_U32, wrongType } from './values/validate.js';
import { checkValueTypes, sameTypes, showTypes } from './values/values.js';

interface Parts {
  readonly state: ModuleState;
  readonly lease: Lease | undefined;
}
const birth = new Birth<Parts>();
let partsOf: (value: unknown) => Parts | undefined;
let showModule: (module: Module) => object;
let make: (state: ModuleState) => Module;
let makeCaller: (state: ModuleState, lease: Lease) => CallerModule;

/** The same object whenever it is asked for. Not exported by the package, as those that follow. */
export function publicModule(state: ModuleState): Module {
  state.public ??= make(state);
  return state.public as Module;
}
/** undefined: the value is no Module. */
export const moduleStateOf = (value: unknown): ModuleState | undefined => partsOf(value)?.state;
/** Of a CallerModule; undefined for any other value. */
export const leaseOf = (value: unknown): Lease | undefined => partsOf(value)?.lease;
// Every instance is a ModuleState.
publicly.module = (state) => publicModule(state as ModuleState);
publicly.caller = (state, lease) => makeCaller(state as ModuleState, lease);

/**
 * An instance (wazero: api.Module).
 *
 * Close it when you are done: `await using module = await runtime.instantiate(bytes)`, or close its runtime.
 */
export class Module extends Uncloneable implements AsyncDisposable, Disposable {
  readonly #state: ModuleState;
  readonly #lease: Lease | undefined;
  /** Made with the first: a caller is made for each call of a host function. */
  #functions: Map<string, ExportedFunction> | undefined;
  static {
    partsOf = (value) =>
      typeof value === 'object' && value !== null && #state in value
        ? { state: value.#state, lease: value.#lease }
        : undefined;
    make = (state) => birth.give({ state, lease: undefined }, () => new Module());
  }
  static {
    showModule = (module) => ({
      name: shownName(module.name),
      isClosed: module.isClosed,
      exports: module.#state.compiled.exportNames(),
    });
    inspectedAs('Module', Module.prototype, showModule);
  }
  protected constructor() {
    super();
    const { state, lease } = birth.take('Module');
    this.#state = state;
    this.#lease = lease;
  }

  /** The name it was instantiated with, '' for an anonymous one. */
  get name(): string {
    return this.#state.name;
  }

  /** Closed by close(), by its runtime, by a deadline or signal, or by the guest's own exit, also with code 0. */
  get isClosed(): boolean {
    return this.#state.closed;
  }

  /** The memory that its functions use, own or imported; undefined where there is none. */
  get memory(): Memory | undefined {
    return memoryOf(this.#shared().memory(undefined));
  }

  /**
   * An exported function; undefined where there is none of that name. With `params` and `results` it is checked, and its calls are typed.
   * @throws TypeError for a host module, whose functions cannot be called from outside; and, with types, where the export is missing or of
   * another type
   */
  exportedFunction(name: string): ExportedFunction | undefined;
  exportedFunction<const P extends readonly ValueType[], const R extends readonly ValueType[]>(
    name: string,
    params: P,
    results: R,
  ): ExportedFunction<P, R>;
  exportedFunction(
    name: string,
    params?: readonly ValueType[],
    results?: readonly ValueType[],
  ): ExportedFunction | undefined {
    checkString(name, 'name');
    if (this.#state.isHost)
      throw invalidArgument(
        'Expected a guest module for exportedFunction but received a host module: its functions cannot be called from outside',
      );
    const found = this.#function(name);
    if (params === undefined && results === undefined) return found;
    checkValueTypes(params, 'params');
    checkValueTypes(results, 'results');
    const expected = `a function ${showTypes(params, results)} for export ${JSON.stringify(name)}`;
    if (!found)
      throw invalidArgument(
        `Expected ${expected} but there is none of that name: exportedFunctionDefinitions() has those that there are`,
      );
    const { paramTypes, resultTypes } = found.definition;
    if (!sameTypes(params, paramTypes) || !sameTypes(results, resultTypes))
      throw invalidArgument(`Expected ${expected} but received ${showTypes(paramTypes, resultTypes)}`);
    return found;
  }
  /** What is handed out may be kept, but by a conversation or a host function. */
  #shared(): ModuleState {
    if (!this.#lease) this.#state.handedOut = true;
    return this.#state;
  }
  #function(name: string): ExportedFunction | undefined {
    let found = this.#functions?.get(name);
    if (!found) {
      const state = this.#state.function(name);
      if (!state) return undefined;
      found = makeExportedFunction(state, this.#lease);
      this.#functions ??= new Map();
      this.#functions.set(name, found);
    }
    return found;
  }

  /** By name; see CompiledModule.exportedFunctions. */
  exportedFunctionDefinitions(): ReadonlyMap<string, FunctionDefinition> {
    return this.#state.compiled.exportedFunctions();
  }

  /** undefined where there is none of that name. */
  exportedMemory(name: string): Memory | undefined {
    checkString(name, 'name');
    return memoryOf(this.#shared().memory(name));
  }

  exportedMemoryDefinitions(): ReadonlyMap<string, MemoryDefinition> {
    return this.#state.compiled.exportedMemories();
  }

  /** undefined where there is none of that name. */
  exportedGlobal(name: string): Global | undefined {
    checkString(name, 'name');
    const state = this.#shared().global(name);
    return state && makeGlobal(state);
  }

  /** undefined where there is none of that name. */
  exportedTable(name: string): Table | undefined {
    checkString(name, 'name');
    const state = this.#shared().table(name);
    return state && publicTable(state);
  }

  /** undefined where there is none of that name. The same object for the same tag, whoever exports it. */
  exportedTag(name: string): Tag | undefined {
    checkString(name, 'name');
    const state = this.#state.tag(name);
    return state && publicTag(state);
  }

  /**
   * The module for one conversation (alloc, write, call, read, free): calls through the lent `module` go at once, all others wait until `fn`
   * has settled. Resolves with what `fn` returns.
   *
   * `fuel`, `cpuTimeMs` and `timeoutMs` are for all of it: its calls share them.
   *
   * A deadline or signal ends it: a call that runs ends with ExitError and its module is closed; between two calls it rejects with
   * ERR_WAZERO_ABORTED and the module stays open.
   */
  async exclusive<T>(fn: (module: CallerModule) => T | PromiseLike<T>, options?: CallOptions): Promise<T> {
    checkFunction(fn, 'fn');
    const checked = checkCallOptions(options, this.#state.runtime.defaultOptions);
    const parent = this.#lease?.frame;
    if (this.#lease) checkParent(parent, this.#lease.expired);
    this.#state.checkOpen();
    if (mustBeSync(parent)) throw wouldBlock('exclusive');
    return converse(
      this.#state,
      parent,
      begin(checked, this.#state.runtime),
      (lease) => publicly.caller(lease.frame.module, lease) as CallerModule,
      fn,
    );
  }

  /**
   * Its state as an image, of which `Runtime.instantiateModule` makes modules; it waits its turn like a call, and the module goes on unchanged.
   *
   * Rejects with LinkError, saying all that is in the way: a memory, table, mutable global or tag that it shares with other guests, shared
   * memory, open files other than its mounts and standard streams, externrefs that are not null, function references of other guests. Host
   * modules cannot be frozen. Of a module that was left at stdin (`freezeAt`) the image goes on from there. Also LimitError (`totalMemoryBytes`), ERR_WAZERO_ABORTED, ERR_WAZERO_CLOSED.
   */
  async freeze(options?: CallOptions): Promise<ModuleImage> {
    const { runtime } = this.#state;
    return makeModuleImage(await freezeAsync(this.#state, this.#lease, beginUncounted(options, runtime)));
  }
  /** As `freeze`, on the JS thread. ERR_WAZERO_BUSY while a call runs or waits. */
  freezeSync(): ModuleImage {
    const { runtime } = this.#state;
    return makeModuleImage(freezeSync(this.#state, this.#lease, begin(runtime.defaultOptions, runtime)));
  }

  /**
   * Of a module that was made of an image: everything is again as in the image. Its memory may be shorter than it was. Files are closed, clocks,
   * the random source and a stdin of bytes begin anew, `buffer` is detached; start functions do not run. It waits its turn like a call.
   *
   * Rejects with TypeError where the module was not made of an image, or of one that waits; ERR_WAZERO_ABORTED, ERR_WAZERO_CLOSED.
   */
  async reset(options?: CallOptions): Promise<void> {
    const { runtime } = this.#state;
    await resetAsync(this.#state, this.#lease, beginUncounted(options, runtime));
  }
  /** As `reset`, on the JS thread. ERR_WAZERO_BUSY while a call runs or waits. */
  resetSync(): void {
    const { runtime } = this.#state;
    resetSync(this.#state, this.#lease, begin(runtime.defaultOptions, runtime));
  }

  /** What it has used since it was made: live, also while it runs, and after it was closed. */
  usage(): Usage {
    return this.#state.usage();
  }

  /**
   * Closes it: idempotent, and the first exit code counts. With withCloseOnContextDone(true) a running call ends with ExitError; without it,
   * this waits until the guest returns by itself. Calls that wait in the queue reject with ERR_WAZERO_CLOSED: none of them has run.
   *
   * Inside a host function do not await it without withCloseOnContextDone(true): it waits for the call that waits for you.
   */
  close(): Promise<void> {
    return this.#state.close(0);
  }

  /** As `close`; running calls end with ExitError of that code (wazero: CloseWithExitCode). */
  async closeWithExitCode(exitCode: number): Promise<void> {
    checkInteger(exitCode, 0, MAX_U32, 'exitCode');
    return this.#state.close(exitCode);
  }

  /** @throws WazeroError ERR_WAZERO_BUSY while a call is in flight */
  closeSync(): void {
    this.#state.closeSync(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
  [Symbol.dispose](): void {
    this.closeSync();
  }
}

const memoryOf = (state: MemoryState | undefined): Memory | undefined => state && publicMemory(state);

/**
 * The calling module, lent to a host function until it has answered (its Promise included); after that its calls give ERR_WAZERO_CLOSED.
 * Calls made through it are nested: they go at once, in either lane, before or after an await, inherit the deadline, and end last in, first
 * out (the answer waits for them).
 *
 * In the synchronous lane, and only there, a callSync made directly inside the host function through any handle of the module is nested
 * too. Otherwise calls through other handles wait in the queue: awaiting one inside the host function can only end by the deadline.
 */
export class CallerModule extends Module {
  readonly #lent: Lease;
  static {
    makeCaller = (state, lease) => birth.give({ state, lease }, () => new CallerModule(lease));
    inspectedAs('CallerModule', CallerModule.prototype, showModule);
  }
  private constructor(lease: Lease) {
    super();
    this.#lent = lease;
  }

  /**
   * The guest as it waits for this very host function, stack and all: modules made of that image go on from here, each with the answer that
   * `instantiateModule` is given as `options.answer`, and the Promise of `instantiateModule` settles when they end or wait again. In a synchronous call it
   * is done when this returns.
   *
   * Rejects with LinkError also where other calls or frames of other guests are on the stack, or functions that hold references; and with the
   * interpreter: docs/images.md.
   */
  override freeze(options?: CallOptions): Promise<ModuleImage> {
    return super.freeze(options);
  }

  /** Aborts when the call ends for any reason: deadline, signal, close. Made on first use. */
  get signal(): AbortSignal {
    return this.#lent.frame.endSignal();
  }

  /** CallOptions.context of the outermost call. */
  get context(): unknown {
    return this.#lent.frame.context;
  }

  /**
   * What this host function costs its caller, in a runtime with `RuntimeConfig.withFuel(true)` (ours, not wazero's); elsewhere nothing is
   * charged. Before the work itself: where that is more than the call may still execute this throws a Trap of kind 'out of fuel', and the
   * guest ends so, whatever the host function does about it.
   * @throws RangeError for a negative amount, ERR_WAZERO_CLOSED after the host function has answered
   */
  chargeFuel(amount: bigint): void {
    const charged = checkFuel(amount, 'amount');
    if (charged === undefined) throw wrongType('a bigint', 'amount', amount);
    const { frame, host, expired } = this.#lent;
    if (expired) throw expiredError();
    if (host === undefined) throw invalidArgument('Expected the caller of a host function, not that of a conversation');
    if (!native().frameCharge(frame.id, charged)) throw outOfFuelError();
  }
}

/**
 * Another guest that is linked with the caller, lent to the host function as the caller is: for calls into what the caller imports from, its
 * allocator, say. Made through a handle of your own they would wait for the very call that waits for you.
 * @throws TypeError where the one is no caller, or the other is not joined to it by imports
 */
export function lend(caller: CallerModule, module: Module): CallerModule {
  const lease = leaseOf(caller);
  if (!lease) throw wrongType('the caller of a host function', 'caller', caller);
  const state = moduleStateOf(module);
  if (!state) throw wrongType('a Module', 'module', module);
  state.checkOpen();
  if (state.isHost || state.group !== lease.frame.group)
    throw invalidArgument(
      `Expected a module that is linked with the caller for module but received "${shown(state.name)}", which is not`,
    );
  return makeCaller(state, lease);
}
