import { setImmediate } from '../values/node.js';
import { takeSurroundings } from '../values/surroundings.js';
import type { Hooks, NativeBinding } from './binding.js';
import { loadNative } from './load.js';
import { guardSignals } from './signals.js';

let hooks: Hooks | undefined;
let ready: NativeBinding | undefined;

/** Those of instances/hooks.ts, which need everything below; and everything below needs native(). */
export function setHooks(theirs: Hooks): void {
  hooks = theirs;
}

/** The addon of this environment, loaded and initialised on first use: importing the package starts nothing. */
export function native(): NativeBinding {
  if (ready === undefined) {
    if (hooks === undefined) throw new Error('The hooks of hooks.ts are missing');
    const addon = loadNative();
    addon.init(hooks);
    guardSignals(addon);
    takeSurroundings();
    ready = addon;
  }
  return ready;
}

let active = 0;
/** A call or compilation in flight keeps the event loop alive; an idle runtime does not. */
export function addActive(): void {
  active++;
  if (told) return;
  told = true;
  native().setActive(true);
}
export function removeActive(): void {
  if (--active > 0 || resting) return;
  // Not at once: a program that awaits one call after the other is active again in a moment.
  resting = true;
  setImmediate(rest);
}
let resting = false;
let told = false;
function rest(): void {
  resting = false;
  if (active > 0) return;
  told = false;
  native().setActive(false);
}
