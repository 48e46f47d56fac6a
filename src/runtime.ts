import { Listener } from './calls/listener.js';
import { begin, deadlineOf, refuseSignal } from './calls/options.js';
import { traceAsync, traced, traceSync } from './calls/tracing.js';
import { type CompiledModule, compiledStateOf, makeCompiledModule } from './compiled-module.js';
import type { Tag } from './exception.js';
import type { Global } from './global.js';
import { addEntries, type HostFunctionEntries, type ImportedFunctionEntries } from './host-module.js';
import { type HostModuleBuilder, makeHostModuleBuilder } from './host-module-builder.js';
import { type Bytes, CompileRequest, compileTarget, copyOf, type TimeLimit } from './instances/compile.js';
import { CompiledState } from './instances/compiled-state.js';
import { checkPath, loadImage } from './instances/image-file.js';
import { inspectedAs } from './values/inspect.js';
import { now, setImmediate } from './values/node.js';
import { Uncloneable } from './values/uncloneable.js';
import './instances/hooks.js'; // what native code asks is answered
import { beReady, instantiateAsync, instantiateSync } from './instances/instantiate.js';
import type { ModuleState } from './instances/module-state.js';
import { RuntimeState } from './instances/runtime-state.js';
import type { InstantiateOptions } from './instantiate-options.js';
import { fieldsOf } from './io/fields.js';
import {
  type GlobalOptions,
  type MadeOptions,
  type MemoryOptions,
  newGlobal,
  newMemory,
  newTable,
  newTag,
  type TableOptions,
} from './made.js';
import type { Memory } from './memory.js';
import { type Module, publicModule } from './module.js';
import type { ModuleConfig } from './module-config.js';
import { type ModuleImage, makeModuleImage } from './module-image.js';
import { GUARD, type Handle } from './native/binding.js';
import { native } from './native/native.js';
import { ownerOf } from './native/owned.js';
import { RuntimeConfig } from './runtime-config.js';
import {
  checkCompileOptions,
  checkConfig,
  checkInstantiateOptions,
  checkModule,
  checkModuleSource,
} from './runtime-options.js';
import type { Table } from './table.js';
import type { BinarySource, CompileOptions, FunctionListener, ValueType, WasmTypes } from './types.js';
import { abortedError, closedError, invalidArgument } from './values/errors.js';
import { checkBinary, checkInteger, checkName, checkString, MAX_U32, wrongType } from './values/validate.js';

let isReadAhead = false;
/** What guests need is there before they are, if the first of them takes a turn: a host that runs out of descriptors later could not read it. */
function readAhead(): void {
  if (isReadAhead) return;
  isReadAhead = true;
  setImmediate(() => {
    try {
      beReady();
    } catch {} // who needs it is told
  }).unref();
}

let read: (value: unknown) => RuntimeState | undefined;
/** Not exported by the package. */
export const runtimeStateOf = (value: unknown): RuntimeState | undefined => read(value);

/**
 * Compiles and runs modules (wazero: Runtime). Modules of one runtime import from each other by name.
 *
 * ```ts
 * await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
 * const module = await runtime.instantiate(bytes);
 * await module.exportedFunction('add')?.withOptions({ timeoutMs: 100 }).call(1, 2);
 * ```
 *
 * Close it when you are done; an idle one does not keep the process alive.
 */
