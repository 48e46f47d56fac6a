import type { Module } from './module.js';
import type { CallOptions, WasmValue } from './types.js';

/** For Runtime.instantiateModule and instantiate. */
export interface InstantiateOptions extends CallOptions {
  /** Asked first for each module that is imported from; undefined: by name (wazero: WithImportResolver). For per-tenant host modules. */
  importResolver?(name: string): Module | undefined;
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
