import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import {
  CompilationCache,
  CoreFeatures,
  experimental,
  type FunctionEvent,
  Runtime,
  RuntimeConfig,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat('(module (func (export "f") (result i32) (i32.const 42)))');
const withCache = (cache: CompilationCache) => new Runtime(RuntimeConfig.compiler().withCompilationCache(cache));
async function answer(runtime: Runtime): Promise<unknown> {
  return (await runtime.instantiate(guest)).exportedFunction('f', [], ['i32']).call();
}
const scratch = () => mkdtempSync(join(tmpdir(), 'wazero-cache-'));
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
  await using directory = CompilationCache.withDir(scratch());
  await using runtime = withCache(directory);
  await using cache = new CompilationCache();
  await using other = withCache(cache);
  expect([await answer(runtime), await answer(other)]).toEqual([42, 42]);
});

it('keeps code on disk, below a directory of its engine, for the next process', async () => {
  const directory = join(scratch(), 'new', 'deep');
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
  const file = join(scratch(), 'file');
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

describe('the code on disk', () => {
  const quickjs = readFileSync(fileURLToPath(new URL('../../node_modules/quickjs-wasi/quickjs.wasm', import.meta.url)));
  const it = needsEdit('e6');
  /** Compiles with a cache of its own and gives it back. */
  async function compileIn(
    directory: string,
    binary: Uint8Array,
    config = RuntimeConfig.compiler(),
    options = {},
  ): Promise<void> {
    await using cache = CompilationCache.withDir(directory);
    await using runtime = new Runtime(config.withCompilationCache(cache));
    await runtime.compileModule(binary, options);
  }
  const inodes = (directory: string) => entries(directory).map((file) => statSync(file).ino);

  it('M6: is the same whoever compiles, with however many workers', async () => {
    const contents = new Set<string>();
    for (const workers of [1, 2, 3, 1]) {
      const directory = scratch();
      await compileIn(directory, quickjs, RuntimeConfig.compiler(), { workers });
      const [file, ...rest] = entries(directory);
      expect(rest).toEqual([]);
      contents.add(readFileSync(file!).toString('base64'));
    }
    expect(contents.size).toBe(1);
  });

  it('is used again instead of compiling: whoever compiles writes a new file', async () => {
    const directory = scratch();
    await compileIn(directory, quickjs);
    const before = inodes(directory);
    await compileIn(directory, quickjs);
    await compileIn(directory, quickjs, RuntimeConfig.compiler(), { workers: 2 });
    expect(inodes(directory)).toEqual(before);
  });

  it('is another one for other bytes, features and options that change it, and only for those', async () => {
    const directory = scratch();
    const count = async (config: RuntimeConfig, options = {}, binary = guest) => {
      await compileIn(directory, binary, config, options);
      return entries(directory).length;
    };
    const config = RuntimeConfig.compiler();
    expect(await count(config)).toBe(1);
    expect(await count(config.withMemoryLimitPages(10).withCustomSections(true))).toBe(1);
    expect(await count(config.withLimits({ tableElements: 5, callStackBytes: 100_000 }))).toBe(1);
    expect(await count(config, {}, wat('(module (func (export "f") (result i32) (i32.const 43)))'))).toBe(2);
    expect(await count(config.withCoreFeatures(CoreFeatures.V1))).toBe(3);
    expect(await count(config.withCloseOnContextDone(true))).toBe(4);
    expect(await count(config.withDebugInfoEnabled(false))).toBe(5);
    expect(await count(config, { listener: { before() {} } })).toBe(6);
    expect(await count(config, { listener: { before() {} } })).toBe(6);
    expect(await count(config, { listener: { before() {}, filter: () => false } })).toBe(7);
    expect(await count(RuntimeConfig.interpreter())).toBe(7);
  });

  it('does not open what a runtime forbids', async () => {
    const directory = scratch();
    const binary = wat(
      '(module (memory 3) (table 20 funcref) (func (export "f") (param i32) (result i32) (i32.extend8_s (local.get 0))))',
    );
    await compileIn(directory, binary);
    const config = RuntimeConfig.compiler();
    const refused = { code: 'ERR_WAZERO_COMPILE' };
    const over = (limit: string) => ({ code: 'ERR_WAZERO_LIMIT', limit });
    await expect(compileIn(directory, binary, config.withCoreFeatures(CoreFeatures.V1))).rejects.toMatchObject(refused);
    await expect(compileIn(directory, binary, config.withMemoryLimitPages(2))).rejects.toMatchObject(
      over('memoryPages'),
    );
    await expect(compileIn(directory, binary, config.withLimits({ tableElements: 19 }))).rejects.toMatchObject(
      over('tableElements'),
    );
    await expect(compileIn(directory, binary, config.withLimits({ moduleBytes: 20 }))).rejects.toMatchObject(
      over('moduleBytes'),
    );
    expect(entries(directory)).toHaveLength(1);
  });

  it('calls listeners, and each its own', async () => {
    const directory = scratch();
    for (let round = 0; round < 2; round++) {
      const heard: string[] = [];
      const listener = (who: string) => ({
        before: ({ definition }: FunctionEvent) => void heard.push(who + definition.exportNames[0]),
      });
      await using cache = CompilationCache.withDir(directory);
      await using runtime = withCache(cache);
      for (const who of ['a', 'b']) {
        const compiled = await runtime.compileModule(guest, { listener: listener(who) });
        expect((await runtime.instantiateModule(compiled)).exportedFunction('f')!.callSync()).toBe(42);
      }
      expect(heard).toEqual(['af', 'bf']);
    }
  });

  it('C3: goes on without a directory that was deleted, and fills one that was cleared', async () => {
    const directory = join(scratch(), 'cache');
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown) => warnings.push(warning);
    process.on('warning', onWarning);
    try {
      await using cache = CompilationCache.withDir(directory);
      const compile = async (n: number) => {
        await using runtime = withCache(cache);
        await runtime.compileModule(wat(`(module (func (export "f") (result i32) (i32.const ${n})))`));
      };
      await compile(0);
      for (const version of readdirSync(directory)) rmSync(join(directory, version), { recursive: true });
      await compile(1);
      expect(entries(directory)).toHaveLength(1);
      expect(warnings).toEqual([]);
      rmSync(directory, { recursive: true });
      await compile(2);
      await compile(3);
      await sleep(0);
      expect(warnings).toEqual([
        expect.objectContaining({
          code: 'WAZERO_CACHE',
          message: expect.stringMatching(/is not written: .*no such file/),
        }),
      ]);
    } finally {
      process.off('warning', onWarning);
    }
  });

  it('is shared in memory too: what is there is neither validated nor compiled again, and lives as long as somebody needs it', async () => {
    await using cache = new CompilationCache();
    const one = withCache(cache);
    const started = performance.now();
    const first = await one.compileModule(quickjs);
    const cold = performance.now() - started;
    await using two = withCache(cache);
    const again = performance.now();
    const second = await two.compileModule(quickjs);
    expect(performance.now() - again).toBeLessThan(cold / 2);
    await first.close();
    await one.close();
    expect(second.exportedFunctions().size).toBeGreaterThan(10);
    await second.close();
    await two.compileModule(quickjs); // anew
  });
});

describe('is closed in every order', () => {
  type Closing = 'cache' | 'runtime' | 'compiled' | 'module';
  const orders = (left: Closing[]): Closing[][] =>
    left.length === 0
      ? [[]]
      : left.flatMap((first) => orders(left.filter((other) => other !== first)).map((rest) => [first, ...rest]));
  const makers = {
    'in memory': () => new CompilationCache(),
    'of a directory': () => CompilationCache.withDir(scratch()),
    shared: () => CompilationCache.shared('closed in every order'),
  };
  for (const [kind, make] of Object.entries(makers)) {
    it(kind, async () => {
      for (const order of orders(['cache', 'runtime', 'compiled', 'module'])) {
        for (const waits of [true, false]) {
          const cache = make();
          const runtime = withCache(cache);
          const compiled = await runtime.compileModule(guest);
          const module = await runtime.instantiateModule(compiled);
          const f = module.exportedFunction('f')!;
          const all = { cache, runtime, compiled, module };
          const ends: Promise<void>[] = [];
          let open = true;
          for (const which of order) {
            const end = all[which].close();
            ends.push(end);
            if (waits) await end;
            open &&= which === 'cache' || which === 'compiled';
            if (open) expect(f.callSync()).toBe(42);
          }
          await Promise.all(ends);
        }
      }
    });

    it(`${kind}, while a module is compiled`, async () => {
      const functions = Array.from(
        { length: 2_000 },
        (_, i) => `(func (export "f${i}") (result i32) (i32.const ${i}))`,
      );
      const large = wat(`(module ${functions.join('')})`);
      for (const first of ['cache', 'runtime'] as const) {
        for (const delay of [0, 1, 5, 20]) {
          const cache = make();
          const runtime = withCache(cache);
          const compiling = runtime.compileModule(large).then(
            () => 'compiled',
            (error: { code: string }) => error.code,
          );
          await sleep(delay);
          await (first === 'cache' ? cache : runtime).close();
          if (first === 'cache') expect(await compiling).toBe('compiled');
          else expect(['compiled', 'ERR_WAZERO_CLOSED']).toContain(await compiling);
          await runtime.close();
          await cache.close();
        }
      }
    });
  }
});

describe('Workers', () => {
  const script = `
    const { parentPort, workerData } = require('node:worker_threads');
    (async () => {
      const { CompilationCache, Runtime, RuntimeConfig } = await import(workerData.dist);
      const cache = workerData.directory ? CompilationCache.withDir(workerData.directory) : CompilationCache.shared('of Workers');
      const runtime = new Runtime(RuntimeConfig.compiler().withCompilationCache(cache));
      const module = await runtime.instantiate(workerData.guest);
      parentPort.postMessage(module.exportedFunction('f').callSync());
      if (workerData.close) { await runtime.close(); await cache.close(); }
      else setInterval(() => {}, 1000);
    })();`;
  const dist = new URL('../../dist/index.js', import.meta.url).href;
  async function worker(workerData: object): Promise<void> {
    const thread = new Worker(script, { eval: true, workerData: { dist, guest, ...workerData } });
    const exited = new Promise((resolve) => thread.once('exit', resolve));
    expect(await new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject))).toBe(42);
    if (!('close' in workerData)) await thread.terminate();
    await exited;
  }
  it('share one, close it or end without closing, and nothing is left', async () => {
    const directory = scratch();
    const before = experimental.stats().compilationCaches!;
    for (let round = 0; round < 3; round++) {
      await Promise.all([
        worker({ close: true }),
        worker({}),
        worker({ directory, close: true }),
        worker({ directory }),
      ]);
    }
    // An environment that ended lets go on another thread.
    for (let i = 0; experimental.stats().compilationCaches! > before && i < 100; i++) await sleep(20);
    expect(experimental.stats().compilationCaches).toBe(before);
    await using cache = CompilationCache.shared('of Workers');
    await using runtime = withCache(cache);
    expect(await answer(runtime)).toBe(42);
  });
});