export class Runtime extends Uncloneable implements AsyncDisposable, Disposable {
  readonly #state: RuntimeState;
  static {
    read = (value) => (typeof value === 'object' && value !== null && #state in value ? value.#state : undefined);
    inspectedAs('Runtime', Runtime.prototype, (runtime) => ({
      engine: runtime.engine,
      isClosed: runtime.#state.closed,
      modules: runtime.#state.newestFirst().length,
    }));
  }

  /**
   * @param config default: `new RuntimeConfig()`
   * @throws WazeroError ERR_WAZERO_UNSUPPORTED_PLATFORM where there is no binary for this platform, or no compiler and one is asked for
   */
  constructor(config: RuntimeConfig = new RuntimeConfig()) {
    super();
    const fields = fieldsOf.runtimeConfig(config);
    if (!fields) throw wrongType('a RuntimeConfig', 'config', config);
    this.#state = new RuntimeState(fields);
    readAhead();
  }

  /** Which one runs the guests. */
  get engine(): 'compiler' | 'interpreter' {
    return this.#state.engine;
  }

  /**
   * Whether new instances get guard pages now, see `RuntimeConfig.withGuardPages`; those that there are keep what they have. False where the
   * runtime is closed.
   */
  get guardPages(): boolean {
    return !this.#state.closed && native().guardPages(this.#state.handle) === GUARD.on;
  }

  /**
   * Decodes, validates and compiles a module, off the JS thread. (A little one whose code another runtime of the cache has in memory is decoded at once,
   * for no more than 2 ms of a turn.) The bytes are copied before this returns; those of more than 4 MiB in pieces meanwhile, and are to be left alone.
   *
   * A `file:` URL names a file that has them, which native code reads: the shortest way for a large one. Not with a listener that has a filter.
   *
   * Rejects with TypeError where the file cannot be read, CompileError, LimitError, ERR_WAZERO_ABORTED, ERR_WAZERO_CLOSED.
   */
  async compileModule(binary: BinarySource | URL, options: CompileOptions = {}): Promise<CompiledModule> {
    const { signal, timeoutMs, workers, listener } = checkCompileOptions(options, this.#state);
    const bytes = checkModule(binary);
    const limit = { deadline: deadlineOf(timeoutMs), timeoutMs };
    return makeCompiledModule(await this.#compile(bytes, signal, limit, workers, listener));
  }

  /** As `compileModule`, on the JS thread. */
  compileModuleSync(binary: BinarySource, options: Omit<CompileOptions, 'signal'> = {}): CompiledModule {
    const { signal, timeoutMs, workers, listener } = checkCompileOptions(options, this.#state);
    refuseSignal({ signal });
    const bytes = checkBinary(binary, 'binary');
    const limit = { deadline: deadlineOf(timeoutMs), timeoutMs };
    return makeCompiledModule(this.#compileSync(bytes, limit, workers, listener));
  }

  /**
   * Decodes and validates a module without compiling it, on the JS thread: what `compileModule` would refuse is refused here.
   * A megabyte takes tens of milliseconds, for which the event loop stands still: of bytes from strangers, which may be long, `compileModule` says the same
   * off the JS thread.
   *
   * @throws CompileError, LimitError, ERR_WAZERO_CLOSED
   */
  validateModule(binary: BinarySource): void {
    const bytes = checkBinary(binary, 'binary');
    this.#state.checkOpen();
    native().validate(this.#state.handle, bytes);
  }

  /**
   * Instantiates a compiled module, and runs its start section and start functions, off the JS thread. (A little one that runs nothing meanwhile, and
   * imports from host modules alone, is made at once, for no more than 2 ms of a turn.) A start function that exits with code 0 is no error: the module is
   * closed then.
   *
   * Of an image: a module that begins where the frozen one was. The start section and `_start` do not run again; functions named by
   * `withStartFunctions` do. It gets streams, clocks and files of this config, whose mounts must have the same guest paths in the same order
   * (else LinkError), and is in a link group of its own. Of an image that waits it goes on from there: this settles when its call has ended, or waits again.
   *
   * Rejects with LinkError, Trap, ExitError, LimitError, ERR_WAZERO_ABORTED, ERR_WAZERO_NOT_INTERRUPTIBLE, ERR_WAZERO_CLOSED, and with
   * TypeError for what wazero refuses in a config.
   *
   * @param config default: `new ModuleConfig()`
   */
  async instantiateModule(
    source: CompiledModule | ModuleImage,
    config?: ModuleConfig,
    options?: InstantiateOptions,
  ): Promise<Module> {
    const state = checkModuleSource(source);
    const fields = checkConfig(config);
    const { extras, checked } = checkInstantiateOptions(options, this.#state, false);
    return publicModule(await instantiateAsync(this.#state, state, fields, begin(checked, this.#state), extras));
  }

  /** As `instantiateModule`, on the JS thread. ERR_WAZERO_BUSY where a call runs in a module that it imports from. */
  instantiateModuleSync(
    source: CompiledModule | ModuleImage,
    config?: ModuleConfig,
    options?: Omit<InstantiateOptions, 'signal'>,
  ): Module {
    const state = checkModuleSource(source);
    const fields = checkConfig(config);
    const { extras, checked } = checkInstantiateOptions(options, this.#state, false);
    refuseSignal(checked);
    return publicModule(instantiateSync(this.#state, state, fields, begin(checked, this.#state), extras));
  }

  /**
   * What ModuleImage.save wrote, for a module of the very bytes that the frozen one was of. All of it is checked before anything is used, and copied;
   * a file that only root can change is mapped, and processes share its pages.
   *
   * Rejects with LinkError where the file is damaged, cut, of other bytes, of another format or another user's, or cannot be read; LimitError
   * (`totalMemoryBytes`), ERR_WAZERO_CLOSED.
   */
  async loadImage(path: string | URL, compiled: CompiledModule): Promise<ModuleImage> {
    const from = checkPath(path);
    const state = compiledStateOf(compiled);
    if (!state) throw wrongType('a CompiledModule', 'compiled', compiled);
    if (state.host) throw invalidArgument('Expected a compiled guest for compiled but received a host module');
    if (state.runtime !== this.#state)
      throw invalidArgument('Expected a compiled module of the same runtime for compiled but received one of another');
    if (state.closed) throw closedError('the compiled module is closed');
    return makeModuleImage(await loadImage(this.#state, state, from));
  }

  /** Compiles, bytes or a file as `compileModule` does, and instantiates; the compiled module is closed with the instance. The deadline and the signal count for both. */
  async instantiate(binary: BinarySource | URL, config?: ModuleConfig, options?: InstantiateOptions): Promise<Module> {
    const bytes = checkModule(binary);
    const fields = checkConfig(config);
    const { extras, checked } = checkInstantiateOptions(options, this.#state, true);
    const frameOptions = begin(checked, this.#state);
    const compiled = await this.#compile(bytes, frameOptions.signal, frameOptions, 1);
    return publicModule(
      await this.#owning(compiled, () => instantiateAsync(this.#state, compiled, fields, frameOptions, extras)),
    );
  }

  /** As `instantiate`, on the JS thread. */
  instantiateSync(binary: BinarySource, config?: ModuleConfig, options?: Omit<InstantiateOptions, 'signal'>): Module {
    const bytes = checkBinary(binary, 'binary');
    const fields = checkConfig(config);
    const { extras, checked } = checkInstantiateOptions(options, this.#state, true);
    refuseSignal(checked);
    const frameOptions = begin(checked, this.#state);
    const compiled = this.#compileSync(bytes, frameOptions, 1);
    try {
      return publicModule(instantiateSync(this.#state, compiled, fields, frameOptions, extras));
    } catch (error) {
      compiled.close();
      throw error;
    }
  }

  /** Begins a module of JavaScript functions. wazero refuses '' as name, when it compiles. */
  newHostModuleBuilder(name: string): HostModuleBuilder {
    checkName(name, 'name');
    return makeHostModuleBuilder({ runtime: this.#state, name });
  }

  /**
   * A host module in one word (ours; `newHostModuleBuilder` is wazero's way, and gives names to parameters): of each function the types of its
   * parameters and results, and the function. With 'caller' before it, the function gets the calling module first (`withModuleFunction`).
   *
   * ```ts
   * await runtime.hostModule('env', {
   *   add: [['i32', 'i32'], ['i32'], (a, b) => a + b],
   *   log: [['i32', 'i32'], [], 'caller', (caller, pointer, length) => console.log(caller.memory?.readString(pointer, length))],
   * });
   * ```
   *
   * Held to what `node-wazero types` wrote of a guest: `runtime.hostModule<PluginImports['env']>('env', { ... })`.
   *
   * Rejects as `HostModuleBuilder.instantiate`, and with a TypeError that names the function whose entry is of another shape.
   */
  hostModule<
    const P extends Record<string, readonly ValueType[]>,
    const R extends Record<string, readonly ValueType[]>,
  >(name: string, functions: HostFunctionEntries<P, R>): Promise<Module>;
  hostModule<I extends object>(name: string, functions: ImportedFunctionEntries<I>): Promise<Module>;
  async hostModule(name: string, functions: unknown): Promise<Module> {
    return addEntries(this.newHostModuleBuilder(name), functions).instantiateSync();
  }
  /** As `hostModule`. */
  hostModuleSync<
    const P extends Record<string, readonly ValueType[]>,
    const R extends Record<string, readonly ValueType[]>,
  >(name: string, functions: HostFunctionEntries<P, R>): Module;
  hostModuleSync<I extends object>(name: string, functions: ImportedFunctionEntries<I>): Module;
  hostModuleSync(name: string, functions: unknown): Module {
    return addEntries(this.newHostModuleBuilder(name), functions).instantiateSync();
  }

  /**
   * A memory for guests to import, by `options.imports` (ours, and so below). What the host makes has no close of its own: it is closed with the runtime or
   * its tenant, and goes when nothing holds it or what is linked with it. Until then it counts as an instance, and a memory as any guest's.
   * @throws LimitError `memoryPages`, `totalMemoryBytes`, `tenant.memoryBytes`, `tenant.instances`; ERR_WAZERO_CLOSED
   */
  newMemory(options: MemoryOptions): Memory {
    return newMemory(this.#state, options);
  }
  /**
   * As `newMemory`, a table.
   * @throws LimitError `tableElements`, `tenant.tableElements`, `tenant.instances`; ERR_WAZERO_CLOSED
   */
  newTable(options: TableOptions): Table {
    return newTable(this.#state, options);
  }
  /** As `newMemory`, a global that begins with that value. */
  newGlobal<T extends ValueType>(type: T, value: WasmTypes[T], options?: GlobalOptions): Global {
    return newGlobal(this.#state, type, value, options);
  }
  /** As `newMemory`, a tag: what kind of exception is thrown, with values of these types. */
  newTag(types: readonly ValueType[], options?: MadeOptions): Tag {
    return newTag(this.#state, types, options);
  }

  /** The open module of that name, guest or host; undefined where there is none, and for ''. */
  module(name: string): Module | undefined {
    checkString(name, 'name');
    const state = this.#state.names.get(name);
    return state?.ready && !state.closed ? publicModule(state) : undefined;
  }

  /**
   * Closes it and what it made: its modules, newest first, as Module.close does, then its compiled modules. Idempotent. A compilation that
   * is under way rejects with ERR_WAZERO_CLOSED.
   */
  close(): Promise<void> {
    return this.#state.close(0);
  }

  /** As `close`; running calls end with ExitError of that code. */
  async closeWithExitCode(exitCode: number): Promise<void> {
    checkInteger(exitCode, 0, MAX_U32, 'exitCode');
    return this.#state.close(exitCode);
  }

  /** @throws WazeroError ERR_WAZERO_BUSY while a call or a compilation is in flight */
  closeSync(): void {
    this.#state.closeSync(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
  [Symbol.dispose](): void {
    this.closeSync();
  }

  #compile(
    bytes: Bytes,
    signal: AbortSignal | undefined,
    limit: TimeLimit,
    workers: number,
    observer?: FunctionListener,
  ): Promise<CompiledState> {
    let request: CompileRequest | undefined;
    const compile = (binary: Bytes, description?: string) => {
      request = new CompileRequest(this.#state);
      return request.run(binary, { signal, ...limit, workers, listener: description });
    };
    const progress = () => request?.progress() ?? { done: 0, functions: 0 };
    const of = typeof bytes === 'string' ? { byteLength: undefined, file: bytes } : { byteLength: bytes.byteLength };
    return traceAsync(traced.compile, { ...of, workers, progress }, async () => {
      this.#state.checkOpen();
      const listener = observer && new Listener(observer, this.#state.limits);
      if (!listener?.filters) return this.#compiled(await compile(bytes, listener?.description), listener);
      if (typeof bytes === 'string')
        throw invalidArgument(
          'Expected bytes for binary where options.listener has a filter: they are read twice, and a file may change',
        );
      const copy = await copyOf(bytes); // read a second time when this has returned
      this.#state.checkOpen();
      for (const _ of listener.choosing(await compile(copy, Listener.list))) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (signal?.aborted) throw abortedError('the compilation', { reason: 'abort', cause: signal.reason });
        if (now() > limit.deadline) throw abortedError('the compilation', { reason: 'timeout' }, limit.timeoutMs);
        this.#state.checkOpen();
      }
      this.#state.checkOpen();
      return this.#compiled(await compile(copy, listener.description), listener);
    });
  }

  #compiled(handle: Handle, listener: Listener | undefined): CompiledState {
    const make = () => new CompiledState(this.#state, handle, undefined, listener);
    return ownerOf(handle, native().compiledClose, make);
  }

  #compileSync(bytes: Uint8Array, limit: TimeLimit, workers: number, observer?: FunctionListener): CompiledState {
    const progress = () => ({ done: 0, functions: 0 });
    return traceSync(traced.compile, { byteLength: bytes.byteLength, workers, progress }, () => {
      const listener = observer && new Listener(observer, this.#state.limits);
      if (listener?.filters) for (const _ of listener.choosing(this.#compileNow(bytes, limit, workers, Listener.list)));
      return this.#compiled(this.#compileNow(bytes, limit, workers, listener?.description), listener);
    });
  }
  #compileNow(bytes: Uint8Array, limit: TimeLimit, workers: number, listener: string | undefined): Handle {
    this.#state.checkOpen();
    const left = limit.deadline - now();
    if (left <= 0) throw abortedError('the compilation', { reason: 'timeout' }, limit.timeoutMs);
    const timeoutNs = left === Infinity ? 0 : Math.min(Math.ceil(left * 1e6), Number.MAX_SAFE_INTEGER);
    return native().compileSync(compileTarget(this.#state, listener), bytes, workers, timeoutNs);
  }

  /** Whoever fails before native code has taken it over closes it. */
  async #owning(compiled: CompiledState, instantiate: () => Promise<ModuleState>): Promise<ModuleState> {
    try {
      return await instantiate();
    } catch (error) {
      compiled.close();
      throw error;
    }
  }
}
