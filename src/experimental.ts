import './internal/dispatch.js'; // its hooks answer what native code asks
import type { ExportedFunction } from './exported-function.js';
import type { Global } from './global.js';
import { notImplemented } from './internal/errors.js';
import { native } from './internal/native.js';
import { liveReferences } from './internal/references.js';
import { checkInteger, MAX_U32 } from './internal/validate.js';
import type { CallerModule, Module } from './module.js';
import type { OutputSink } from './stdio.js';
import type { CallOptions, FunctionListener, ValueType, WasmValue } from './types.js';

// wazero's own experimental packages, and ours: what may change.

/** For Runtime.instantiateModule and instantiate. */
export interface InstantiateOptions extends CallOptions {
  /** Asked first for each module that is imported from; undefined: by name (wazero: WithImportResolver). For per-tenant host modules. */
  importResolver?(name: string): Module | undefined;
  /** Called once, when the module is closed (wazero: WithCloseNotifier). */
  closeNotifier?(exitCode: number): void;
}

export type LogScope = 'clock' | 'filesystem' | 'memory' | 'poll' | 'proc' | 'random' | 'sock' | 'all';

/** wazero: logging.NewHostLoggingListenerFactory. Not implemented yet. */
export function hostLoggingListener(_sink: OutputSink, _scopes: readonly LogScope[]): FunctionListener {
  throw notImplemented('experimental.hostLoggingListener');
}

/** wazero: experimental.GetSnapshotter. Only inside a host function. Not implemented yet. */
export function snapshot(_caller: CallerModule): Snapshot {
  throw notImplemented('experimental.snapshot');
}
export interface Snapshot {
  /** Unwinds to the snapshot once the host function has answered. */
  restore(results: readonly WasmValue[]): void;
}

/** wazero: table.LookupFunction. Not implemented yet. */
export function lookupFunction<const P extends readonly ValueType[], const R extends readonly ValueType[]>(
  _module: Module,
  _tableIndex: number,
  _offset: number,
  _params: P,
  _results: R,
): ExportedFunction<P, R> {
  throw notImplemented('experimental.lookupFunction');
}

/** wazero: experimental.InternalModule. Not implemented yet. */
export function internalGlobals(_module: Module): readonly Global[] {
  throw notImplemented('experimental.internalGlobals');
}

/** What withTCPListener bound. Not implemented yet. */
export function tcpAddresses(_module: Module): readonly { readonly host: string; readonly port: number }[] {
  throw notImplemented('experimental.tcpAddresses');
}

/** Live counts in this process, all 0 when everything is closed. */
export interface Stats {
  readonly runtimes: number;
  readonly compiledModules: number;
  readonly modules: number;
  readonly callEngines: number;
  readonly goroutines: number;
  readonly memoryReservations: number;
  readonly threadsafeFunctions: number;
  /** JavaScript values that guests hold as externrefs. Of this environment: a Worker counts its own. */
  readonly references: number;
}
const nothing: Stats = Object.freeze({
  runtimes: 0,
  compiledModules: 0,
  modules: 0,
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
  native().setConcurrency(guests);
}
