/** Hostile modules that must be rejected are, in under a second each, by a process that lives: the pre-scan comes before wazero's decoder. */
import { expect, it } from 'vitest';
import { survived } from '../support/faults.js';

it('M1: modules whose counts and sizes lie are refused with ERR_WAZERO_COMPILE within a second and 64 MiB', async () => {
  interface Row {
    name: string;
    expect: string;
    code?: string;
    ms: number;
    rssMiB: number;
  }
  const rows = await survived<Row[]>('reject', { timeoutMs: 50_000 });
  expect(rows.length).toBeGreaterThan(5);
  for (const row of rows) {
    if (row.expect === 'reject') expect(row, row.name).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
    expect(row.ms, row.name).toBeLessThan(1_000);
    expect(row.rssMiB, row.name).toBeLessThan(64);
  }
});
