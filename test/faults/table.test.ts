/** docs/faults.md and the titles of tests: every row has its tests, where the table says, and every title with a row's name is in the table. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const corpus = Object.entries({ G: 15, M: 6, H: 7, L: 9, F: 6, C: 8 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
);

/** Rows by the titles of a file: string literals that begin with rows and a colon, as `G1, G2: ...`. (Other names are of wazero's defects.) */
const rowsOf = (source: string) =>
  [...source.matchAll(/(['"`])([A-Z]\d+(?:, [A-Z]\d+)*): /g)].flatMap(([, , names]) =>
    names!.split(', ').filter((name) => /^[GMHLFC]/.test(name)),
  );

const titles = new Map<string, Set<string>>();
for (const name of readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.test.ts') || name === 'faults/table.test.ts') continue;
  for (const row of rowsOf(readFileSync(new URL(`test/${name}`, root), 'utf8')))
    titles.set(row, (titles.get(row) ?? new Set()).add(`test/${name}`));
}
const table = readFileSync(new URL('docs/faults.md', root), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]\d/.test(line))
  .map((line) => {
    const [, row, fault, demanded, tests, result] = line.split('|').map((cell) => cell.trim());
    return { row: row!, fault, demanded, tests: [...tests!.matchAll(/`([^`]+)`/g)].map(([, file]) => file!), result };
  });

it('the table has every row of the corpus once, in order', () => {
  expect(table.map(({ row }) => row)).toEqual(corpus);
});

it.each(table)('$row is tested where the table says, and says how it ends', ({ row, tests, result, ...texts }) => {
  expect(Object.values(texts).every(Boolean)).toBe(true);
  const elsewhere = tests.filter((file) => !file.endsWith('.test.ts'));
  for (const file of elsewhere) expect(readFileSync(new URL(file, root), 'utf8')).toContain(`${row}: `);
  expect(tests.filter((file) => file.endsWith('.test.ts')).sort()).toEqual([...(titles.get(row) ?? [])].sort());
  expect(result).toMatch(tests.length > 0 ? /^(yes$|partly: |yes, )/ : /^not yet$/);
});

it('no title names a row that there is not', () => {
  expect([...titles.keys()].filter((row) => !corpus.includes(row))).toEqual([]);
  expect(rowsOf("it('G1, L8: both'); it(`C3: one`); it('C3 alone')")).toEqual(['G1', 'L8', 'C3']);
});
