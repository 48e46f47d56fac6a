import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { run } from '../run.js';

const main = new URL('main.mjs', import.meta.url);
const machineCode = fileURLToPath(new URL('../../build/examples-cache/components/machine-code', import.meta.url));

const said = `  2 tea              5.00
  1 scone            3.75
875 cents
refused: unknown unicorn
refused: too-much
neverEnd: timeout
takeAll: unreachable
count: ok
  5 words for Ada
  ["count.txt", "in.txt"]
count.txt: 5
look: ok
  environment: ["ONLY"]
  /: not there
  /etc/passwd: not there
  /work/../../etc/passwd: not there
  /proc/self/environ: not there
  Err(PermissionDenied)
sleep: ok, the event loop turned
  slept: true
sleep: timeout, the event loop turned

spin: timeout, the event loop turned

flood: failed

nonsense: exit 1
  count, look, sleep, spin or flood?
`;

it('runs a component with a world of its own and a command of WASI 0.2, within deadlines and limits, from the disk cache', async () => {
  expect(await run(main)).toBe(said);
  const compiled = readdirSync(machineCode, { recursive: true }).sort();
  expect(compiled.length).toBeGreaterThan(3);
  expect(await run(main)).toBe(said);
  expect(readdirSync(machineCode, { recursive: true }).sort()).toEqual(compiled);
});
