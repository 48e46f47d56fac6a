import type { HostExporter, HostModuleDescription } from '../native/binding.js';
import { fewOf } from '../values/few.js';
import { nextId } from '../values/ids.js';
import type { ValueType } from '../values/types.js';
import { type Signature, signature } from '../values/values.js';

/** A JavaScript function that guests import. */
export interface HostFunction extends Signature {
  readonly fn: (...args: never[]) => unknown;
  /** Its first argument is the calling module. */
  readonly withCaller: boolean;
  readonly moduleName: string;
  readonly exportName: string;
  /** module.function, for messages. */
  readonly name: string;
  /** Of parameters and results, as fewOf: -1 where there are others, or more. */
  readonly fewParams: number;
  readonly fewResults: number;
}

/** What HostFunctionBuilder.export gives. */
export interface HostFunctionSource {
  readonly exportName: string;
  readonly name: string;
  readonly fn: (...args: never[]) => unknown;
  readonly withCaller: boolean;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly paramNames: readonly string[];
  readonly resultNames: readonly string[];
  /** All of it but the function. */
  readonly key: string;
}
/** Its `key`. */
export function keyOf(
  exportName: string,
  name: string,
  params: readonly ValueType[],
  results: readonly ValueType[],
  names: readonly (readonly string[])[],
): string {
  const key = `${named(exportName)}${named(name)}${params}>${results};`;
  // As many as there are types, or none.
  return names.every(({ length }) => length === 0) ? key : `${key}${names.map((list) => list.map(named)).join(';')};`;
}
/** In order of first export. */
export type HostModuleItem = HostFunctionSource | HostExporter;

/** With its length, for names may have any characters. */
const named = (name: string): string => `${name.length}:${name}`;

/** wazero's own bound on the functions of a host module: it makes room for a module's number in a function's id. */
export const MOST = 65536;

/** To native code one is `base` + its position. */
export abstract class HostFunctions {
  readonly number = nextId();
  readonly base = this.number * MOST;
  /** Made when they are first called: most of a module's never are. */
  readonly #made: HostFunction[] = [];

  /** undefined: there are not so many. */
  at(position: number): HostFunction | undefined {
    const known = this.#made[position];
    if (known !== undefined) return known;
    const made = this.make(position);
    if (made !== undefined) this.#made[position] = made;
    return made;
  }
  protected abstract make(position: number): HostFunction | undefined;

  static find(hosts: { get(number: number): HostFunctions | undefined }, id: number): HostFunction | undefined {
    return hosts.get(Math.floor(id / MOST))?.at(id % MOST);
  }
}

/** What of a function is in its host module's code. */
export interface HostFunctionShape {
  readonly moduleName: string;
  readonly exportName: string;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}
export function makeHostFunction(
  { moduleName, exportName, params, results }: HostFunctionShape,
  { fn, withCaller }: Pick<HostFunction, 'fn' | 'withCaller'>,
): HostFunction {
  return {
    ...signature(params, results),
    fn,
    withCaller,
    moduleName,
    exportName,
    name: `${moduleName}.${exportName}`,
    fewParams: fewOf(params),
    fewResults: fewOf(results),
  };
}

/** The functions of one host module. */
export class ModuleFunctions extends HostFunctions {
  /** What it is compiled from but for the functions themselves: one with the same key has the same code. undefined: it is like no other. */
  readonly key: string | undefined;
  readonly #sources: HostFunctionSource[] = [];
  readonly #items: readonly HostModuleItem[];
  readonly #moduleName: string;

  constructor(moduleName: string, items: readonly HostModuleItem[]) {
    super();
    this.#moduleName = moduleName;
    this.#items = [...items];
    let key = named(moduleName);
    for (const item of items)
      if (!('exporter' in item)) {
        this.#sources.push(item);
        key += item.key;
      }
    this.key = this.#sources.length === items.length ? key : undefined;
  }

  /** For native code. */
  describe(): HostModuleDescription {
    let id = 0;
    const functions = this.#items.map((item): HostModuleDescription['functions'][number] => {
      if ('exporter' in item) return item;
      const { exportName, name, params, results, paramNames, resultNames } = item;
      return {
        id: id++,
        export: exportName,
        name,
        params: [...params],
        results: [...results],
        paramNames: [...paramNames],
        resultNames: [...resultNames],
      };
    });
    return { name: this.#moduleName, functions };
  }

  protected make(position: number): HostFunction | undefined {
    const source = this.#sources[position];
    return source && makeHostFunction({ ...source, moduleName: this.#moduleName }, source);
  }
}
