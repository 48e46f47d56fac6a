import { exportABI, type HostModuleBuilder } from './host-module-builder.js';
import type { Module } from './module.js';
import { type Runtime, runtimeStateOf } from './runtime.js';
import { wrongType } from './values/validate.js';

const moduleName = 'wasi_snapshot_preview1';

/**
 * WASI preview 1 (wazero: imports/wasi_snapshot_preview1). A guest that imports it finds it by name: instantiate it once per runtime. What
 * a guest may do through it is decided by its ModuleConfig.
 */
export const wasi = Object.freeze({
  moduleName,

  /** Rejects with LinkError where the runtime has it already. */
  async instantiate(runtime: Runtime): Promise<Module> {
    return wasi.instantiateSync(runtime);
  },
  instantiateSync(runtime: Runtime): Module {
    if (!runtimeStateOf(runtime)) throw wrongType('a Runtime', 'runtime', runtime);
    return wasi.exportFunctions(runtime.newHostModuleBuilder(moduleName)).instantiateSync();
  },

  /** Puts its functions into a builder of your own, so that single ones can be overridden or the module renamed ('wasi_unstable'). */
  exportFunctions(builder: HostModuleBuilder): HostModuleBuilder {
    return exportABI(builder, { exporter: moduleName });
  },
} as const);
