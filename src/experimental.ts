import { FunctionState } from './calls/function-state.js';
import { expiredError } from './calls/link-group.js';
import { hostLogs } from './calls/listener.js';
import { type ExportedFunction, functionBehind, makeExportedFunction } from './exported-function.js';
import { type Global, makeGlobal } from './global.js';
import { atRequest } from './instances/compile.js';
import type { ModuleState } from './instances/module-state.js';
import { fieldsOf } from './io/fields.js';
import { checkSink } from './io/stdio.js';
import { type CallerModule, leaseOf, type Module, moduleStateOf, publicModule } from './module.js';
import type { FunctionRecord, Handle } from './native/binding.js';
import { functionDefinition } from './native/definitions.js';
import { tooFewThreads } from './native/load.js';
import { native } from './native/native.js';
import { netUnder } from './native/owned.js';
import { type Runtime, runtimeStateOf } from './runtime.js';
import type { OutputSink } from './stdio.js';
import type { Tenant } from './tenant.js';
import type { FunctionListener, FunctionReference, ValueType, WasmValue } from './types.js';
import { busyError, invalidArgument, notInterruptibleError } from './values/errors.js';
import { liveReferences, type Referred, referredBy } from './values/references.js';
import { checkInteger, checkObject, MAX_U32, wrongRange, wrongType } from './values/validate.js';
import { checkValueTypes, encode } from './values/values.js';

// wazero's own experimental packages, and ours: what may change.

/** In wazero they are experimental. Here they are settled, and have this name for those who look where wazero has them. */
export type { InstantiateOptions } from './instantiate-options.js';

export type LogScope = 'clock' | 'filesystem' | 'memory' | 'poll' | 'proc' | 'random' | 'sock' | 'all';

/**
 * For CompileOptions.listener: logs, without any JavaScript in between, calls of the module's exported functions and of the host functions
 * that it imports, by scope (wazero: logging.NewHostLoggingListenerFactory, whose lines these are). 'inherit' is standard error.
 */
export function hostLoggingListener(sink: OutputSink, scopes: readonly LogScope[]): FunctionListener {
  checkSink(sink, 'sink');
  if (!Array.isArray(scopes)) throw wrongType('an array of scopes', 'scopes', scopes);
  scopes.forEach((scope, i) => {
    if (!logScopes.includes(scope)) throw wrongType(`one of ${logScopes.join(', ')}`, `scopes[${i}]`, scope);
  });
  const listener: FunctionListener = Object.freeze({});
  hostLogs.set(listener, { sink, scopes: [...scopes] });
  return listener;
}
const logScopes: readonly LogScope[] = ['clock', 'filesystem', 'memory', 'poll', 'proc', 'random', 'sock', 'all'];

/** The guest's stack as it was when a host function took it, not its memory. For setjmp and longjmp. */
export interface Snapshot {
  /**
   * Called in a host function of the same call, unwinds to the snapshot once that has answered: the host function that took the snapshot
   * returns again, with these results. The host function that calls restore answers to nobody.
   * @throws TypeError outside of a host function of the call that the snapshot was taken in
   */
  restore(results: readonly WasmValue[]): void;
}

/**
 * wazero: experimental.GetSnapshotter. Only inside the host function that `caller` was lent to.
 * @throws TypeError where it was lent to no host function; ERR_WAZERO_CLOSED where that has answered
 */
export function snapshot(caller: CallerModule): Snapshot {
  const lease = leaseOf(caller);
  const host = lease?.host;
  if (!lease || !host) throw wrongType('the caller of a host function', 'caller', caller);
  if (lease.expired) throw expiredError();
  const { frame } = lease;
  const id = native().snapshot(frame.id);
  return Object.freeze({
    restore(results: readonly WasmValue[]): void {
      if (!Array.isArray(results)) throw wrongType('an array of results', 'results', results);
      if (!frame.inHost)
        throw invalidArgument('Expected restore inside a host function of the call that the snapshot was taken in');
      if (results.length !== host.results.length)
        throw invalidArgument(
          `Expected ${host.results.length} results for ${host.name} but received ${results.length}`,
        );
      const words = new BigUint64Array(host.resultWords);
      encode(host.results, results, words, frame.group.references, (i) => `result ${i} of ${host.name}`);
      native().snapshotRestore(frame.id, id, words);
      frame.restoring = true;
    },
  });
}

