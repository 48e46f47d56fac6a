/** The rest of the process: what it had before the addon was loaded is as it was, and its Workers come and go. */
import { expect, it } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';
import { survived } from '../support/faults.js';

it.runIf(process.platform === 'linux')(
  "L6, L7: signal masks, ignored signals and V8's trap handler are as they were, for children too",
  async () => {
    const { code, stdout, stderr } = await run('dispositions');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { before, after, answers, trap } = JSON.parse(stdout);
    expect(answers).toEqual([7, 7]);
    expect(after).toEqual(before);
    expect(trap).toBe(true);
  },
);

needsEdit('e2')(
  'L4: Workers with small stacks are terminated at any moment, and nothing of theirs is left',
  async () => {
    const { code, signal, stdout, stderr } = await run('workers', {
      args: [8],
      nodeArgs: ['--expose-gc'],
      timeoutMs: 60_000,
    });
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const { started, exits, open } = JSON.parse(stdout);
    console.log(`${started} Workers were terminated at any moment`);
    expect(exits).toBe(started);
    expect(open).toBe(0);
  },
);

const children = Number(process.env.WAZERO_CHILDREN || 60);
needsEdit('e2')(
  `L6: ${children} child processes, forks and a cluster while guests run`,
  async () => {
    const { calls, ...found } = await survived<{ calls: number }>('children', {
      args: [children],
      timeoutMs: 60_000 + children * 100,
    });
    expect(found).toEqual({
      pipe: '141', // SIGPIPE, which Node ignores, ends a child
      masks: ['0000000000000000', '0000000000000000'],
      terminated: 'SIGTERM',
      epipe: 'EPIPE',
      children,
      forked: [500, 500],
      inCluster: Array.from({ length: 2 }, () => [500, 500, 0]),
      ended: 'AbortError',
    });
    expect(calls, 'guests went on').toBeGreaterThan(10);
  },
  90_000 + children * 100,
);

needsEdit('e2')('what guests do wrong is told to the caller, and printed by nobody', async () => {
  // survived() looks at stderr; the report is all of stdout.
  expect(await survived('silent')).toEqual({ ERR_WAZERO_TRAP: 28, ERR_WAZERO_EXIT: 4, ERR_WAZERO_COMPILE: 2 });
});
