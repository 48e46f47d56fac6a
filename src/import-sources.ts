import type { Extern } from './instances/externs.js';
import { moduleStateOf } from './module.js';
import { checkFunction, checkName, wrongType } from './values/validate.js';

/** InstantiateOptions.imports, checked. Not exported by the package. */
export function externsOf(imports: unknown): readonly Extern[] | undefined {
  if (imports === undefined) return undefined;
  if (!Array.isArray(imports)) throw wrongType('an array', 'options.imports', imports);
  return Array.from(imports, (source: unknown, i): Extern => {
    if (typeof source === 'function') return { fn: source as () => unknown, withCaller: false };
    if (typeof source !== 'object' || source === null)
      throw wrongType('a function, { withCaller } or { module, name }', `options.imports[${i}]`, source);
    const { withCaller, module, name } = source as Record<string, unknown>;
    if (withCaller !== undefined) {
      checkFunction(withCaller, `options.imports[${i}].withCaller`);
      return { fn: withCaller as () => unknown, withCaller: true };
    }
    const state = moduleStateOf(module);
    if (state === undefined) throw wrongType('a Module', `options.imports[${i}].module`, module);
    checkName(name, `options.imports[${i}].name`);
    return { state, name: name as string };
  });
}
