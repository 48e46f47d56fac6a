/** JavaScript's stack may end anywhere, in our own code as well: what was entered is left. */
import { expect, it } from 'vitest';
import { survived } from '../support/faults.js';

// Where exactly it ends goes by the size, and by how deep the first call is: in about one of a hundred a frame was left behind.
it.each([196, 203, 210])('a stack of %i KiB ends in nested callSync: the next call begins', async (size) => {
  const found = await survived<{ traps: number; stuck: number }>('overflow', {
    args: [80],
    nodeArgs: ['--expose-gc', `--stack-size=${size}`],
  });
  expect(found).toEqual({ traps: 80, stuck: 0 });
});
