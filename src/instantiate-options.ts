import type { Tag } from './exception.js';
import type { ExportedFunction } from './exported-function.js';
import type { Global } from './global.js';
import type { Memory } from './memory.js';
import type { CallerModule, Module } from './module.js';
import type { Table } from './table.js';
import type { CallOptions, FunctionReference, WasmValue } from './types.js';

/**
 * What gives one import: a function of JavaScript as for `HostFunctionBuilder.withFunction`, one as for `withModuleFunction` that gets the
 * calling module first, an export of a module, of any kind, by its name, or the thing itself: a function of a guest, exported or not, a memory,
 * table, global or tag, of a module or made by the host (`Runtime.newMemory` and its like).
 */
export type ImportSource =
  | ((...args: never[]) => unknown)
  | { readonly withCaller: (caller: CallerModule, ...args: never[]) => unknown }
  | { readonly module: Module; readonly name: string }
  | ExportedFunction<any, any>
  | FunctionReference
  | Memory
  | Table
  | Global
  | Tag;

/** For Runtime.instantiateModule and instantiate. */
export interface InstantiateOptions extends CallOptions {
  /** Asked first for each module that is imported from; undefined: by name (wazero: WithImportResolver). For per-tenant host modules. */
  importResolver?(name: string): Module | undefined;
  /**
   * What each import is, in the order of the module's imports and whatever their names (ours): a function of JavaScript, of the types of the
   * import, or what there is already. In the place of `importResolver` and of names; for functions that each instance has of its own it is
   * quicker than a host module. Default: by name.
   */
  imports?: readonly ImportSource[] | undefined;
  /**
   * What exported globals begin with, by name, also immutable ones (ours): set when the start functions have run, before anybody else sees the
   * module. For references, which no constant expression of a module can give.
   */
  globals?: Readonly<Record<string, WasmValue>>;
  /** Called once, when the module is closed (wazero: WithCloseNotifier). */
  closeNotifier?(exitCode: number): void;
  /**
   * Its start function (`_start`) is left where it first reads stdin, and the module stays there: `freeze` makes an image of it, stack and all, whose
   * modules go on from that read, with the stdin of their own config. A guest that ends without reading stdin ends as any other. LinkError where it
   * cannot be frozen there. Default: it is not left.
   */
  freezeAt?: 'stdin' | undefined;
  /** Of an image that `caller.freeze()` made: what that host function answers, one value for each of its results. Default: zeros. */
  answer?: readonly WasmValue[] | undefined;
}
