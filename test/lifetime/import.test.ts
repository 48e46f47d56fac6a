// What an import of the package does: little, and nothing that only a runtime needs. In a process of its own, by what Node says it has loaded.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

/** The modules of Node's own that `specifiers` bring into a process that has none yet. */
async function loadedBy(...imports: string[]): Promise<string[]> {
  const script = `const before = new Set(process.moduleLoadList);
${imports.map((specifier) => `await import(${JSON.stringify(specifier)});`).join('\n')}
console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

it('loads no streams, workers or files of Node, and no addon', async () => {
  const loaded = await loadedBy(`${dist}index.js`);
  const empty = new Set(await loadedBy('data:text/javascript,'));
  const foreign = loaded.filter((name) => !empty.has(name));
  expect(foreign.filter((name) => /stream|worker|mime|dgram|net$|child_process|addon/i.test(name))).toEqual([]);
  const withAll = await loadedBy('node:worker_threads', 'node:fs', 'node:util');
  expect(
    withAll.some((name) => /stream/.test(name)),
    'what an import statement for these would bring',
  ).toBe(true);
});
