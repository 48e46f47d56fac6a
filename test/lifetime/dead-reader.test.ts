import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { clean, type Told } from '../support/aftermath.mjs';
import { spawnFixture } from '../support/child.js';
import { needsEdit } from '../support/edits.js';
import { expectEnding } from '../support/faults.js';

interface Row extends Told {
  sink: string;
  lane: string;
}
const EPIPE = 64;

needsEdit('e7errno')(
  'G10: readers that have gone, go or never read: EPIPE or the deadline, no SIGPIPE, bounded memory',
  async () => {
    const child = spawnFixture('dead-reader', [], ['ignore', 'pipe', 'pipe'], ['--expose-gc']);
    child.stdout.destroy();
    const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
    const stderr = await text(child.stderr);
    expect(await ended, stderr).toEqual({ code: 0, signal: null });
    const { found, ...after } = JSON.parse(stderr) as { found: { rows: Row[]; growthMiB: number } };
    expect(after).toEqual(clean);
    expect(found.rows).toHaveLength(12);
    for (const row of found.rows) {
      const what = `${row.sink}, ${row.lane}`;
      if (row.sink.includes('never') || row.sink.includes('nobody'))
        expectEnding(row, { code: 'ERR_WAZERO_EXIT', name: 'TimeoutError' }, 200, what);
      else {
        expectEnding(row, undefined, 200, what);
        expect(row.value, what).toBe(EPIPE);
      }
    }
    expect(found.growthMiB).toBeLessThan(64);
  },
);
