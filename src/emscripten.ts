import { type CompiledModule, compiledStateOf } from './compiled-module.js';
import { exportABI, type HostModuleBuilder } from './host-module-builder.js';
import type { Module } from './module.js';
import { type Runtime, runtimeStateOf } from './runtime.js';
import { closedError } from './values/errors.js';
import { wrongType } from './values/validate.js';

/**
 * Those functions of module `env` that an Emscripten guest imports for memory growth, longjmp and calls through invoke_ (wazero:
 * imports/emscripten): made for one compiled module, since the types are its imports'.
 */
export const emscripten = Object.freeze({
  /** Rejects with LinkError where the runtime has a module `env` already. */
  async instantiateForModule(runtime: Runtime, compiled: CompiledModule): Promise<Module> {
    return emscripten.instantiateForModuleSync(runtime, compiled);
  },
  instantiateForModuleSync(runtime: Runtime, compiled: CompiledModule): Module {
    if (!runtimeStateOf(runtime)) throw wrongType('a Runtime', 'runtime', runtime);
    return emscripten.exportFunctionsForModule(runtime.newHostModuleBuilder('env'), compiled).instantiateSync();
  },

  /** Puts them into a builder of your own. `compiled` must be open until that is compiled. */
  exportFunctionsForModule(builder: HostModuleBuilder, compiled: CompiledModule): HostModuleBuilder {
    const state = compiledStateOf(compiled);
    if (!state) throw wrongType('a CompiledModule', 'compiled', compiled);
    if (state.closed) throw closedError('the compiled module is closed');
    return exportABI(builder, { exporter: 'emscripten', compiled: state.handle });
  },
});
