import { expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { expectEnding, survived } from '../support/faults.js';

interface Row {
  shape: string;
  lane: string;
  name: string;
  code: string;
  ms: number;
}

needsEdit('e2')(
  'G1, G2, G6: in Workers, runaway guests of every shape end at their deadline or with their Worker, and the main thread goes on',
  async () => {
    const { atDeadlines, terminated, latest } = await survived<{
      atDeadlines: Row[];
      terminated: Row[];
      latest: number;
    }>('runaway', { timeoutMs: 60_000 });
    expect(atDeadlines.length).toBeGreaterThan(40);
    expect(terminated.length * 2).toBe(atDeadlines.length);
    const expected = { name: 'TimeoutError', code: 'ERR_WAZERO_EXIT' };
    for (const row of atDeadlines) expectEnding({ message: '', ...row }, expected, 25, `${row.shape}, ${row.lane}`);
    for (const { shape, lane, ms } of terminated) expect(ms, `${shape}, ${lane}`).toBeLessThan(1_000);
    console.log(
      `runaway guests in Workers: the slowest end ${Math.round(Math.max(...terminated.map(({ ms }) => ms)))} ms after terminate; a timer of the main thread was late by ${Math.round(latest)} ms at most`,
    );
    expect(latest).toBeLessThan(1_000);
  },
);
