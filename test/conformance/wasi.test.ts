import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasEdit } from '../support/edits.js';
import { runWasi } from './wasi-runner.mjs';

interface Named {
  wasi: Record<string, string>;
  'wasi without an edit': Record<string, [edit: string, reason: string]>;
  'wasi on memfs': Record<string, string>;
}
const named: Named = JSON.parse(readFileSync(new URL('deviations.json', import.meta.url), 'utf8'));
const fails = [
  ...Object.keys(named.wasi),
  ...Object.entries(named['wasi without an edit']).flatMap(([program, [edit]]) => (hasEdit(edit) ? [] : [program])),
];
const committedVectors = !process.env.WAZERO_CONFORMANCE_DIR;

describe('WASI vectors, with the jail on', () => {
  it.each(['compiler', 'interpreter'])('%s: passes at least what wazero passes by itself', async (engine) => {
    const { total, passed, failures, baseline } = await runWasi({ engine });
    console.log(
      `WASI vectors, ${engine}: ${passed} of ${total} programs passed (wazero's own command line tool: ${baseline.length})`,
    );
    for (const [program, problem] of Object.entries(failures)) console.log(`  ${program}: ${problem}`);
    expect(Object.keys(failures).filter((program) => baseline.includes(program))).toEqual([]);
    // Each program that fails is named with its reason, and none that passes is.
    if (committedVectors) expect(Object.keys(failures).sort()).toEqual([...fails].sort());
  });
});

describe('WASI vectors, with files in memfs', () => {
  it.each(['memfs', 'promises'] as const)(
    '%s: passes what passes on a directory, but for what memfs cannot',
    async (files) => {
      const { total, passed, failures } = await runWasi({ files });
      console.log(`WASI vectors, ${files}: ${passed} of ${total} programs passed`);
      for (const [program, problem] of Object.entries(failures)) console.log(`  ${program}: ${problem}`);
      const expected = [...fails, ...Object.keys(named['wasi on memfs'])];
      if (committedVectors) expect(Object.keys(failures).sort()).toEqual(expected.sort());
      else expect(passed).toBeGreaterThan(0);
    },
  );
});
