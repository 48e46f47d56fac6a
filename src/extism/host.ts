import { AsyncLocalStorage } from 'node:async_hooks';
import type { CallerModule, CompiledModule, FunctionDefinition, Module, Runtime, ValueType } from '../index.js';
import type { CallContext } from './context.js';
import type { Engine, SharedHost } from './engine.js';
import { Glue } from './glue.js';
import type { Functions } from './settings.js';
import type { HostFunction } from './types.js';

export const ENV = 'extism:host/env';
export const WASI = 'wasi_snapshot_preview1';

/** What a host function needs to know of the instance that calls it: the context of its calls. */
export interface FunctionHost {
  readonly plugin: object;
  /** The plugin's own function of that name. */
  hostFunction(namespace: string, name: string): HostFunction;
  readonly context: CallContext;
  caller: CallerModule | undefined;
}

/** The plugins whose host functions a piece of JavaScript runs in, from the inside out. */
interface Inside {
  readonly plugin: object;
  readonly outer: Inside | undefined;
}
const inside = new AsyncLocalStorage<Inside>();
/** Whether this is a host function of a call of that plugin, before or after an await: waiting for another call of it would be for ever. */
export function isInside(plugin: object): boolean {
  for (let at = inside.getStore(); at; at = at.outer) if (at.plugin === plugin) return true;
  return false;
}

/**
 * The host functions that a module imports, one host module for each namespace: with the types that it imports them with. They find the
 * plugin's own functions by who calls, and serve all plugins that import the like.
 */
export function hostModules(engine: Engine, compiled: CompiledModule, functions: Functions): Map<string, SharedHost> {
  const wanted = new Map<string, Map<string, FunctionDefinition>>();
  for (const definition of compiled.importedFunctions()) {
    const { module, name } = definition.import as { module: string; name: string };
    if (!Object.hasOwn(functions, module) || !Object.hasOwn(functions[module] as object, name)) continue;
    let members = wanted.get(module);
    if (!members) {
      members = new Map();
      wanted.set(module, members);
    }
    members.set(name, definition);
  }
  const modules = new Map<string, SharedHost>();
  for (const [namespace, members] of wanted) {
    const types = [...members].map(([name, { paramTypes, resultTypes }]) => [name, paramTypes, resultTypes]);
    const key = JSON.stringify([namespace, types]);
    const host = engine.host(key, () => hostModule(engine.runtime, namespace, members));
    modules.set(namespace, host);
  }
  return modules;
}
function hostModule(runtime: Runtime, namespace: string, members: ReadonlyMap<string, FunctionDefinition>): Module {
  serial++;
  const builder = runtime.newHostModuleBuilder(`extism ${serial} ${namespace}`);
  for (const [name, { paramTypes, resultTypes }] of members)
    builder
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, ...args: unknown[]) => callHost(caller, namespace, name, args, resultTypes) as never,
        [...paramTypes],
        [...resultTypes],
      )
      .export(name);
  return builder.instantiateSync();
}
let serial = 0;

function callHost(
  caller: CallerModule,
  namespace: string,
  name: string,
  args: unknown[],
  results: readonly ValueType[],
): unknown {
  const host = caller.context as FunctionHost;
  const fn = host.hostFunction(namespace, name);
  const before = host.caller;
  host.caller = caller;
  let answer: unknown;
  try {
    const here = { plugin: host.plugin, outer: inside.getStore() };
    answer = inside.run(here, () => fn(host.context, ...args));
  } catch (error) {
    host.caller = before;
    throw error;
  }
  if (typeof (answer as PromiseLike<unknown> | undefined)?.then === 'function')
    return Promise.resolve(answer)
      .then((value) => resultsOf(value, results))
      .finally(() => {
        host.caller = before;
      });
  host.caller = before;
  return resultsOf(answer, results);
}

/** As JavaScript gives WebAssembly values: what is no number is made one. */
function resultsOf(value: unknown, results: readonly ValueType[]): unknown {
  const [first] = results;
  if (first === undefined) return undefined;
  if (results.length === 1) return coerced(value, first);
  return results.map((type, i) => coerced((value as unknown[] | undefined)?.[i], type));
}
function coerced(value: unknown, type: ValueType): unknown {
  switch (type) {
    case 'i32':
      return Number(value) | 0;
    case 'i64':
      return BigInt.asIntN(64, BigInt(value as bigint));
    case 'f32':
    case 'f64':
      return Number(value);
    default:
      return value;
  }
}

/** The kernel as a module sees it whose host functions replace some of the kernel's own: what it imports, from the one or the other. */
export function replacedKernel(compiled: CompiledModule, functions: Functions): Uint8Array {
  const glue = new Glue();
  const seen = new Set<string>();
  for (const definition of compiled.importedFunctions()) {
    const { module, name } = definition.import as { module: string; name: string };
    if (module !== ENV || seen.has(name)) continue;
    seen.add(name);
    const from = Object.hasOwn(functions[ENV] ?? {}, name) ? 'replacements' : 'kernel';
    glue.exportFunction(name, glue.importFunction(from, name, definition));
  }
  return glue.bytes();
}
