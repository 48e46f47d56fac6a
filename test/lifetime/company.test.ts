/** Several users of the package in one process: Workers, copies, realms. */
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { survived } from '../support/faults.js';

const company = (name: string) => survived('company', { args: [name], timeoutMs: 60_000 });

describe('L4: Workers', () => {
  it('eight and the main thread call at once, through one shared cache that each of them closes', async () => {
    expect(await company('eight Workers')).toEqual([200, ...Array.from({ length: 8 }, () => [200, 0]), 20]);
  });
  it('get no objects of the package: DataCloneError', async () => {
    expect(await company('posting')).toEqual({ names: ['DataCloneError'], answer: 10 });
  });

  const count = Number(process.env.WAZERO_WORKERS || 30);
  needsEdit('e2')(
    `${count} of them one after another leave no threads, descriptors, mappings or memory`,
    async () => {
      type Look = { fds: number; threads: number; mappings: number; rssMiB: number };
      const { slow, warm, last } = await survived<{ slow: string[]; warm: Look; last: Look }>('succession', {
        args: [count],
        timeoutMs: 60_000 + count * 1_000,
      });
      console.log(`${count} Workers:`, { warm, last });
      expect(slow, 'ended more than a second after they should').toEqual([]);
      expect(last.fds).toBeLessThanOrEqual(warm.fds + 2);
      expect(last.threads).toBeLessThanOrEqual(warm.threads + 5); // Go keeps threads that it has once needed
      expect(last.mappings).toBeLessThanOrEqual(warm.mappings + 100);
      expect(last.rssMiB).toBeLessThanOrEqual(warm.rssMiB + 50);
    },
    90_000 + count * 1_000,
  );
});

describe('L5: the package', () => {
  const ends = Array.from({ length: 2 }, () => ['out of bounds memory access', 'TimeoutError']);
  const apart = { counted: [50, 50, 50], foreign: 'ERR_WAZERO_INVALID_ARGUMENT', ends, left: 0 };
  needsEdit('e2')('is loaded twice with one addon, as by a test runner that forgets modules', async () => {
    expect(await company('loaded twice')).toEqual(apart);
  });
  needsEdit('e2')(
    'is there twice, each with an addon and a Go of its own, as when two versions are installed',
    async () => {
      expect(await company('two addons')).toEqual(apart);
    },
  );
  it('takes functions, errors and arrays of other realms', async () => {
    expect(await company('vm contexts')).toEqual({ counted: 50, same: true, answer: 42 });
  });
});
