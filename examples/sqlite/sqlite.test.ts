import { expect, it } from 'vitest';
import { run } from '../run.js';

it('each tenant has a database, and nothing of another', async () => {
  expect((await run(new URL('main.mjs', import.meta.url))).split('\n')).toEqual([
    `ann: [[1,"buy tea"],[2,"it's late"]]`,
    'bob: Error: no such table: note',
    'bob: Error: unable to open database: /db/../ann/main.sqlite',
    'bob: TimeoutError',
    'ann: [[2]]',
    '',
  ]);
});
