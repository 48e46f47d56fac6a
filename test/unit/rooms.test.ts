/** The rooms of src (docs/architecture.md): imports run down only, `import type` included, and no files are in a circle. */
import { readdirSync } from 'node:fs';
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { expect, it } from 'vitest';

/** From the ground up. */
const rooms: readonly (readonly [name: string, path: string])[] = [
  ['values', '^src/values/'],
  ['native', '^src/native/'],
  ['io', '^src/io/'],
  ['calls', '^src/calls/'],
  ['instances', '^src/instances/'],
  ['the public classes', '^src/(?!cli\\.ts$)[^/]+$'],
  ['Extism', '^src/extism/'],
  ['WebAssembly', '^src/webassembly/'],
  ['components', '^src/components/'],
  ['the command', '^src/(cli/|cli\\.ts$)'],
];

/** What breaks the rules, as text. */
async function broken(order: typeof rooms): Promise<string[]> {
  const forbidden: IForbiddenRuleType[] = order.slice(0, -1).map(([name, path], i) => ({
    name: `${name} import what is above them`,
    severity: 'error',
    from: { path },
    to: { path: order.slice(i + 1).map(([, above]) => above) },
  }));
  forbidden.push({ name: 'a circle', severity: 'error', from: {}, to: { circular: true } });
  // Of node: and of packages only the names are wanted.
  const { output } = await cruise(['src'], {
    validate: true,
    ruleSet: { forbidden },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  });
  const { modules, summary } = output as ICruiseResult;
  const found = modules.filter(({ source }) => source.startsWith('src/')).length;
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => /\.c?ts$/.test(file));
  expect(found).toBe(files.length);
  for (const { source } of modules)
    if (source.startsWith('src/')) expect(order.filter(([, path]) => RegExp(path).test(source))).toHaveLength(1);
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

it('no import of src runs up, and none closes a circle', async () => {
  expect(await broken(rooms)).toEqual([]);
});

it('would be seen: upside down nearly everything runs up', async () => {
  expect((await broken(rooms.toReversed())).length).toBeGreaterThan(100);
});
