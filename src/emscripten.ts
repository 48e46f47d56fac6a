import type { CompiledModule } from './compiled-module.js';
import type { HostModuleBuilder } from './host-module-builder.js';
import { notImplemented } from './internal/errors.js';
import type { Module } from './module.js';
import type { Runtime } from './runtime.js';

const refuse = (): never => {
  throw notImplemented('emscripten');
};

/** The functions that Emscripten guests import (wazero: imports/emscripten). Not implemented yet. */
export const emscripten = Object.freeze({
  async instantiateForModule(_runtime: Runtime, _compiled: CompiledModule): Promise<Module> {
    return refuse();
  },
  instantiateForModuleSync(_runtime: Runtime, _compiled: CompiledModule): Module {
    return refuse();
  },
  exportFunctionsForModule(_builder: HostModuleBuilder, _compiled: CompiledModule): HostModuleBuilder {
    return refuse();
  },
});
