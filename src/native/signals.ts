import type { NativeBinding } from './binding.js';

/**
 * libuv sets its handlers without SA_ONSTACK, at any time; one that interrupts Go code would run on the small stack of a goroutine
 * and write into the heap below it. Go mends what it finds when it starts. What comes later is mended here, before anything else of
 * this thread can run: Node sets a handler in a `newListener` of its own, which was there first. Signals are the main thread's: in a Worker nobody sets
 * handlers, and these listeners hear nothing. Whether this is one is not asked: node:worker_threads would load every stream.
 */
export function guardSignals(addon: NativeBinding): void {
  process.on('newListener', (event) => {
    if (typeof event === 'string' && event.startsWith('SIG')) addon.signalsOnStack();
  });
  // The first child process would bring its handler with it, out of sight; with a listener it is there already, and stays. Go does not
  // block SIGCHLD on its own threads.
  if (process.platform !== 'win32') process.on('SIGCHLD', () => {});
}
