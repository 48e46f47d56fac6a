import { shown } from '../values/shown.js';
import type { CompiledState } from './compiled-state.js';

// wazero's own words, and what to do about it. Names are a stranger's: `shown` bounds them.

const wasi = 'wasi_snapshot_preview1';

/** A module that is imported from is not there. */
export function missingModule(compiled: CompiledState, name: string): string {
  const wanted = compiled.firstFunctionFrom(name);
  const from = wanted === undefined ? '' : `the guest imports function "${shown(wanted)}" from it; `;
  return `module[${shown(name)}] not instantiated: ${from}${cure(name, wanted)} first`;
}

function cure(name: string, wanted: string | undefined): string {
  const quoted = `"${shown(name)}"`;
  if (name === wasi) return 'await wasi.instantiate(runtime)';
  if (name === 'wasi_unstable')
    return `await wasi.exportFunctions(runtime.newHostModuleBuilder(${quoted})).instantiate()`;
  if (name === 'env' && wanted === 'abort')
    return 'await assemblyscript.instantiate(runtime), or a host module of your own,';
  if (name === 'env' && wanted !== undefined && /^(invoke_|emscripten_notify_memory_growth$)/.test(wanted))
    return 'await emscripten.instantiateForModule(runtime, compiled), or a host module of your own,';
  return `instantiate a host module of that name, runtime.newHostModuleBuilder(${quoted}), or a guest by ModuleConfig.withName(${quoted}),`;
}

/** Another module has the name. */
export function takenName(name: string): string {
  return `module[${shown(name)}] has already been instantiated: close that one, or use ModuleConfig.withName('') for modules that nobody imports from by name`;
}
