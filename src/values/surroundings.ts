import { lazily } from './node.js';

// As node.ts, of what only a runtime needs: nothing here is read when the package is imported (scripts/lib/parts.mjs).
export const { debuglog } = process.getBuiltinModule('node:util');
export const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
export const { tracingChannel } = process.getBuiltinModule('node:diagnostics_channel');

// What Node makes when somebody looks is taken with the first runtime: a program that only imports the package does not wait for it.
export const surroundings = {} as Pick<typeof globalThis, keyof typeof lazily>;
export function takeSurroundings(): void {
  surroundings.AbortController = take('AbortController');
  surroundings.DOMException = take('DOMException');
}
function take<K extends keyof typeof lazily>(name: K): (typeof globalThis)[K] {
  const first = lazily[name];
  const present = Object.getOwnPropertyDescriptor(globalThis, name);
  const real = first?.get ? first.get.call(globalThis) : first?.value;
  // Node puts what it has made in its place: not over what somebody else has put there.
  if (present && (present.get !== first?.get || present.value !== first?.value))
    Object.defineProperty(globalThis, name, present);
  return real;
}
