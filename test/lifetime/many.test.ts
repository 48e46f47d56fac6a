/** Many of everything. WAZERO_CYCLES=100000 is what docs/faults.md speaks of. */
import { expect, it } from 'vitest';
import { survived } from '../support/faults.js';

type Machine = Record<'rssMiB' | 'threads' | 'fds' | 'mappings', number>;
const instances = 10_000;
const cycles = Number(process.env.WAZERO_CYCLES || 1_000);

it.runIf(process.platform === 'linux')(
  `G11: ${instances} instances, and ${cycles} openings and closings: memory, threads, file descriptors and mappings stay`,
  async () => {
    const { before, open, closed, warm, after } = await survived<{
      before: Machine;
      open: Machine & { right: boolean };
      closed: Machine;
      warm: Machine;
      after: Machine;
    }>('many', {
      args: [instances, cycles],
      timeoutMs: 60_000 + cycles * 20,
      nodeArgs: ['--expose-gc', '--max-semi-space-size=1'], // else V8's space for new objects grows meanwhile, in Node 24 by hundreds of mappings
    });
    console.log('many:', JSON.stringify({ before, open, closed, warm, after }));
    expect(open.right).toBe(true);
    // their pages are written to: 640 MB would be it if each had cost sixteen times that
    expect(open.rssMiB - before.rssMiB).toBeLessThan(instances / 25);
    for (const machine of [open, closed, warm, after]) {
      expect(machine.threads).toBeLessThan(60);
      expect(machine.fds - before.fds).toBeLessThan(10);
      expect(machine.mappings).toBeLessThan(65_530 / 2);
    }
    expect(after.rssMiB - warm.rssMiB).toBeLessThan(32);
    expect(after.mappings - warm.mappings).toBeLessThan(200);
    expect(after.threads - warm.threads).toBeLessThan(8);
  },
  90_000 + cycles * 20,
);
