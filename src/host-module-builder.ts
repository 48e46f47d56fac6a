import { type HostFunctionSource, type HostModuleItem, keyOf, ModuleFunctions } from './calls/host-functions.js';
import { noFrameOptions } from './calls/options.js';
import { type CompiledModule, makeCompiledModule } from './compiled-module.js';
import { CompiledState } from './instances/compiled-state.js';
import { instantiateSync } from './instances/instantiate.js';
import type { RuntimeState } from './instances/runtime-state.js';
import { fieldsOf, type ModuleFields } from './io/fields.js';
import { type CallerModule, type Module, publicModule } from './module.js';
import { ModuleConfig } from './module-config.js';
import type { HostExporter } from './native/binding.js';
import type { HostResult, ParamsOf, ValueType } from './types.js';
import { Birth } from './values/birth.js';
import { invalidArgument } from './values/errors.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkFunction, checkName, checkStrings, wrongType } from './values/validate.js';
import { valueTypesOf } from './values/values.js';

interface Parts {
  readonly runtime: RuntimeState;
  readonly name: string;
}
const birth = new Birth<Parts>();
const functionBirth = new Birth<(item: HostFunctionSource) => HostModuleBuilder>();
let make: (parts: Parts) => HostModuleBuilder;
let makeFunctionBuilder: (add: (item: HostFunctionSource) => HostModuleBuilder) => HostFunctionBuilder;
let addExporter: (builder: unknown, exporter: HostExporter) => HostModuleBuilder;
/** Not exported by the package. */
export const makeHostModuleBuilder = (parts: Parts): HostModuleBuilder => make(parts);
export const exportABI = (builder: unknown, exporter: HostExporter): HostModuleBuilder =>
  addExporter(builder, exporter);

/**
 * Makes a module of JavaScript functions that guests import (wazero: HostModuleBuilder). Mutable: its methods return the builder itself.
 *
 * ```ts
 * await runtime.newHostModuleBuilder('env')
 *   .newFunctionBuilder().withFunction((a, b) => a + b, ['i32', 'i32'], ['i32']).export('add')
 *   .instantiate();
 * ```
 */
