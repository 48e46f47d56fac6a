/** Frames of V8's: what begins and ends one of ours is some ten deep, and their frames are larger. */
const levels = 48;
const deep = (below: number): number => (below === 0 ? 0 : deep(below - 1) + 1);

/**
 * Throws V8's RangeError where its stack has no room for what begins and ends a synchronous frame: before it begins. In the middle of that the frame
 * would never end, and its link group wait for it for ever.
 */
export function checkRoom(): void {
  if (deep(levels) !== levels) throw new RangeError(); // asked for, so that no bundler leaves it out
}
