import { expect, it } from 'vitest';
import { run } from '../run.js';

it('the guest reads and writes files that are in JavaScript only', async () => {
  expect(await run(new URL('main.mjs', import.meta.url))).toBe('Read-only file system\n{"tea": 7, "sugar": 1}\n');
});
