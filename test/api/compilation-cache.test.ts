import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CompilationCache, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat('(module (func (export "f") (result i32) (i32.const 42)))');
const withCache = (cache: CompilationCache) => new Runtime(RuntimeConfig.compiler().withCompilationCache(cache));
async function answer(runtime: Runtime): Promise<unknown> {
  return (await runtime.instantiate(guest)).exportedFunction('f', [], ['i32']).call();
}
const entries = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

it('may be closed before the runtimes that use it: they go on, and no new one can be made', async () => {
  const cache = new CompilationCache();
  const runtime = withCache(cache);
  await cache.close();
  await cache.close();
  expect(await answer(runtime)).toBe(42);
  expect(() => withCache(cache)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  await runtime.close();
});

it('await using in any order', async () => {
  await using runtime = withCache(CompilationCache.withDir(mkdtempSync(join(tmpdir(), 'wazero-cache-'))));
  await using cache = new CompilationCache();
  await using other = withCache(cache);
  expect([await answer(runtime), await answer(other)]).toEqual([42, 42]);
});

it('keeps code on disk, below a directory of its engine, for the next process', async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'wazero-cache-')), 'new', 'deep');
  const contents: Buffer[] = [];
  for (let round = 0; round < 2; round++) {
    const cache = CompilationCache.withDir(directory);
    const runtime = withCache(cache);
    expect(await answer(runtime)).toBe(42);
    await runtime.close();
    await cache.close();
    const files = entries(directory);
    expect(files).toHaveLength(1);
    contents.push(readFileSync(files[0]!));
  }
  expect(contents[1]!.equals(contents[0]!)).toBe(true);
});

it('refuses a directory that is none, and names that are none', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'wazero-cache-')), 'file');
  writeFileSync(file, '');
  const invalid = expect.objectContaining({ name: 'TypeError', code: 'ERR_WAZERO_INVALID_ARGUMENT' });
  expect(() => CompilationCache.withDir(file)).toThrow(invalid);
  expect(() => CompilationCache.withDir(file)).toThrow(/is not dir/);
  expect(() => CompilationCache.withDir('')).toThrow(invalid);
  expect(() => CompilationCache.shared('')).toThrow(invalid);
  expect(() => CompilationCache.withDir(1 as never)).toThrow(invalid);
});

it('one of a name is one in the process', async () => {
  const one = CompilationCache.shared('of tests');
  const same = CompilationCache.shared('of tests');
  const runtimes = [withCache(one), withCache(same)];
  expect(await Promise.all(runtimes.map(answer))).toEqual([42, 42]);
  await one.close();
  await runtimes[0]!.close();
  expect(await answer(runtimes[1]!)).toBe(42);
  await Promise.all([same.close(), runtimes[1]!.close()]);
});
