/** The stack of a guest ends in a Trap, wherever the thread's own stack is, and memory stays within what callStackBytes says. */
import { expect } from 'vitest';
import type { Told } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { expectEnding, survived } from '../support/faults.js';

interface Row extends Told {
  engine: string;
  lane: string;
  shape: string;
  rssMiB: number;
  after: unknown;
  depth: number;
}
const overflow = { code: 'ERR_WAZERO_TRAP', name: 'Trap', kind: 'stack overflow' };
// callSync inside of callSync: JavaScript's own stack comes to its end first, and the RangeError passes through all guests.
const nested = { code: 'ERR_WAZERO_TRAP', name: 'Trap', kind: 'host function' };
const endless = { code: 'ERR_WAZERO_EXIT', name: 'TimeoutError' };

for (const [where, nodeArgs, args] of [
  ['on the main thread', [], []],
  ['with a small --stack-size', ['--stack-size=200'], []],
  ['in a Worker with a stack of 1 MiB', [], ['worker']],
] as const) {
  needsEdit('e7unwind')(
    `G3: recursion without end ${where}: a Trap in both lanes, on both engines, and the module goes on`,
    async () => {
      const rows = await survived<Row[]>('recursion', { nodeArgs: [...nodeArgs], args: [...args], timeoutMs: 60_000 });
      expect(rows).toHaveLength(20);
      for (const row of rows) {
        const what = `${row.engine}, ${row.lane}, ${row.shape}`;
        const throughHost = row.shape === 'through a host function';
        // In `call` thousands of levels end one after the other, each of them on the JS thread.
        const [expected, dueMs] =
          throughHost && row.lane === 'call' ? [endless, 8_000] : [throughHost ? nested : overflow, 1_000];
        expectEnding(row, expected, dueMs, what);
        expect(row.after, what).toBe(throughHost && row.lane === 'call' ? 'closed' : 7);
        // 64 MiB by default; while a stack grows, there are two.
        expect(row.rssMiB, what).toBeLessThan(64 * 1.5 + 16);
      }
      console.log(
        `recursion ${where}: at most ${Math.round(Math.max(...rows.map(({ ms }) => ms)))} ms and ${Math.round(Math.max(...rows.map(({ rssMiB }) => rssMiB)))} MiB`,
      );
    },
  );
}
