import { type HostFunctionShape, HostFunctions, MOST, makeHostFunction } from '../calls/host-functions.js';
import type { HostModuleDescription, ImportRecord } from '../native/binding.js';
import { closedError, invalidArgument, linkError } from '../values/errors.js';
import { wrongType } from '../values/validate.js';
import type { CompiledState } from './compiled-state.js';
import { TemplateUse } from './host-template.js';
import type { ExternOwner } from './owner.js';
import type { RuntimeState } from './runtime-state.js';

// What an instance imports, said import by import in the place of names. Its functions of JavaScript need no instance of their own: native code
// makes what they are called by together with the instance.

/** What gives one import: a function of JavaScript, or what an owner has. */
export type Extern = GivenFunction | Owned;
interface Owned {
  readonly state: ExternOwner;
  /** By which it is exported. */
  readonly name: string;
  /** In the place of the name, where it is not 0: as of ImportRecord. */
  readonly index: number;
  /** What is said to be given, where that is known: as of CompiledDescription.importKinds, shared memories like the others. */
  readonly kind: string | undefined;
}
interface GivenFunction {
  readonly fn: (...args: never[]) => unknown;
  /** Its first argument is the calling module. */
  readonly withCaller: boolean;
}

class GivenFunctions extends HostFunctions {
  readonly #shapes: readonly HostFunctionShape[];
  readonly #given: readonly GivenFunction[];
  constructor(shapes: readonly HostFunctionShape[], given: readonly GivenFunction[]) {
    super();
    this.#shapes = shapes;
    this.#given = given;
  }
  protected make(position: number) {
    const [shape, given] = [this.#shapes[position], this.#given[position]];
    return shape && given && makeHostFunction(shape, given);
  }
}

/** The functions that are from JavaScript, of all that a compiled module imports: the same few for all its instances. */
interface Plan {
  readonly shapes: readonly HostFunctionShape[];
  readonly use: TemplateUse;
}
/** Of one compiled module: by which of its imports are from JavaScript. */
const mostPlans = 16;

function planFor(runtime: RuntimeState, compiled: CompiledState, isHost: string): Plan {
  const plans = compiled.importPlans as Map<string, Plan>;
  let plan = plans.get(isHost);
  if (plan === undefined) {
    plan = makePlan(runtime, compiled, isHost);
    if (plans.size >= mostPlans) {
      const [[oldest, forgotten]] = plans as unknown as [[string, Plan]];
      plans.delete(oldest);
      forgotten.use.end();
    }
    plans.set(isHost, plan);
  }
  return plan;
}
function makePlan(runtime: RuntimeState, compiled: CompiledState, isHost: string): Plan {
  const imported = compiled.importedFunctions();
  const shapes: HostFunctionShape[] = [];
  for (let i = 0; i < imported.length; i++) {
    if (isHost[i] !== '1') continue;
    const { import: from, paramTypes, resultTypes } = imported[i] as (typeof imported)[number];
    const [params, results] = [paramTypes.map(crossing), resultTypes.map(crossing)];
    shapes.push({ moduleName: from?.module ?? '', exportName: from?.name ?? '', params, results });
  }
  const description: HostModuleDescription = {
    name: 'imports',
    functions: shapes.map(({ moduleName, exportName, params, results }, id) => ({
      id,
      export: `${id}`,
      name: `${moduleName}.${exportName}`.slice(0, 100).toWellFormed(),
      params: [...params],
      results: [...results],
      paramNames: [],
      resultNames: [],
    })),
  };
  const key = `imports ${JSON.stringify(description.functions)}`;
  const template = runtime.hostTemplates.of(runtime.handle, { key, describe: () => description });
  return { shapes, use: new TemplateUse(template) };
}
/** Of what only guests have among themselves native code refuses the import. */
const crossing = <T extends string>(type: T): T | 'externref' => ((type as string) === 'exnref' ? 'externref' : type);

const kindNames: Readonly<Record<string, string>> = {
  f: 'a function',
  t: 'a table',
  m: 'a memory',
  s: 'a shared memory',
  g: 'a global',
  e: 'a tag',
};

/** What native code is told of a function of JavaScript: the next one of the template's. */
const fromTemplate: ImportRecord = Object.freeze({ name: '', module: 0, index: 0 });

/** What native code is told of a list, and whom the instance is linked with. */
export function listedImports(runtime: RuntimeState, compiled: CompiledState, list: readonly Extern[]) {
  const kinds = compiled.importKinds;
  if (list.length !== kinds.length)
    throw invalidArgument(
      `Expected ${kinds.length} imports for options.imports, one for each of the module, but received ${list.length}`,
    );
  const given: GivenFunction[] = [];
  const joins = new Map<ExternOwner, boolean>();
  let externs: ImportRecord[] | undefined;
  let isHost = '';
  list.forEach((extern, i) => {
    const kind = kinds[i] as string;
    if ('fn' in extern) {
      if (kind !== 'f')
        throw wrongType(`a module and a name, for ${kindNames[kind]} is imported,`, `options.imports[${i}]`, extern.fn);
      isHost += '1';
      given.push(extern);
      externs?.push(fromTemplate);
      return;
    }
    const { state, name, index } = extern;
    if (extern.kind !== undefined && extern.kind !== (kind === 's' ? 'm' : kind))
      throw wrongType(`what gives ${kindNames[kind]}`, `options.imports[${i}]`, `${kindNames[extern.kind]}`);
    if (state.runtime !== runtime)
      throw invalidArgument(`Expected a module of the same runtime for options.imports[${i}]`);
    if (state.closed || !state.ready) throw closedError(`the module of options.imports[${i}] is closed`);
    if (kind === 'f') isHost += '0';
    joins.set(state, kind !== 's' || joins.get(state) === true);
    externs ??= given.map(() => fromTemplate);
    externs.push({ name, module: state.handle, index });
  });
  const modules = [...joins].map(([state, joins]) => ({ state, joins }));
  if (given.length === 0) return { modules, externs, host: undefined };
  if (given.length > MOST) throw linkError(`a module imports at most ${MOST} functions of JavaScript`);
  const { shapes, use } = planFor(runtime, compiled, isHost);
  return { modules, externs, host: { template: use.template, functions: new GivenFunctions(shapes, given) } };
}