export class HostModuleBuilder extends Uncloneable {
  readonly #parts: Parts;
  readonly #items: HostModuleItem[] = [];
  /** Of each name that was exported since the last ABI, which may have it, too: where. */
  readonly #places = new Map<string, number>();
  static {
    make = (parts) => birth.give(parts, () => new HostModuleBuilder());
    addExporter = (value, exporter) => {
      if (typeof value !== 'object' || value === null || !(#items in value))
        throw wrongType('a HostModuleBuilder', 'builder', value);
      value.#items.push(exporter);
      value.#places.clear();
      return value;
    };
  }
  private constructor() {
    super();
    this.#parts = birth.take('HostModuleBuilder');
  }

  /** Begins one function; `export` ends it. */
  newFunctionBuilder(): HostFunctionBuilder {
    return makeFunctionBuilder((item) => {
      this.#add(item);
      return this;
    });
  }

  /** A second export of a name replaces the first and keeps its place, unless an ABI came in between that may have it, too. */
  #add(item: HostFunctionSource): void {
    const at = this.#places.get(item.exportName) ?? this.#items.length;
    this.#places.set(item.exportName, at);
    this.#items[at] = item;
  }

  /** Rejects where the module has no name (wazero's own rule). */
  async compile(): Promise<CompiledModule> {
    return makeCompiledModule(this.#compile());
  }

  /** As `compile`: no guest code runs. For instances without a name (`ModuleConfig.withName('')`), which go with the last who imports from them. */
  compileSync(): CompiledModule {
    return makeCompiledModule(this.#compile());
  }

  /** Compiles and instantiates it under its name; the compiled module is closed with it. Rejects with LinkError where the name is taken. */
  async instantiate(): Promise<Module> {
    return this.instantiateSync();
  }
  instantiateSync(): Module {
    // No guest code runs: there is nothing to wait for.
    const compiled = this.#compile();
    try {
      return publicModule(
        instantiateSync(this.#parts.runtime, compiled, hostConfig, noFrameOptions, { ownsCompiled: false }),
      );
    } finally {
      compiled.close(); // the instance keeps what it needs
    }
  }

  #compile(): CompiledState {
    const { runtime, name } = this.#parts;
    runtime.checkOpen();
    const functions = new ModuleFunctions(name, this.#items);
    const template = runtime.hostTemplates.of(runtime.handle, functions);
    return new CompiledState(runtime, template.handle, { functions, template });
  }
}

/** A host module exports no start functions that could be called. */
const hostConfig = fieldsOf.moduleConfig(new ModuleConfig().withStartFunctions()) as ModuleFields;

/** One function of a host module (wazero: HostFunctionBuilder). Mutable: its methods return the builder itself. */
export class HostFunctionBuilder extends Uncloneable {
  readonly #add: (item: HostFunctionSource) => HostModuleBuilder;
  #function: Pick<HostFunctionSource, 'fn' | 'withCaller' | 'params' | 'results'> | undefined;
  #name = '';
  #paramNames: readonly string[] = [];
  #resultNames: readonly string[] = [];
  static {
    makeFunctionBuilder = (add) => functionBirth.give(add, () => new HostFunctionBuilder());
  }
  private constructor() {
    super();
    this.#add = functionBirth.take('HostFunctionBuilder');
  }

  /**
   * The function itself, with the types of its parameters and results (wazero: WithGoFunction). It returns undefined for no result, the
   * value for one, an array for several, or in an asynchronous call a Promise of that, which parks the guest. What it returns is held to
   * the same rules as arguments; a breach is a Trap with that error as cause. What it throws is the cause of the caller's Trap.
   */
  withFunction<const P extends readonly ValueType[], const R extends readonly ValueType[]>(
    fn: (...args: ParamsOf<P>) => HostResult<R>,
    params: P,
    results: R,
  ): HostFunctionBuilder {
    return this.#set(fn, false, params, results);
  }

  /** As `withFunction`; the calling module comes before the parameters (wazero: WithGoModuleFunction). */
  withModuleFunction<const P extends readonly ValueType[], const R extends readonly ValueType[]>(
    fn: (caller: CallerModule, ...args: ParamsOf<P>) => HostResult<R>,
    params: P,
    results: R,
  ): HostFunctionBuilder {
    return this.#set(fn, true, params, results);
  }

  #set(fn: unknown, withCaller: boolean, params: readonly ValueType[], results: readonly ValueType[]): this {
    checkFunction(fn, 'fn');
    this.#function = {
      fn: fn as (...args: never[]) => unknown,
      withCaller,
      params: valueTypesOf(params, 'params'),
      results: valueTypesOf(results, 'results'),
    };
    return this;
  }

  /** For stack traces. Default: the name it is exported under. */
  withName(name: string): HostFunctionBuilder {
    checkName(name, 'name');
    this.#name = name;
    return this;
  }

  /** One for each parameter, or none. */
  withParameterNames(...names: string[]): HostFunctionBuilder {
    this.#paramNames = checkStrings(names, 'names', checkName);
    return this;
  }

  /** One for each result, or none. */
  withResultNames(...names: string[]): HostFunctionBuilder {
    this.#resultNames = checkStrings(names, 'names', checkName);
    return this;
  }

  /**
   * Ends the function: guests import it as `name`. A second export of a name replaces the first.
   * @throws TypeError where there is no function, or the number of names does not fit its types
   */
  export(name: string): HostModuleBuilder {
    checkName(name, 'name');
    const parts = this.#function;
    if (!parts)
      throw invalidArgument(`Expected withFunction or withModuleFunction before export of ${JSON.stringify(name)}`);
    checkNames(this.#paramNames, parts.params, 'parameter', name);
    checkNames(this.#resultNames, parts.results, 'result', name);
    const { fn, withCaller, params, results } = parts;
    const [paramNames, resultNames] = [this.#paramNames, this.#resultNames];
    const key = keyOf(name, this.#name, params, results, [paramNames, resultNames]);
    return this.#add({
      fn,
      withCaller,
      params,
      results,
      exportName: name,
      name: this.#name,
      paramNames,
      resultNames,
      key,
    });
  }
}

function checkNames(names: readonly string[], types: readonly ValueType[], what: string, of: string): void {
  if (names.length !== 0 && names.length !== types.length)
    throw invalidArgument(`Expected ${types.length} names for the ${what} names of ${of} but received ${names.length}`);
}
