import { expect, it } from 'vitest';
import { survived } from '../support/faults.js';

it('L3: what is dropped without close is closed when it is collected, in any order, or with its Worker', async () => {
  const { before, after, inWorkers } = await survived<{
    before: { runtimes: number; references: number };
    after: object;
    inWorkers: number[];
  }>('dropped', { timeoutMs: 60_000 });
  expect(before.runtimes).toBeGreaterThan(20);
  expect(before.references).toBeGreaterThan(10);
  expect(after).toEqual({});
  expect(inWorkers, 'buffers of Workers that end').toEqual(Array(12).fill(65_536));
});
