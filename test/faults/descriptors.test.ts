/** Each guest may have 1,024 files open, and many guests have many times that: what the program has left is half of what the process may have. */
import { expect, it } from 'vitest';
import { survived } from '../support/faults.js';

interface Got {
  opened: number;
  errno: number;
}
interface Found {
  got: Got[];
  memfs: Got;
  accepted: number;
  before: Got;
  after: Got;
  again: Got;
}
const MFILE = 33;

it.runIf(process.platform === 'linux')(
  'F3: guests that open all that they can, in a process with 1,024 descriptors: EMFILE to them, and the program opens, listens and connects',
  async () => {
    const found = await survived<Record<string, Found>>('descriptors', { under: 'ulimit -n 1024' });
    expect(Object.keys(found)).toEqual(['directory', 'node:fs', 'promises']);
    for (const [kind, { got, memfs, accepted, before, after, again }] of Object.entries(found)) {
      const all = got.reduce((sum, { opened }) => sum + opened, 0);
      // A directory that is mounted takes one itself.
      expect(all, kind).toBeGreaterThan(500);
      expect(all, kind).toBeLessThanOrEqual(512);
      expect(got.map(({ errno }) => errno)).toEqual([MFILE, MFILE, MFILE, MFILE]);
      expect(memfs, 'a file system that has none of them').toEqual({ opened: 200, errno: 0 });
      expect(accepted, 'a connection').toBe(MFILE);
      expect(before).toEqual({ opened: 0, errno: MFILE });
      expect(after.opened, 'what another guest has closed').toBeGreaterThan(2);
      expect(after.opened).toBeLessThanOrEqual(4);
      expect(again, 'after all were closed').toEqual({ opened: 300, errno: 0 });
    }
  },
);
