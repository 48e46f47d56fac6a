import { expect, it } from 'vitest';
import { run } from '../run.js';

it('each guest ends for its own reason, and the event loop is free', async () => {
  const lines = (await run(new URL('main.mjs', import.meta.url))).trimEnd().split('\n');
  expect(lines.slice(0, 3)).toEqual([
    'rejected TimeoutError timeout 4026531839',
    'rejected AbortError abort 4294967295',
    'rejected ExitError exit 1', // Python's own MemoryError
  ]);
  expect(lines[3]).toMatch(/^the event loop was free: /); // true, where the machine is not busy with other things
});
