import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { beyondBaseline, keyOf, specBaseline } from './baseline.mjs';
import { runSpec } from './spec-runner.mjs';

interface Named {
  reasons: Record<string, string>;
  spec: { group: string; file: string; line: number; type: string; reason: string }[];
}
const named: Named = JSON.parse(readFileSync(new URL('deviations.json', import.meta.url), 'utf8'));
const committedVectors = !process.env.WAZERO_CONFORMANCE_DIR;

describe('WebAssembly spec vectors', () => {
  it.each([
    ['compiler', 'sync', true],
    ['compiler', 'sync', false],
    ['compiler', 'async', 'auto'],
    ['interpreter', 'sync', 'auto'],
  ] as const)(
    '%s, %s lane, guard pages %s: nothing deviates but what the baseline lists, nothing is skipped',
    async (engine, lane, guardPages) => {
      const { total, passed, deviations } = await runSpec({ engine, lane, guardPages });
      console.log(
        `spec vectors, ${engine}, ${lane} lane, guard pages ${guardPages}: ${passed} of ${total} assertions passed`,
      );
      expect(beyondBaseline(deviations)).toEqual([]);
      if (!committedVectors) return;
      expect(total).toBe(specBaseline().totals.assertions.all);
      // The file that gives each deviation its reason neither lacks one nor keeps one that has gone.
      expect(deviations.map(keyOf).sort()).toEqual(named.spec.map(keyOf).sort());
    },
  );

  it('every deviation has its reason', () => {
    for (const { reason } of named.spec) expect(named.reasons[reason], reason).toBeTruthy();
  });
});