/**
 * The function in a table of the module, exported or not (wazero: table.LookupFunction).
 * @throws Trap as call_indirect: there is no such element, it is null, or its type is another. ERR_WAZERO_BUSY while guest code runs in the
 * module on another thread
 */
export function lookupFunction<const P extends readonly ValueType[], const R extends readonly ValueType[]>(
  module: Module,
  tableIndex: number,
  offset: number,
  params: P,
  results: R,
): ExportedFunction<P, R> {
  const state = guestState(module);
  checkInteger(tableIndex, 0, MAX_U32, 'tableIndex');
  checkInteger(offset, 0, MAX_U32, 'offset');
  checkValueTypes(params, 'params');
  checkValueTypes(results, 'results');
  if (state.group.isRunning) throw busyError('guest code is running that may change the table');
  const types = JSON.stringify({ params, results });
  const { handle, definition } = native().tableFunction(state.handle, tableIndex, offset, types);
  const found = functionDefinition(JSON.parse(definition) as FunctionRecord);
  const name = found.name || found.debugName;
  return makeExportedFunction(
    new FunctionState(state, name, found, handle),
    leaseOf(module),
  ) as unknown as ExportedFunction<P, R>;
}

/**
 * The function that a reference refers to, exported or not: always the same object, whichever module's word for it the reference is. undefined
 * where it is a host function, or its module is closed.
 */
export function functionOf(reference: FunctionReference): ExportedFunction | undefined {
  return functionBehind(referredOf(reference));
}
/** The module whose function it is, in which `reference.definition.index` is its place. undefined as for functionOf. */
export function ownerOf(reference: FunctionReference): Module | undefined {
  const { owner } = referredOf(reference);
  return owner === undefined ? undefined : publicModule(owner as ModuleState);
}
function referredOf(reference: unknown): Referred {
  const referred = referredBy(reference);
  if (referred === undefined) throw wrongType('a FunctionReference', 'reference', reference);
  return referred;
}
/** All globals of the module in the order of their indices, exported or not, to be read (wazero: experimental.InternalModule). */
export function internalGlobals(module: Module): readonly Global[] {
  const state = guestState(module);
  const records = JSON.parse(native().internalGlobals(state.handle)) as { handle: Handle; type: ValueType }[];
  return records.map(({ handle, type }) =>
    makeGlobal({ module: state, handle, name: '', type, mutable: false, view: true }),
  );
}

/** What SockConfig.withTCPListener has bound, in its order: which port 0 became. */
export function tcpAddresses(module: Module): readonly { readonly host: string; readonly port: number }[] {
  const state = guestState(module);
  const addresses = JSON.parse(native().tcpAddresses(state.handle)) as { host: string; port: number }[];
  return Object.freeze(addresses.map((address) => Object.freeze(address)));
}

function guestState(module: Module): ModuleState {
  const state = moduleStateOf(module);
  if (!state) throw wrongType('a Module', 'module', module);
  if (state.isHost) throw invalidArgument('Expected a guest module for module but received a host module');
  state.checkOpen();
  return state;
}

/**
 * Samples what guests do (ours, not wazero's), every `intervalMs` milliseconds (default 1, at least 0.1), until `stop()`, which resolves with a V8
 * CPU profile (`Profiler.Profile` of node:inspector, what `.cpuprofile` files hold): guest functions by name, with file and lines where the module has DWARF sections, host functions, and `(waiting)`. Where several
 * guests run at once their times follow each other. A guest is looked at where it polls: at the heads of its loops and functions. docs/profiling.md.
 * @throws ERR_WAZERO_NOT_INTERRUPTIBLE for a module or runtime without `withCloseOnContextDone(true)`, whose guests poll in no loop; ERR_WAZERO_BUSY
 * while another profile is taken in this process; ERR_WAZERO_CLOSED
 */
