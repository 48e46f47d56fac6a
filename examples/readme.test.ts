import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import loadWabt from 'wabt';
import { defaultLimits } from '../src/values/limits.js';

const file = (path: string) => new URL(`../${path}`, import.meta.url);
const readme = readFileSync(file('README.md'), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!);

it('the code at the top runs and prints what is said', { timeout: 150_000 }, async () => {
  const directory = file('build/readme/'); // inside the package, so that it can import it by its name
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(new URL('top.mjs', directory), blocks('js')[0]!);
  const run = async () => {
    const started = performance.now();
    const { stdout } = await promisify(execFile)(process.execPath, ['top.mjs'], { cwd: directory, timeout: 100_000 });
    return { stdout, ms: performance.now() - started };
  };
  const first = await run();
  // The order is that of a machine which has nothing else to do.
  const lines = (text: string) => text.trimEnd().split('\n').sort();
  expect(lines(first.stdout)).toEqual(['499999500000', 'TimeoutError: stopped']);
  expect(first.ms).toBeGreaterThan(3_000);
  expect(readdirSync(new URL('.cache/', directory))).not.toEqual([]);
  expect(lines((await run()).stdout)).toEqual(lines(first.stdout)); // from the cache
});

it('the first plugin is built, called and stopped', { timeout: 100_000 }, async () => {
  const directory = file('build/readme/');
  mkdirSync(directory, { recursive: true });
  writeFileSync(new URL('plugin.ts', directory), blocks('assemblyscript')[0]!);
  writeFileSync(new URL('host.mjs', directory), blocks('js')[1]!);
  const [install, build] = blocks('sh')[0]!.trim().split('\n');
  expect(install).toBe('npm install node-wazero assemblyscript');
  const [, asc, host] = /^npx asc (.*) && node (.*)$/.exec(build!)!;
  const run = (command: string, args: string) =>
    promisify(execFile)(process.execPath, [command, ...args.split(' ').filter(Boolean)], {
      cwd: directory,
      timeout: 60_000,
    });
  await run(fileURLToPath(file('node_modules/assemblyscript/bin/asc.js')), asc!);
  const { stdout } = await run(host!, '');
  const said = [...blocks('js')[1]!.matchAll(/\/\/ (.*)$/gm)].map(([, words]) => words);
  expect(stdout.trimEnd().split('\n')).toEqual(said);
});

it('the second plugin runs, and prints what is said', { timeout: 60_000 }, async () => {
  const directory = file('build/readme/');
  mkdirSync(directory, { recursive: true });
  const code = blocks('js')[2]!;
  writeFileSync(new URL('second.mjs', directory), code);
  copyFileSync(file('examples/extism/plugins/receipt-rust.wasm'), new URL('receipt.wasm', directory));
  const { stdout } = await promisify(execFile)(process.execPath, ['second.mjs'], { cwd: directory, timeout: 30_000 });
  expect(stdout.trimEnd().split('\n')).toEqual([...code.matchAll(/\/\/ (.*)$/gm)].map(([, words]) => words));
});

it('the code with a host function runs', { timeout: 60_000 }, async () => {
  const wat = `(module (import "host" "lookup" (func $lookup (param i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 16) "key")
    (func (export "handle") (param i32) (result i32) (i32.add (local.get 0) (call $lookup (i32.const 16) (i32.const 3)))))`;
  const wabt = await loadWabt();
  const binary = Buffer.from(wabt.parseWat('readme.wat', wat).toBinary({}).buffer).toString('base64');
  const program = `
    import { ModuleConfig, Runtime, RuntimeConfig } from 'node-wazero';
    const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    const database = { get: (key) => new Promise((done) => setTimeout(done, 10, key === 'key' ? '35' : 'NaN')) };
    const bytes = Buffer.from('${binary}', 'base64');
    ${blocks('js')[3]}
    console.log(answer);
    await runtime.close();`;
  const directory = file('build/readme/');
  mkdirSync(directory, { recursive: true });
  writeFileSync(new URL('lookup.mjs', directory), program);
  const { stdout } = await promisify(execFile)(process.execPath, ['lookup.mjs'], { cwd: directory, timeout: 30_000 });
  expect(stdout).toBe('42\n');
});

it('the two lines are what the scripts and the CI run', () => {
  const [, ...lines] = blocks('sh').map((block) => block.trim());
  const scripts = JSON.parse(readFileSync(file('package.json'), 'utf8')).scripts;
  expect(lines[0]).toBe('npm ci && npm run build && npm run example');
  expect(lines[1]).toBe('npm ci && npm run build && npm test');
  expect(scripts).toMatchObject({ build: expect.any(String), example: expect.any(String), test: expect.any(String) });
  expect(readFileSync(file('.ci/run'), 'utf8')).toContain(`\n${lines[1]}\n`);
});

