import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { exportsOf, packages } from './wazero-api.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The module that go.mod pins, as it was downloaded. */
const wazero = execFileSync('go', ['list', '-m', '-f', '{{.Dir}}', 'github.com/tetratelabs/wazero'], {
  cwd: join(root, 'native/go'),
  encoding: 'utf8',
}).trim();

interface Row {
  names: string[];
  here: string;
  state: string;
  test: string;
}
/** The tables below "Every name", by package. */
function tables(): Map<string, Row[]> {
  const [, text] = readFileSync(join(root, 'docs/wazero-map.md'), 'utf8').split('## Every name');
  return new Map(
    text!
      .split(/^### /m)
      .slice(1)
      .map((section) => {
        const [name, ...lines] = section.split('\n');
        const rows = lines
          .filter((line) => line.startsWith('| `'))
          .map((line) => {
            const [, names, here, state, test] = line.split('|').map((cell) => cell.trim());
            return {
              names: [...names!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!),
              here: here!,
              state: state!,
              test: test!,
            };
          });
        return [name === 'wazero' ? '' : name!, rows];
      }),
  );
}
const map = tables();

describe('docs/wazero-map.md', () => {
  it('has every package', () => {
    expect([...map.keys()].sort()).toEqual([...packages].sort());
  });

  for (const path of packages) {
    it(`has every name that ${path || 'wazero'} exports, once, and no other`, () => {
      const exported = exportsOf(wazero, path);
      expect(exported.length).toBeGreaterThan(0);
      expect((map.get(path) ?? []).flatMap(({ names }) => names).sort()).toEqual(exported);
    });
  }

  it('says of each what it is here and where it is tested, or why it is refused', () => {
    for (const { names, here, state, test } of [...map.values()].flat()) {
      const what = `${names[0]}: ${state}`;
      expect(what).toMatch(/: (done$|refused: \S)/);
      if (state !== 'done') continue;
      expect(here, what).not.toBe('');
      expect(existsSync(join(root, test)), `${what}, test ${test}`).toBe(true);
    }
  });

  it('finds what it looks for', () => {
    const all = packages.map((path) => exportsOf(wazero, path));
    expect(all.flat().length).toBeGreaterThan(350);
    expect(all[0]).toContain('ModuleConfig.WithStdin');
    expect(exportsOf(wazero, 'experimental/sys')).toEqual(expect.arrayContaining(['O_RDONLY', 'EIO', 'File.Read']));
  });
});
