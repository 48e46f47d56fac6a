/** M1 and G: every hostile case meets its manifest, all of them inside one process which lives, serves another guest and collects garbage. */
import { expect, it } from 'vitest';
import type { runHostile } from '../conformance/hostile-runner.mjs';
import { run } from '../support/child.js';
import { slowness } from '../support/slowness.js';

type Outcome = Awaited<ReturnType<typeof runHostile>>;

it.each(['compiler', 'interpreter'])(
  '%s: hostile modules and files',
  async (engine) => {
    const { code, stdout, stderr } = await run('hostile', { args: [engine], timeoutMs: 100_000 });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { total, met, failures, ...seen }: Outcome = JSON.parse(stdout);
    const rounded = Object.entries(seen).map(([name, value]) => `${name} ${Math.round(value)}`);
    console.log(`hostile, ${engine}: ${met} of ${total} cases met; ${rounded.join(', ')}`);
    expect(failures).toEqual({});
    expect(total).toBeGreaterThan(35);
    expect(seen.beats).toBeGreaterThan(100);
    expect(seen.collections).toBeGreaterThan(5);
  },
  120_000 * slowness,
);
