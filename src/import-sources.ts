import { tagStateOf } from './exception.js';
import { functionStateOf } from './exported-function.js';
import { globalStateOf } from './global.js';
import type { Extern } from './instances/externs.js';
import type { ExternOwner } from './instances/owner.js';
import { memoryStateOf } from './memory.js';
import { moduleStateOf } from './module.js';
import { tableStateOf } from './table.js';
import { closedError } from './values/errors.js';
import { referredBy } from './values/references.js';
import { checkFunction, checkName, wrongType } from './values/validate.js';

const expected =
  'a function, { withCaller }, { module, name }, an ExportedFunction, a FunctionReference, a Memory, Table, Global or Tag';

/** InstantiateOptions.imports, checked. Not exported by the package. */
export function externsOf(imports: unknown): readonly Extern[] | undefined {
  if (imports === undefined) return undefined;
  if (!Array.isArray(imports)) throw wrongType('an array', 'options.imports', imports);
  return Array.from(imports, (source: unknown, i): Extern => {
    if (typeof source === 'function') return { fn: source as () => unknown, withCaller: false };
    if (typeof source !== 'object' || source === null) throw wrongType(expected, `options.imports[${i}]`, source);
    const object = externOf(source, i);
    if (object !== undefined) return object;
    const { withCaller, module, name } = source as Record<string, unknown>;
    if (withCaller !== undefined) {
      checkFunction(withCaller, `options.imports[${i}].withCaller`);
      return { fn: withCaller as () => unknown, withCaller: true };
    }
    const state = moduleStateOf(module);
    if (state === undefined) throw wrongType('a Module', `options.imports[${i}].module`, module);
    checkName(name, `options.imports[${i}].name`);
    return { state, name: name as string, index: 0, kind: undefined };
  });
}

/** Of an object that is something which can be imported; undefined: it is none. */
function externOf(source: object, i: number): Extern | undefined {
  const memory = memoryStateOf(source);
  if (memory !== undefined) return { state: memory.module, name: '', index: 1, kind: 'm' };
  const table = tableStateOf(source);
  if (table !== undefined) return { state: table.module, name: table.name, index: 0, kind: 't' };
  const global = globalStateOf(source);
  if (global !== undefined) {
    if (global.view)
      throw wrongType('a Global that is exported, or made by the host,', `options.imports[${i}]`, source);
    return { state: global.module, name: global.name, index: 0, kind: 'g' };
  }
  const tag = tagStateOf(source);
  if (tag !== undefined) {
    if (tag.from === undefined)
      throw wrongType('a Tag of Runtime.newTag or Module.exportedTag', `options.imports[${i}]`, source);
    return { state: tag.from.owner as ExternOwner, name: tag.from.name, index: 0, kind: 'e' };
  }
  const exported = functionStateOf(source);
  if (exported !== undefined)
    return { state: exported.module as ExternOwner, name: '', index: exported.definition.index + 1, kind: 'f' };
  const referred = referredBy(source);
  if (referred === undefined) return undefined;
  if (referred.owner === undefined)
    throw closedError(`the function of options.imports[${i}] is of a host module, or of one that is closed`);
  return { state: referred.owner as ExternOwner, name: '', index: referred.definition.index + 1, kind: 'f' };
}
