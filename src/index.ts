/// <reference types="node" preserve="true" />
export { type AssemblyScriptOptions, assemblyscript } from './assemblyscript.js';
export { CompilationCache } from './compilation-cache.js';
export { CompiledModule } from './compiled-module.js';
export { CoreFeatures } from './core-features.js';
export { emscripten } from './emscripten.js';
export {
  type AnyWazeroError,
  CompileError,
  type ErrorCode,
  ExitError,
  isWazeroError,
  LimitError,
  LinkError,
  Trap,
  type TrapKind,
  WazeroError,
} from './errors.js';
export { Exception, Tag } from './exception.js';
export * as experimental from './experimental.js';
export { ExportedFunction } from './exported-function.js';
export { FSConfig } from './fs-config.js';
export { Global } from './global.js';
export type { HostFunctionEntries, HostFunctionEntry, ImportedFunctionEntries } from './host-module.js';
export { HostFunctionBuilder, HostModuleBuilder } from './host-module-builder.js';
export type { ImportSource, InstantiateOptions } from './instantiate-options.js';
export type {
  AsyncFileSystem,
  AsyncReadOnlyFileSystem,
  DirentLike,
  FileSystem,
  ReadOnlyFileHandle,
  ReadOnlyFileSystem,
  ReadWriteFileHandle,
  StatsLike,
  SyncFileSystem,
  SyncReadOnlyFileSystem,
} from './io/file-system.js';
export type { GlobalOptions, MadeOptions, MemoryOptions, TableOptions } from './made.js';
export { Memory } from './memory.js';
export { CallerModule, lend, Module } from './module.js';
export { ModuleConfig } from './module-config.js';
export { ModuleImage } from './module-image.js';
export { OutputBuffer } from './output-buffer.js';
export { Runtime } from './runtime.js';
export { RuntimeConfig } from './runtime-config.js';
export { SockConfig } from './sock-config.js';
export type { Clock, InputSource, OutputSink } from './stdio.js';
export { Table } from './table.js';
export { Tenant } from './tenant.js';
export type {
  BinarySource,
  CallOptions,
  CompileOptions,
  CustomSection,
  ExportDefinition,
  FunctionDefinition,
  FunctionEvent,
  FunctionListener,
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
} from './types.js';
export { wasi } from './wasi.js';
