/** Accesses around the end of a memory, by guests whose addresses are compared and by those with guard pages: what V8 has, wazero has. */
import { expect, it } from 'vitest';
import { checkBoundaries } from '../support/boundaries/check.mjs';
import { functions } from '../support/boundaries/functions.mjs';
import { checkProducers } from '../support/boundaries/producers.mjs';
import { run } from '../support/child.js';
import { RuntimeConfig } from '../support/package.js';

const modes = [false, true] as const;

it.each(modes)('each access at each distance from the end, guard pages %s', async (mode) => {
  const { calls, differences } = await checkBoundaries(new RuntimeConfig().withGuardPages(mode));
  expect(differences).toEqual([]);
  expect(calls).toBeGreaterThan(200_000);
});

it.each(modes)('some of them by asynchronous calls, guard pages %s', async (mode) => {
  const some = functions.filter((_, i) => i % 40 === 0);
  const { calls, differences } = await checkBoundaries(new RuntimeConfig().withGuardPages(mode), 'call', some);
  expect(differences).toEqual([]);
  expect(calls).toBeGreaterThan(5_000);
});

it.each(modes)('addresses of all that makes 32 bits, guard pages %s', async (mode) => {
  const { calls, differences } = await checkProducers(new RuntimeConfig().withGuardPages(mode));
  expect(differences).toEqual([]);
  expect(calls).toBeGreaterThan(30_000);
});

it.each(['true', 'false'])(
  'traps in every lane, in Workers, deep, nested, among signals, guard pages %s',
  async (mode) => {
    for (const direct of ['0', '1']) {
      const { code, signal, stdout, stderr } = await run('trapping', {
        args: [11, mode, 'workers', 'storm'],
        env: { WAZERO_NODE_DIRECT: direct },
      });
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
      const { looks, wrong, heard } = JSON.parse(stdout);
      expect(wrong).toEqual([]);
      expect(looks).toBeGreaterThan(1_000);
      expect(heard).toBeGreaterThan(10);
    }
  },
);
