import type { FunctionEventOf, FunctionListenerOf } from './calls/listener.js';
import type { Module } from './module.js';

export type {
  BinarySource,
  CallOptions,
  CustomSection,
  ExportDefinition,
  FunctionDefinition,
  FunctionReference,
  GlobalDefinition,
  HostResult,
  Limits,
  MemoryDefinition,
  ModuleLimits,
  ParamsOf,
  ResultOf,
  SyncCallOptions,
  TableDefinition,
  TenantLimits,
  Usage,
  ValueType,
  WasmTypes,
  WasmValue,
} from './values/types.js';

/** wazero: experimental.FunctionListener. Bound when a module is compiled; the guest waits meanwhile. */
export interface FunctionListener extends FunctionListenerOf<Module> {}

/** What a function listener hears of. */
export interface FunctionEvent extends FunctionEventOf<Module> {}

/** Options of a compilation, which can always be stopped. */
export interface CompileOptions {
  /** Rejects the compilation with ERR_WAZERO_ABORTED when it aborts. */
  signal?: AbortSignal | undefined;
  /** Milliseconds. Infinity is none; 0, negative or NaN is a RangeError. Default: that of RuntimeConfig.withDefaultTimeout, else none. */
  timeoutMs?: number | undefined;
  /** Threads of this compilation (wazero: experimental.WithCompilationWorkers). Default: 1. */
  workers?: number;
  listener?: FunctionListener;
}
