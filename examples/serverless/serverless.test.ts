import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { run } from '../run.js';

const directory = mkdtempSync(join(tmpdir(), 'wazero-serverless-'));
afterAll(() => {
  chmodSync(directory, 0o700);
  rmSync(directory, { recursive: true, force: true });
});
const milliseconds = (stdout: string) => Number(/(?:compiled|loaded) in (\d+) ms/.exec(stdout)?.[1]);

it('what the build has compiled the start only loads, from a directory that it cannot write to', async () => {
  const built = milliseconds(await run(new URL('build.mjs', import.meta.url), [directory]));
  const [folder] = readdirSync(directory);
  const files = () => readdirSync(join(directory, folder!)).sort();
  const before = files();
  expect(before).toHaveLength(1);
  chmodSync(directory, 0o500);
  const stdout = await run(new URL('handler.mjs', import.meta.url), [directory]);
  expect(stdout).toMatch(/\n42\n$/);
  expect(files()).toEqual(before);
  expect(milliseconds(stdout)).toBeLessThan(built); // a fraction, in truth: bench/ says which
});
