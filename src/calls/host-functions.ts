import type { HostExporter, HostModuleDescription } from '../native/binding.js';
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
}
/** In order of first export. */
export type HostModuleItem = HostFunctionSource | HostExporter;

/** wazero's own bound on the functions of a host module: it makes room for a module's number in a function's id. */
const MOST = 65536;

/** The functions of one host module: an id is number * 65536 + position. */
export class HostFunctions {
  readonly number = nextId();
  readonly #functions: HostFunction[] = [];
  readonly description: HostModuleDescription;

  constructor(moduleName: string, items: readonly HostModuleItem[]) {
    const functions: HostModuleDescription['functions'] = items.map((item) => {
      if ('exporter' in item) return item;
      const id = this.number * MOST + this.#functions.length;
      this.#functions.push({
        ...signature(item.params, item.results),
        fn: item.fn,
        withCaller: item.withCaller,
        moduleName,
        exportName: item.exportName,
        name: `${moduleName}.${item.exportName}`,
      });
      return {
        id,
        export: item.exportName,
        name: item.name,
        params: [...item.params],
        results: [...item.results],
        paramNames: [...item.paramNames],
        resultNames: [...item.resultNames],
      };
    });
    this.description = { name: moduleName, functions };
  }

  static find(hosts: ReadonlyMap<number, HostFunctions>, id: number): HostFunction | undefined {
    const host = hosts.get(Math.floor(id / MOST));
    return host === undefined ? undefined : host.#functions[id % MOST];
  }
}
