/** A call that has ended is garbage of V8's youngest generation, however many others are under way. */
import { expect, it } from 'vitest';
import { survived } from '../support/faults.js';

it.each([
  ['without Go', {}],
  ['through Go', { WAZERO_NODE_DIRECT: '0' }],
])("of 10,000 calls %s, 300 at a time, V8's old space keeps next to nothing", async (_, env) => {
  const { growth } = await survived<{ growth: number }>('outstanding', {
    args: [10_000, 300],
    nodeArgs: ['--expose-gc', '--max-semi-space-size=1'],
    env,
  });
  expect(growth).toBeLessThan(4 * 2 ** 20); // it was 8 MiB, all of them
});
