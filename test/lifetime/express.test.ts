/** Calls that a thread of C++ runs without Go (src/calls/express.ts), ended from outside in every state that they can be in. */
import { expect, it } from 'vitest';
import { run } from '../support/child.js';

it.each(['', '1', '0'])(
  'signals, closes, new instances and the ends of Workers: right answers, and nothing is left (WAZERO_NODE_DIRECT=%s)',
  async (direct) => {
    const { code, signal, stdout, stderr } = await run('express', {
      args: [4],
      env: { WAZERO_NODE_DIRECT: direct },
      timeoutMs: 100_000,
    });
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const { calls, workers, left } = JSON.parse(stdout) as { calls: number; workers: number; left: object };
    expect(calls).toBeGreaterThan(100);
    expect(workers).toBeGreaterThan(0);
    expect(left).toEqual({});
  },
);

/** Of processors for which the fixture knows the code of a guest. */
(process.arch === 'x64' ? it : it.skip)('a fault there reaches whoever listens to its signal', async () => {
  // With the signal blocked the kernel asks nobody: the process was gone with SIGSEGV, and no report of it was written.
  expect(await run('fault')).toMatchObject({ code: 7, signal: null, stdout: 'heard SIGSEGV\n', stderr: '' });
});
