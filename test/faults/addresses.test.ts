/** What a guest addresses is in its own memory, however the address is made: in memories of more than 2 GiB the sign of 32 bits would show. */
import { expect } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';

needsEdit('e7address')('constant addresses over 2 GiB lead to nobody else', async () => {
  // Where they did, the guest read what its neighbour had, and the first one, without a neighbour below, ended the process.
  expect(await run('two-gib')).toMatchObject({ code: 0, signal: null, stdout: 'ready\n', stderr: '' });
});
