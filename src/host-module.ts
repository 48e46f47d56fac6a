import type { HostModuleBuilder } from './host-module-builder.js';
import type { CallerModule } from './module.js';
import type { HostResult, ParamsOf, ValueType } from './types.js';
import { shown } from './values/shown.js';
import { checkFunction, checkObject, wrongType } from './values/validate.js';
import { valueTypesOf } from './values/values.js';

type Types = readonly ValueType[];

/** One function of `Runtime.hostModule`: types of its parameters and results, and the function; with 'caller' before it, it gets the calling module first. */
export type HostFunctionEntry<P extends Types, R extends Types> =
  | readonly [params: P, results: R, fn: (...args: ParamsOf<P>) => HostResult<R>]
  | readonly [
      params: P,
      results: R,
      withCaller: 'caller',
      fn: (caller: CallerModule, ...args: ParamsOf<P>) => HostResult<R>,
    ];

// The first two are what TypeScript infers P and R from, the third is what the functions are held to.
/** The functions of a host module, by the names that guests import. */
export type HostFunctionEntries<P extends Record<string, Types>, R extends Record<string, Types>> = {
  readonly [K in keyof P]: readonly [params: P[K], results: Types, fn: unknown, more?: unknown];
} & {
  readonly [K in keyof R]: readonly [params: Types, results: R[K], fn: unknown, more?: unknown];
} & {
  readonly [K in keyof P & keyof R]: HostFunctionEntry<P[K], R[K]>;
};

type TypeOf<V> = number extends V
  ? 'i32' | 'f32' | 'f64'
  : bigint extends V
    ? 'i64'
    : V extends Uint8Array
      ? 'v128'
      : 'externref' | 'funcref';
type TypesOf<A extends readonly unknown[]> = { readonly [N in keyof A]: TypeOf<A[N]> };
/** Likewise, held to what `node-wazero types` has written of a guest: `PluginImports['env']`. */
export type ImportedFunctionEntries<I> = {
  readonly [K in keyof I]: I[K] extends (...args: infer A) => infer R
    ?
        | readonly [params: TypesOf<A>, results: Types, fn: (...args: A) => R]
        | readonly [
            params: TypesOf<A>,
            results: Types,
            withCaller: 'caller',
            fn: (caller: CallerModule, ...args: A) => R,
          ]
    : never;
};

/** Adds them to a builder, which checks them. Not exported by the package. */
export function addEntries(builder: HostModuleBuilder, functions: unknown): HostModuleBuilder {
  checkObject(functions, 'functions');
  for (const [name, entry] of Object.entries(functions as object)) {
    const count = Array.isArray(entry) ? entry.length : 0;
    if (count !== 3 && (count !== 4 || entry[2] !== 'caller'))
      throw wrongType("[params, results, fn] or [params, results, 'caller', fn]", `the function ${shown(name)}`, entry);
    const fn = entry[count - 1];
    checkFunction(fn, `the function ${shown(name)}`);
    const params = valueTypesOf(entry[0], `params of ${shown(name)}`);
    const results = valueTypesOf(entry[1], `results of ${shown(name)}`);
    const one = builder.newFunctionBuilder();
    if (count === 3) one.withFunction(fn as never, params, results);
    else one.withModuleFunction(fn as never, params, results);
    one.export(name);
  }
  return builder;
}
