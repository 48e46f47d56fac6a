import type { Frame } from './link-group.js';

/**
 * Chains of frames whose ids have the same lowest bits; ids are given one after the other, so a chain is hardly ever longer than one. No Map of V8's: that
 * makes a new table each time as many as it has room for have come, and the one before, once it is old, keeps all that was in it until a full
 * collection. So every frame of a busy process outlived its call, and was copied twice.
 */
const fewest = 64;
let chains: (Frame | undefined)[] = new Array(fewest).fill(undefined);
let count = 0;

function resize(size: number): void {
  const old = chains;
  chains = new Array(size).fill(undefined);
  for (let frame of old) {
    while (frame) {
      const next: Frame | undefined = frame.nextKnown;
      link(frame);
      frame = next;
    }
  }
  old.length = 0; // likewise
}
function link(frame: Frame): void {
  const at = frame.id & (chains.length - 1);
  frame.nextKnown = chains[at];
  chains[at] = frame;
}

/** Frames that native code knows, by id. */
export const frames = {
  /** Once. */
  add(frame: Frame): void {
    if (++count > chains.length) resize(2 * chains.length);
    link(frame);
  },
  remove(frame: Frame): void {
    const at = frame.id & (chains.length - 1);
    let before: Frame | undefined;
    for (let known = chains[at]; known; before = known, known = known.nextKnown) {
      if (known !== frame) continue;
      if (before) before.nextKnown = frame.nextKnown;
      else chains[at] = frame.nextKnown;
      frame.nextKnown = undefined;
      if (--count < chains.length / 8 && chains.length > fewest) resize(chains.length / 2);
      return;
    }
  },
  find(id: number): Frame | undefined {
    let frame = chains[id & (chains.length - 1)];
    while (frame && frame.id !== id) frame = frame.nextKnown;
    return frame;
  },
};
