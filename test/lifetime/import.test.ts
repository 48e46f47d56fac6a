// What an import of the package does: little, and nothing that only a runtime needs. In a process of its own, by what Node says it has loaded.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { Memory, Module, Runtime } from '../../dist/index.js';

const classNames = [
  'CallerModule',
  'CompilationCache',
  'CompiledModule',
  'Exception',
  'ExportedFunction',
  'FSConfig',
  'Global',
  'HostFunctionBuilder',
  'HostModuleBuilder',
  'Memory',
  'Module',
  'ModuleConfig',
  'ModuleImage',
  'OutputBuffer',
  'Runtime',
  'RuntimeConfig',
  'SockConfig',
  'Tag',
  'Tenant',
];
const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

/** The modules of Node's own that `specifiers` bring into a process that has none yet. */
async function loadedBy(...imports: string[]): Promise<string[]> {
  return printed(`const before = new Set(process.moduleLoadList);
${imports.map((specifier) => `await import(${JSON.stringify(specifier)});`).join('\n')}
console.log(JSON.stringify(process.moduleLoadList.filter((name) => !before.has(name))));`);
}
async function printed<T>(script: string): Promise<T> {
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

it('loads no streams, workers or clocks of Node with the first runtime', async () => {
  const loaded = await printed<string[]>(`
    const { Runtime } = await import(${JSON.stringify(`${dist}index.js`)});
    const before = new Set(process.moduleLoadList);
    const runtime = new Runtime();
    const loaded = process.moduleLoadList.filter((name) => !before.has(name));
    await runtime.close();
    console.log(JSON.stringify(loaded));`);
  expect(loaded).toContain('NativeModule os');
  expect(loaded.filter((name) => /stream|worker|perf_hooks/i.test(name))).toEqual([]);
});

it.each(['index.js', 'index.cjs'])(
  '%s: what a runtime needs is read with the first one, what guests need with the first of them, and what few programs need when they do',
  async (entry) => {
    const steps = await printed<string[][]>(`
    import { createRequire } from 'node:module';
    const require = createRequire(${JSON.stringify(dist)});
    const steps = [];
    const step = () => steps.push(Object.keys(require.cache).map((file) => /dist.(late|guests|seldom).cjs$/.exec(file)?.[1]).filter(Boolean));
    const { Runtime, ModuleConfig, FSConfig } = ${entry.endsWith('.cjs') ? `require('./${entry}')` : `await import('${dist}${entry}')`};
    step();
    const runtime = new Runtime();
    step();
    const bytes = Buffer.from('0061736d01000000010401600000030201000707010372756e00000a040102000b', 'hex');
    const run = (await runtime.instantiate(bytes)).exportedFunction('run');
    run.callSync();
    await run.call();
    step();
    await runtime.instantiate(bytes, new ModuleConfig().withFSConfig(new FSConfig().withFSMount(process.getBuiltinModule('node:fs'), '/')));
    step();
    await runtime.close();
    console.log(JSON.stringify(steps));`);
    expect(steps).toEqual([[], ['late'], ['late', 'guests'], ['late', 'guests', 'seldom']]);
  },
);

/** All of the classes that are read later, and what is asked of one before anything else was. */
const questions: readonly (readonly [question: string, answer: unknown])[] = [
  ['new Runtime() instanceof Runtime', true],
  ['({}) instanceof Memory', false],
  ['Memory.prototype.readString.name', 'readString'],
  ['typeof Object.getOwnPropertyDescriptor(Global.prototype, "type").get', 'function'],
  [
    'Object.getOwnPropertyNames(RuntimeConfig).sort()',
    ['compiler', 'interpreter', 'length', 'name', 'prototype', 'untrusted'],
  ],
  ['"untrusted" in RuntimeConfig', true],
  ['RuntimeConfig.untrusted().constructor === RuntimeConfig', true],
  ['Object.getPrototypeOf(CallerModule) === Module && CallerModule.prototype instanceof Module', true],
  ['CallerModule.name', 'CallerModule'],
  ['(Module.mark = 1, Module.mark)', 1],
  ['Object.isFrozen(Object.freeze(Module))', true],
  [
    '(class Mine extends Runtime { mine() { return this.engine; } }, new (class extends Runtime { mine() { return typeof this.engine; } })().mine())',
    'string',
  ],
  ['(() => { try { new Memory(); } catch ({ code }) { return code; } })()', 'ERR_WAZERO_INVALID_ARGUMENT'],
  [
    '(() => { try { Runtime(); } catch ({ message }) { return message; } })()',
    "Class constructor Runtime cannot be invoked without 'new'",
  ],
  ['Object.keys(experimental).includes("stats") && typeof experimental.stats', 'function'],
  ['lend.length', 2],
];
it.each(['index.js', 'index.cjs'])(
  '%s: a class that has not been read is what it will be to whoever looks, and nobody has read it before',
  async (entry) => {
    const ask = (question: string) =>
      printed<unknown[]>(`
        import { createRequire } from 'node:module';
        const require = createRequire(${JSON.stringify(dist)});
        const all = ${entry.endsWith('.cjs') ? `require('./${entry}')` : `await import('${dist}${entry}')`};
        const read = Object.keys(require.cache).some((file) => /dist.(late|guests).cjs$/.test(file));
        const { ${classNames.join(', ')}, experimental, lend } = all;
        console.log(JSON.stringify([read, ${question}]));
        process.exit();`);
    const answers = await Promise.all(questions.map(([question]) => ask(question)));
    expect(answers).toEqual(questions.map(([, answer]) => [false, answer]));
  },
);
it('the classes are those of the whole program, as bundlers get it, and an instance knows its own', async () => {
  const all = (await import('../../dist/index.js')) as Record<string, unknown>;
  const whole = (await import(`${dist}index.mjs`)) as Record<string, unknown>;
  expect(Object.keys(all)).toEqual(Object.keys(whole));
  const members = (of: unknown) => Object.getOwnPropertyNames((of as { prototype: object }).prototype).sort();
  for (const name of classNames) expect(members(all[name]), name).toEqual(members(whole[name]));
  const runtime = new Runtime();
  const module = await runtime.instantiate(Buffer.from('0061736d010000000503010001070701036d656d0200', 'hex'));
  expect(module.constructor).toBe(Module);
  expect(module.exportedMemory('mem')?.constructor).toBe(Memory);
  await runtime.close();
});

it('all of it is strict, as modules are', async () => {
  const files = (await readdir(dist)).filter((file) => file.endsWith('.cjs'));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) expect(await readFile(join(dist, file), 'utf8'), file).toMatch(/^['"]use strict['"];/);
});

it('says so when the files of another version are there by then', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wazero-parts-'));
  try {
    await cp(dist, join(folder, 'dist'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    const late = join(folder, 'dist/late.cjs');
    const { code, message } = await printed<{ code: string; message: string }>(`
      import { readFileSync, writeFileSync } from 'node:fs';
      const { Runtime } = await import(${JSON.stringify(join(folder, 'dist/index.js'))});
      const late = readFileSync(${JSON.stringify(late)}, 'utf8');
      writeFileSync(${JSON.stringify(late)}, late.replace(/(given\\.stamp !== ")\\w+/, '$1another'));
      try { new Runtime(); } catch ({ code, message }) { console.log(JSON.stringify({ code, message })); }`);
    expect(code).toBe('ERR_WAZERO_UNSUPPORTED_PLATFORM');
    expect(message).toContain('start it again');
  } finally {
    await rm(folder, { recursive: true });
  }
});
