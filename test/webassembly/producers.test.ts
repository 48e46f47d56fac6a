/** Packages of Emscripten from npm, unchanged: what they say over ours is what they say over V8's. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../fixtures/processes/producers.mjs', import.meta.url));
const run = async (...args: string[]) =>
  JSON.parse((await promisify(execFile)(process.execPath, [...args, program])).stdout) as { v8: boolean; out: object };

it('wabt and Lua', async () => {
  const [theirs, ours] = [await run(), await run('--import', 'node-wazero/webassembly/register')];
  expect([theirs.v8, ours.v8]).toEqual([true, false]);
  expect(Object.keys(theirs.out)).toHaveLength(5);
  expect(ours.out).toEqual(theirs.out);
});
