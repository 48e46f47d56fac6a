// As node.ts, of what only a runtime needs: nothing here is read when the package is imported (scripts/lib/parts.mjs).
export const { debuglog } = process.getBuiltinModule('node:util');
export const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
export const { tracingChannel } = process.getBuiltinModule('node:diagnostics_channel');

// What Node makes when somebody looks is taken with the first runtime: a program that only imports the package does not wait for it.
let clock: (() => number) | undefined;
export let AbortController: typeof globalThis.AbortController;
export let DOMException: typeof globalThis.DOMException;
export function takeSurroundings(): void {
  clock ??= performance.now.bind(performance);
  AbortController ??= globalThis.AbortController;
  DOMException ??= globalThis.DOMException;
}
/** performance.now(): milliseconds. */
export const now = (): number => (clock ?? performance.now.bind(performance))();
