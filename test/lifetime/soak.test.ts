/** A short run of the load that `npm run soak` repeats for long: what grows shows only there, what is not closed shows here. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { needsEdit } from '../support/edits.js';

needsEdit('e2')('C7: rounds of mixed load leave nothing open', () => {
  const out = mkdtempSync(join(tmpdir(), 'wazero-soak-test-'));
  const soak = fileURLToPath(new URL('../../scripts/soak/soak.mjs', import.meta.url));
  const args = ['--expose-gc', soak, '--minutes', '0.1', '--round-seconds', '2', '--out', out];
  const { signal, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ signal, stderr }).toEqual({ signal: null, stderr: '' });
  const { rounds, counts, result, control } = JSON.parse(readFileSync(join(out, 'soak.json'), 'utf8'));
  rmSync(out, { recursive: true });
  expect(rounds).toBeGreaterThan(0);
  expect(Object.keys(counts)).toEqual(expect.arrayContaining(['workers', 'forever', 'host', 'ERR_WAZERO_TRAP']));
  for (const report of [result, control.result])
    expect(report.heap.mean).toBeCloseTo(report.objects.mean + report.code.mean, 1);
  expect(result.handles).toMatchObject({ mean: expect.any(Number), perTenMinutes: 0, flat: true });
});
