import type { Module } from './module.js';
import type { CallOptions } from './types.js';

/** For Runtime.instantiateModule and instantiate. */
export interface InstantiateOptions extends CallOptions {
  /** Asked first for each module that is imported from; undefined: by name (wazero: WithImportResolver). For per-tenant host modules. */
  importResolver?(name: string): Module | undefined;
  /** Called once, when the module is closed (wazero: WithCloseNotifier). */
  closeNotifier?(exitCode: number): void;
}
