/** A guest that writes faster than its reader reads waits: nothing is lost, and the process does not grow. */
import { describe, expect, it } from 'vitest';
import { run } from '../support/child.js';

const MiB = 2 ** 20;
const mebibytes = Number(process.env.WAZERO_POUR_MIB ?? 64);

describe(`${mebibytes} MiB to a slow reader`, () => {
  it.each(['node', 'web', 'function'])(
    '%s: every byte comes, in order, and the process grows by less than 64 MiB',
    async (kind) => {
      const { code, stdout, stderr } = await run('pour', {
        args: [kind, mebibytes],
        timeoutMs: 100_000 + mebibytes * 500,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { bytes, growth, inOrder } = JSON.parse(stdout) as { bytes: number; growth: number; inOrder: boolean };
      console.log(`${kind}: the process grew by ${(growth / MiB).toFixed(1)} MiB`);
      expect({ bytes, inOrder }).toEqual({ bytes: mebibytes * MiB, inOrder: true });
      expect(growth).toBeLessThan(64 * MiB);
    },
    120_000 + mebibytes * 500,
  );
});
