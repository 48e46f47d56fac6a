/**
 * What of Node is used from the start; the rest is asked for in the same way where it is needed. An import statement makes a view of all that
 * a module exports, and that loads what stands behind it: streams for node:fs, MIME types for node:util, messages for node:worker_threads.
 */
export const { types } = process.getBuiltinModule('node:util');

// Of what surrounds the package, all that it uses while it runs, as it was when it was loaded: tests put fake timers and clocks in their places, and a
// call would wait for a turn that never comes.
export const { setImmediate, setTimeout, clearTimeout } = process.getBuiltinModule('node:timers');
export const { Buffer, queueMicrotask } = globalThis;
const { hrtime } = process;
/** Milliseconds that go on evenly. The clock of performance.now(), which is slower and loads streams. */
export const now = (): number => {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
};

/**
 * Node makes these when somebody looks, and they are taken with the first runtime (surroundings.ts): what makes them is remembered here, for a test may
 * have put something in their places by then.
 */
export const lazily = {
  AbortController: Object.getOwnPropertyDescriptor(globalThis, 'AbortController'),
  DOMException: Object.getOwnPropertyDescriptor(globalThis, 'DOMException'),
};
