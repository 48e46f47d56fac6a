/**
 * The defects of wazero v1.12.0 that this package keeps from its users, each with a test of that number: "D3: ...". D0 are those that
 * were mended upstream after that version; the others are not, or cannot be, and what they are is in the title of the test.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const titles = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/['"`](?:L\d+, )?(D\d+): \S/g)].map(([, id]) => id!),
  );

it('every defect has a test', () => {
  const all = Array.from({ length: 18 }, (_, i) => `D${i}`);
  expect(titles).toEqual(expect.arrayContaining(all));
});

it('each of the later fixes of wazero that the engine needs has one', () => {
  const text =
    readFileSync(join(folder, 'api/defects.test.ts'), 'utf8') +
    readFileSync(join(folder, 'api/later-fixes.test.ts'), 'utf8') +
    readFileSync(join(folder, 'api/stdio-descriptors.test.ts'), 'utf8');
  for (const pull of [2481, 2504, 2506, 2508, 2511, 2512, 2517, 2535])
    expect(text).toMatch(new RegExp(`D0: .*\\b${pull}`));
});
