import { expect, it } from 'vitest';
import { survived } from '../support/faults.js';

it('H6: Workers that end inside of a host function, by themselves or terminated, keep their exit code and take nobody with them', async () => {
  interface Row {
    what: string;
    lane: string;
    exit: number;
    error?: string;
    ms: number;
  }
  const rows = await survived<Row[]>('host-ends', { timeoutMs: 40_000 });
  expect(rows).toHaveLength(8);
  for (const { what, lane, exit, error, ms } of rows) {
    expect(exit, `${what}, ${lane}`).toBe(what === 'process.exit' ? 7 : 1);
    expect(error, `${what}, ${lane}`).toBe(what.startsWith('an exception') ? 'nobody catches this' : undefined);
    if (what.startsWith('terminate')) expect(ms, `${what}, ${lane}`).toBeLessThan(1_000);
  }
});
