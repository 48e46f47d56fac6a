/** The rest of the process: what it had before the addon was loaded is as it was, and its Workers come and go. */
import { expect, it } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';

it.runIf(process.platform === 'linux')(
  "signal masks, ignored signals and V8's trap handler are as they were, for children too",
  async () => {
    const { code, stdout, stderr } = await run('dispositions');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { before, after, answers, trap } = JSON.parse(stdout);
    expect(answers).toEqual([7, 7]);
    expect(after).toEqual(before);
    expect(trap).toBe(true);
  },
);

needsEdit('e2')('Workers with small stacks are terminated at any moment, and nothing of theirs is left', async () => {
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
});
