import { checkCallOptions, checkOptionalFunction } from './calls/options.js';
import { compiledStateOf } from './compiled-module.js';
import { externsOf } from './import-sources.js';
import type { Bytes } from './instances/compile.js';
import { checkPath } from './instances/image-file.js';
import type { InstantiationExtras, Source } from './instances/instantiate.js';
import type { RuntimeState } from './instances/runtime-state.js';
import type { InstantiateOptions } from './instantiate-options.js';
import { fieldsOf, type ModuleFields } from './io/fields.js';
import { moduleStateOf } from './module.js';
import { ModuleConfig } from './module-config.js';
import { imageStateOf } from './module-image.js';
import type { CompileOptions } from './types.js';
import { shown } from './values/shown.js';
import {
  checkBinary,
  checkInteger,
  checkObject,
  checkSignal,
  checkTimeout,
  MAX_U32,
  wrongType,
} from './values/validate.js';

// What methods of Runtime are given, checked.

/** The bytes of a module, not copied, or the path of a file of them. */
export function checkModule(value: unknown): Bytes {
  return value instanceof URL ? checkPath(value) : checkBinary(value, 'binary');
}

export function checkModuleSource(value: unknown): Source {
  const state = compiledStateOf(value) ?? imageStateOf(value);
  if (!state) throw wrongType('a CompiledModule or a ModuleImage', 'source', value);
  return state;
}

const defaultConfig = fieldsOf.moduleConfig(new ModuleConfig()) as ModuleFields;
export function checkConfig(config: unknown): ModuleFields {
  const fields = config === undefined ? defaultConfig : fieldsOf.moduleConfig(config);
  if (!fields) throw wrongType('a ModuleConfig', 'config', config);
  return fields;
}

export function checkCompileOptions(options: CompileOptions, { defaultOptions }: RuntimeState) {
  checkObject(options, 'options');
  const { workers = 1, listener } = options;
  checkInteger(workers, 1, MAX_U32, 'options.workers');
  if (listener !== undefined) {
    checkObject(listener, 'options.listener');
    checkOptionalFunction(listener.filter, 'options.listener.filter');
    checkOptionalFunction(listener.before, 'options.listener.before');
    checkOptionalFunction(listener.after, 'options.listener.after');
    checkOptionalFunction(listener.abort, 'options.listener.abort');
  }
  return {
    signal: checkSignal(options.signal, 'options.signal'),
    timeoutMs: checkTimeout(options.timeoutMs, 'options.timeoutMs') ?? defaultOptions.timeoutMs,
    workers,
    listener,
  };
}

/** The resolver, whose answers are checked. */
function statesOf(resolve: ((name: string) => unknown) | undefined): InstantiationExtras['importResolver'] {
  if (resolve === undefined) return undefined;
  return (name) => {
    const module = resolve(name);
    if (module === undefined) return undefined;
    const state = moduleStateOf(module);
    if (!state) throw wrongType('a Module or undefined', `the answer of importResolver to "${shown(name)}"`, module);
    return state;
  };
}

const noExtras: InstantiationExtras = Object.freeze({ ownsCompiled: false });
const owning: InstantiationExtras = Object.freeze({ ownsCompiled: true });
export function checkInstantiateOptions(
  options: InstantiateOptions | undefined,
  { defaultOptions }: RuntimeState,
  ownsCompiled: boolean,
) {
  if (options === undefined) return { checked: defaultOptions, extras: ownsCompiled ? owning : noExtras };
  const checked = checkCallOptions(options, defaultOptions);
  const { importResolver, imports, closeNotifier, freezeAt, answer, globals } = options;
  if (globals !== undefined) checkObject(globals, 'options.globals');
  checkOptionalFunction(importResolver, 'options.importResolver');
  checkOptionalFunction(closeNotifier, 'options.closeNotifier');
  if (freezeAt !== undefined && freezeAt !== 'stdin') throw wrongType("'stdin'", 'options.freezeAt', freezeAt);
  if (answer !== undefined && !Array.isArray(answer)) throw wrongType('an array of values', 'options.answer', answer);
  const extras: InstantiationExtras = {
    importResolver: statesOf(importResolver?.bind(options)),
    imports: externsOf(imports),
    closeNotifier: closeNotifier?.bind(options),
    freezeAt,
    answer,
    globals: globals && { ...globals },
    ownsCompiled,
  };
  return { checked, extras };
}
