import { exportABI, type HostModuleBuilder } from './host-module-builder.js';
import type { Module } from './module.js';
import { type Runtime, runtimeStateOf } from './runtime.js';
import { checkBoolean, checkObject, wrongType } from './values/validate.js';

export interface AssemblyScriptOptions {
  /** Whether abort writes its message to the guest's stderr. Default: true. */
  abortMessage?: boolean;
  /** Which of the guest's streams trace writes to. Default: none. */
  trace?: 'stdout' | 'stderr';
}

/**
 * The functions abort, trace and seed of module `env`, which AssemblyScript guests import (wazero: imports/assemblyscript). abort closes the
 * guest with exit code 255; seed reads its random source.
 */
export const assemblyscript = Object.freeze({
  /** Rejects with LinkError where the runtime has a module `env` already. */
  async instantiate(runtime: Runtime, options?: AssemblyScriptOptions): Promise<Module> {
    return assemblyscript.instantiateSync(runtime, options);
  },
  instantiateSync(runtime: Runtime, options?: AssemblyScriptOptions): Module {
    if (!runtimeStateOf(runtime)) throw wrongType('a Runtime', 'runtime', runtime);
    return assemblyscript.exportFunctions(runtime.newHostModuleBuilder('env'), options).instantiateSync();
  },

  /** Puts them into a builder of your own, so that single ones can be overridden and others added. */
  exportFunctions(builder: HostModuleBuilder, options: AssemblyScriptOptions = {}): HostModuleBuilder {
    checkObject(options, 'options');
    const { abortMessage = true, trace } = options;
    checkBoolean(abortMessage, 'options.abortMessage');
    if (trace !== undefined && trace !== 'stdout' && trace !== 'stderr')
      throw wrongType("'stdout', 'stderr' or undefined", 'options.trace', trace);
    return exportABI(builder, { exporter: 'assemblyscript', abortMessage, ...(trace && { trace }) });
  },
});
