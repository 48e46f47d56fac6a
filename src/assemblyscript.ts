import type { HostModuleBuilder } from './host-module-builder.js';
import { notImplemented } from './internal/errors.js';
import type { Module } from './module.js';
import type { Runtime } from './runtime.js';

export interface AssemblyScriptOptions {
  /** Whether abort writes its message to stderr. Default: true. */
  abortMessage?: boolean;
  /** Where trace writes to. Default: nowhere. */
  trace?: 'stdout' | 'stderr';
}

const refuse = (): never => {
  throw notImplemented('assemblyscript');
};

/** The functions that AssemblyScript guests import (wazero: imports/assemblyscript). Not implemented yet. */
export const assemblyscript = Object.freeze({
  async instantiate(_runtime: Runtime, _options?: AssemblyScriptOptions): Promise<Module> {
    return refuse();
  },
  instantiateSync(_runtime: Runtime, _options?: AssemblyScriptOptions): Module {
    return refuse();
  },
  exportFunctions(_builder: HostModuleBuilder, _options?: AssemblyScriptOptions): HostModuleBuilder {
    return refuse();
  },
});
