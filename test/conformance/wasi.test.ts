import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { expectNothingLeft } from '../support/stats.js';
import { runWasi } from './wasi-runner.mjs';

expectNothingLeft();

const named: { wasi: Record<string, string> } = JSON.parse(
  readFileSync(new URL('deviations.json', import.meta.url), 'utf8'),
);
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
    if (committedVectors) expect(Object.keys(failures).sort()).toEqual(Object.keys(named.wasi).sort());
  });
});
