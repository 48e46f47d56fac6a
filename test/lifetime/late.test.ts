import { expect, it } from 'vitest';
import type { Told } from '../support/aftermath.mjs';
import { expectEnding, survived } from '../support/faults.js';

it('H3: what a host function answers after the deadline, after close, or never: the call has ended, and nothing of it is kept', async () => {
  const { rows, kept } = await survived<{ rows: (Told & { what: string })[]; kept: number }>('late');
  expect(rows).toHaveLength(20);
  for (const row of rows) {
    const reason = row.what === 'after close' ? 'close' : 'timeout';
    expectEnding(row, { code: 'ERR_WAZERO_EXIT', reason }, 50, row.what);
  }
  expect(kept).toBe(0);
});