export function profile(
  target: Module | Tenant | Runtime,
  options: { intervalMs?: number } = {},
): { stop(): Promise<object> } {
  checkObject(options, 'options');
  const { intervalMs = 1 } = options;
  if (typeof intervalMs !== 'number') throw wrongType('a number', 'options.intervalMs', intervalMs);
  if (!(intervalMs >= 0.1 && intervalMs <= 60_000)) throw wrongRange('0.1 to 60000', 'options.intervalMs', intervalMs);
  native().profileStart(handleToProfile(target), Math.round(intervalMs * 1e6));
  let stopped: Promise<object> | undefined;
  forgottenProfiles ??= netUnder<undefined>(dropProfile);
  const stop = () => {
    forgottenProfiles?.unregister(stop);
    stopped ??= endProfile().then((text) => JSON.parse(text) as object);
    return stopped;
  };
  forgottenProfiles.register(stop, undefined, stop);
  return Object.freeze({ stop });
}
const endProfile = () => atRequest((request) => native().profileStop(request));
const dropProfile = () => void endProfile().catch(() => {});
// There is one at a time: nobody else in the process could ever take one. Made with the first, for an import makes nothing of native code's.
let forgottenProfiles: ReturnType<typeof netUnder<undefined>> | undefined;

function handleToProfile(target: unknown): Handle {
  const tenant = fieldsOf.tenant(target);
  if (tenant) {
    tenant.checkOpen();
    return tenant.handle;
  }
  const runtime = runtimeStateOf(target);
  if (!runtime && !moduleStateOf(target)) throw wrongType('a Module, a Tenant or a Runtime', 'target', target);
  const state = runtime ?? guestState(target as Module);
  state.checkOpen();
  const { closeOnContextDone } = runtime ?? (state as ModuleState).runtime;
  if (!closeOnContextDone)
    throw notInterruptibleError(
      'experimental.profile needs a runtime with RuntimeConfig.withCloseOnContextDone(true): without it guests cannot be looked at in a loop',
    );
  return state.handle;
}

/** Live counts in this process, all 0 when everything is closed. */
export interface Stats {
  readonly runtimes: number;
  /** Also those that were closed while a runtime uses them. */
  readonly compilationCaches?: number;
  readonly compiledModules: number;
  readonly modules: number;
  /** Images that are not closed. */
  readonly images?: number;
  readonly callEngines: number;
  readonly goroutines: number;
  readonly memoryReservations: number;
  /** What Workers that have ended left behind, until Node has taken it back. */
  readonly threadsafeFunctions: number;
  /** JavaScript values that guests hold as externrefs. Of this environment: a Worker counts its own. */
  readonly references: number;
}
const nothing: Stats = Object.freeze({
  runtimes: 0,
  compilationCaches: 0,
  compiledModules: 0,
  modules: 0,
  images: 0,
  callEngines: 0,
  goroutines: 0,
  memoryReservations: 0,
  threadsafeFunctions: 0,
  references: 0,
});

export function stats(): Stats {
  const counted = JSON.parse(native().stats()) as Partial<Stats>;
  return Object.freeze({ ...nothing, ...counted, references: (counted.references ?? 0) + liveReferences() });
}

/** How many guests of calls may run at once in this process. Default: available parallelism. */
export function setConcurrency(guests: number): void {
  checkInteger(guests, 1, MAX_U32, 'guests');
  const missing = native().setConcurrency(guests);
  if (missing === 0) return;
  native().setConcurrency(Math.max(1, guests - missing));
  throw tooFewThreads(missing);
}
