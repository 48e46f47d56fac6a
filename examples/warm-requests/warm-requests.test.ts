import { expect } from 'vitest';
import { needsEdit } from '../../test/support/edits.js';
import { run } from '../run.js';

needsEdit('e11fork')('each request has a state of its own', async () => {
  expect((await run(new URL('main.mjs', import.meta.url))).trimEnd().split('\n')).toEqual([
    '/ 200 {"items":20000,"requests":1}',
    '/price?name=item7 200 {"price":259,"requests":1}',
    '/spoil 504 ',
    '/price?name=item7 200 {"price":259,"requests":1}',
    '1 kind of answer to 50 requests at once',
  ]);
});
