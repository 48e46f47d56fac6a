import { expect, it } from 'vitest';
import { run } from '../support/child.js';

it('what is dropped without close is closed when it is collected', async () => {
  const { code, stdout, stderr } = await run('dropped', { nodeArgs: ['--expose-gc'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(
    Object.values(JSON.parse(stdout)).some((count) => count !== 0),
    stdout,
  ).toBe(false);
});
