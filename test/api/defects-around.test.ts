/** What is wrong around the engines of wazero v1.12.0: its configuration, caches, files and checks of arguments. See defects.test.ts. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  CompilationCache,
  experimental,
  FSConfig,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const folder = mkdtempSync(join(tmpdir(), 'node-wazero-defects-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (module: Module, name = 'run', ...args: (number | bigint)[]) =>
  module.exportedFunction(name)!.callSync(...args);
const one = wat('(module $one (func (export "run") (result i32) (i32.const 1)))');

it('D3: configs that were made of one another share nothing, as their guests see', async () => {
  await using runtime = new Runtime();
  await wasi.instantiate(runtime);
  const compiled = await runtime.compileModule(
    wat(`(module (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
      (memory (export "memory") 1) (func (export "run") (drop (call $environ (i32.const 64) (i32.const 1024)))) (func (export "a") (i32.store (i32.const 0) (i32.const 1))) (func (export "b") (i32.store (i32.const 0) (i32.const 2))))`),
  );
  const names = ['a'];
  const base = new ModuleConfig()
    .withEnv('k', 'base')
    .withEnv('l', 'base')
    .withStartFunctions(...names);
  names[0] = 'b';
  const siblings = [
    base.withEnv('k', 'left').withEnv('m', 'left'),
    base,
    base.withEnv('k', 'right').withEnv('m', 'right'),
  ];
  const seen = [];
  for (const config of siblings) {
    const module = await runtime.instantiateModule(compiled, config);
    run(module);
    seen.push([module.memory!.readUint32Le(0), module.memory!.readString(1024, 24).replaceAll('\0', ' ').trim()]);
  }
  expect(seen).toEqual([
    [1, 'k=left l=base m=left'],
    [1, 'k=base l=base'],
    [1, 'k=right l=base m=right'],
  ]);
});

it('D5: what was closed answers with an error: a runtime to its builders, a cache to its runtimes', async () => {
  const cache = new CompilationCache();
  const config = new RuntimeConfig().withCompilationCache(cache);
  const runtime = new Runtime(config);
  const builder = runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => {}, [], [])
    .export('f');
  await cache.close();
  // It takes effect when the last runtime that uses it is closed.
  expect(run(await runtime.instantiate(one))).toBe(1);
  expect(() => new Runtime(config)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  await runtime.close();
  for (const use of [() => builder.compile(), () => builder.instantiate(), () => runtime.compileModule(one)])
    expect(await errorOf(use)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
});

it('D10: a mount is a jail, also one that is read-only', async () => {
  const box = join(folder, 'box');
  mkdirSync(box);
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync('../secret', join(box, 'host'));
  await using runtime = new Runtime();
  await wasi.instantiate(runtime);
  const program = await runtime.compileModule(readFileSync(new URL('../fixtures/guests/files.wasm', import.meta.url)));
  for (const mount of ['withDirMount', 'withReadOnlyDirMount'] as const) {
    const out = new OutputBuffer();
    const config = new ModuleConfig()
      .withName('')
      .withArgs('files', 'symlink', '../secret', '/guest', 'read', '/guest', 'read', '/host', 'read', '/../secret')
      .withStdout(out)
      .withFSConfig(new FSConfig()[mount](box, '/'));
    await runtime.instantiateModule(program, config);
    expect(out.text()).not.toContain('read: secret');
    expect(out.text().match(/read: !\d+/g)).toHaveLength(3);
  }
});

it('D15: what panics in wazero is an error of JavaScript', async () => {
  await using runtime = new Runtime();
  const host = await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => {}, [], [])
    .export('f')
    .instantiate();
  const module = await runtime.instantiate(one);
  const uses: [string, () => unknown][] = [
    ['a memory limit above 65536 pages', () => new RuntimeConfig().withMemoryLimitPages(65537)],
    ['no RuntimeConfig', () => new Runtime(null as never)],
    ['no ModuleConfig', () => runtime.instantiate(one, null as never)],
    ['no compiled module', () => runtime.instantiateModule(null as never)],
    ['an export of a host module', () => host.exportedFunction('f')!.callSync()],
    [
      'no function',
      () =>
        runtime
          .newHostModuleBuilder('n')
          .newFunctionBuilder()
          .withFunction(undefined as never, [], []),
    ],
    ['a snapshot anywhere', () => experimental.snapshot(module as never)],
    [
      'a type that there is not',
      () =>
        runtime
          .newHostModuleBuilder('n')
          .newFunctionBuilder()
          .withFunction(() => {}, ['i33' as never], []),
    ],
    ['a table that there is not', () => experimental.lookupFunction(module, 7, 0, [], [])],
  ];
  for (const [what, use] of uses) {
    const error = await errorOf(use);
    expect(error, what).toBeInstanceOf(Error);
    expect((error as { code?: string }).code, what).toMatch(/^ERR_WAZERO_/);
    expect((error as Error).message, what).not.toMatch(/nil pointer|runtime error|interface conversion/);
  }
  expect(run(module)).toBe(1);
});

it('D17: as many names as there are parameters and results, or none', async () => {
  await using runtime = new Runtime();
  const builder = () =>
    runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction((a) => a, ['i32'], ['i32']);
  for (const use of [
    () => builder().withParameterNames('a', 'b').export('f').compile(),
    () => builder().withResultNames('a', 'b').export('f').compile(),
  ])
    expect(await errorOf(use)).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
});

needsEdit('e6')('D7: an entry of a cache that is cut short is compiled anew, and mended', async () => {
  const directory = join(folder, 'truncated');
  const files = () =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const answer = async () => {
    await using cache = CompilationCache.withDir(directory);
    await using runtime = new Runtime(RuntimeConfig.compiler().withCompilationCache(cache));
    return run(await runtime.instantiate(one));
  };
  expect(await answer()).toBe(1);
  const sizes = files().map((file) => statSync(file).size);
  expect(sizes.length).toBeGreaterThan(0);
  for (const cut of [0, 1, 20]) {
    for (const file of files()) truncateSync(file, cut);
    expect(await answer()).toBe(1);
    expect(files().map((file) => statSync(file).size)).toEqual(sizes);
  }
});
