import { makeNamespace } from './namespace.js';
import type { CompileOptions, WebAssemblyOptions } from './types.js';

export type { CompileOptions, WebAssemblyOptions };

/** What V8 has by now and TypeScript's library does not say. */
interface Newer {
  readonly Tag: new (type: { parameters: Iterable<string> }) => object;
  readonly Exception: new (
    tag: object,
    payload: Iterable<unknown>,
  ) => {
    is(tag: object): boolean;
    getArg(tag: object, index: number): any;
  };
  readonly JSTag: object;
  readonly Suspending: new (fn: (...args: any[]) => unknown) => object;
  promising(fn: (...args: any[]) => unknown): (...args: any[]) => Promise<any>;
}
/** The types of TypeScript's own namespace (its library `dom`), where they are there. */
type Namespace = typeof globalThis extends { WebAssembly: infer N } ? N & Omit<Newer, keyof N> : any;

/**
 * A `WebAssembly` object of its own: classes, errors and a runtime that nobody else has.
 *
 * ```ts
 * await using WebAssembly = createWebAssembly({ timeoutMs: 1000, limits: { memoryPages: 1024 }, cache: './machine-code' });
 * const { instance } = await WebAssembly.instantiate(bytes, { env });
 * ```
 *
 * Disposing of it closes everything that was made with it; one that nobody holds any more is closed, too.
 *
 * @throws TypeError or RangeError for what is wrong with the options
 */
export function createWebAssembly(options: WebAssemblyOptions = {}): Namespace & AsyncDisposable {
  if (typeof options !== 'object' || options === null) throw new TypeError('Expected an object for options');
  return makeNamespace(options) as Namespace & AsyncDisposable;
}

/** One with the limits of SECURITY.md and no deadline, for all who import it in this thread. Its runtime is made on first use. */
export const WebAssembly: Namespace = createWebAssembly();