it('docs/errors.md lists every code that there is', () => {
  const source = readdirSync(file('src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8'))
    .join('\n');
  const codes = (text: string) => [...new Set(text.match(/ERR_WAZERO_[A-Z_]*[A-Z]/g))].sort();
  expect(codes(readFileSync(file('docs/errors.md'), 'utf8'))).toEqual(codes(source));
});

it('RATIONALE.md has a word on every edit of the engine', () => {
  const rationale = readFileSync(file('RATIONALE.md'), 'utf8');
  const folders = readdirSync(file('native/engine')).filter((name) => /^e\d/.test(name));
  const source = folders.map((name) => readFileSync(file(`native/engine/${name}/edit.go`), 'utf8')).join('\n');
  const edits = [...source.matchAll(/^\s*ID:\s*"(e\d\w*)"/gm)].map((match) => match[1]!);
  expect(edits).toHaveLength(folders.length);
  expect(edits.length).toBeGreaterThan(5);
  expect(edits.filter((id) => !rationale.includes(`\`${id}\``))).toEqual([]);
});

it('SECURITY.md has the limits and their defaults', () => {
  const unit: Record<string, number> = { MiB: 2 ** 20, GiB: 2 ** 30 };
  const table = readFileSync(file('SECURITY.md'), 'utf8').matchAll(
    /^\| `(\w+)` \|.*\| ([\d,]+|as many as processors)(?: ([MG]iB))?.*\|$/gm,
  );
  const written = [...table].map(([, name, value, suffix]) => [
    name,
    value!.startsWith('as') ? availableParallelism() : Number(value!.replaceAll(',', '')) * (unit[suffix ?? ''] ?? 1),
  ]);
  const { totalMemoryBytes, ...others } = Object.fromEntries(written);
  expect({ ...others, totalMemoryBytes: Math.min(totalMemoryBytes!, Math.floor(totalmem() / 2)) }).toEqual(
    defaultLimits,
  );
});

it('the figures of the README are those of the last benchmark', () => {
  const benchmarks = readFileSync(file('docs/benchmarks.md'), 'utf8');
  /** Cells of the row that is called so. */
  const row = (name: string) => {
    const line = benchmarks.split('\n').find((text) => text.startsWith(`| ${name} |`));
    expect(line, name).toBeDefined();
    return line!.split('|').map((cell) => cell.trim());
  };
  const kib = Math.round(Number.parseFloat(row('100,000 live instances, KiB each')[2]!));
  const threads = Number.parseFloat(row('threads with them')[2]!);
  const figures = readme.slice(readme.indexOf('## How fast'), readme.indexOf('## On the command line'));
  const words = figures.replaceAll('\n', ' ');
  expect(words).toContain(`100,000 instances take ${kib} KiB each`);
  expect(words).toContain(`50,000 guests wait at once on ${threads} threads`);
  const ratio = (name: string) => Number.parseFloat(row(name)[5]!);
  expect(words).toContain('loads from disk in a twentieth of the time');
  expect(ratio('load of 25.1 MiB from the disk cache')).toBeLessThan(0.055);
  expect(words).toContain('V8 is faster at small calls');
  expect(ratio('callSync (i32, i32) -> i32')).toBeGreaterThan(1);
  const beside = (guest: string) => Number.parseFloat(row(guest)[2]!) / Number.parseFloat(row(guest)[4]!);
  expect(words).toContain('at computing the two are about level');
  for (const guest of [
    'integer: SHA-256',
    'floating point: Mandelbrot set',
    'memory: a megabyte shuffled',
    'SIMD: product of matrices',
    'recursion: Fibonacci numbers',
    'branches: a state machine',
    'calls through a table: quicksort',
  ])
    expect(beside(guest)).toBeLessThan(1.2);
});

it('the index of the documentation names each page', () => {
  const index = readFileSync(file('docs/README.md'), 'utf8');
  const pages = readdirSync(file('docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');
  expect(pages.filter((name) => !index.includes(`](${name})`))).toEqual([]);
});

it('every file and heading that the papers link to is there', () => {
  const papers = ['README.md', 'RATIONALE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'examples/README.md'];
  const examples = readdirSync(file('examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of examples) papers.push(`examples/${name}/README.md`);
  const docs = readdirSync(file('docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  // As GitHub makes them: no marks, lower case, hyphens.
  const anchors = (url: URL) =>
    [...readFileSync(url, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    );
  for (const paper of [...papers, ...docs]) {
    for (const [, target, anchor] of readFileSync(file(paper), 'utf8').matchAll(
      /\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g,
    )) {
      const url = new URL(target!, file(paper));
      expect(() => readFileSync(url), `${paper} -> ${target}`).not.toThrow();
      if (anchor !== undefined) expect(anchors(url), `${paper} -> ${target}#${anchor}`).toContain(anchor);
    }
  }
});
