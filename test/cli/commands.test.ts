// The commands that wazero's own command does not have. `run` is in run.test.ts.
import { execFile, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wat } from '../support/wat.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'dist', 'cli.js');
const scratch = mkdtempSync(join(tmpdir(), 'cli-commands-'));
const file = (name: string) => join(scratch, name);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
function node(...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: scratch, timeout: 60_000 }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}
const run = (...args: string[]) => node(cli, ...args);

beforeAll(() => {
  writeFileSync(
    file('my-plugin.wasm'),
    wat(`(module $plugin
      (import "env" "log" (func (param $pointer i32) (param $length i32)))
      (import "odd name" "a*/b" (func (param i64) (result externref i32)))
      (import "env" "count" (global i32))
      (memory (export "memory") 1 3)
      (table (export "table") 2 funcref)
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "memory.fill") (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))))`),
  );
  writeFileSync(file('tail.wasm'), wat('(module (func $f (export "run") (return_call $f)))'));
  writeFileSync(file('start.wasm'), wat('(module (func $f) (func (export "_start") (return_call $f)))'));
  writeFileSync(file('exceptions.wasm'), wat('(module (tag $t) (func (export "_start")))'));
  writeFileSync(file('plain.wasm'), wat('(module (func (export "run")))'));
  writeFileSync(file('bad.wasm'), 'not wasm');
  writeFileSync(file('component.wasm'), Buffer.from('0061736d0d000100', 'hex'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('node-wazero', () => {
  it('lists its commands, each of which explains itself', async () => {
    const { code, stderr } = await run('-h');
    expect(code).toBe(0);
    for (const name of ['compile', 'doctor', 'freeze', 'inspect', 'run', 'types', 'version']) {
      expect(stderr).toMatch(new RegExp(`^  ${name}\\t`, 'm'));
      for (const help of ['-h', '--help']) {
        const help1 = await run(name, help);
        expect(help1).toMatchObject({ code: 0, stdout: '' });
        expect(help1.stderr).toContain(`Usage:\n  node-wazero ${name}`);
      }
    }
  });

  it.runIf(process.platform === 'linux')('says in one sentence that a result could not be written', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [cli, 'inspect', 'plain.wasm'], {
      cwd: scratch,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
      timeout: 30_000,
    });
    closeSync(full);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'error writing the result: ENOSPC: no space left on device, write\n',
    });
  });

  it.each([
    [[], 0],
    [['nope'], 1],
    [['--nope'], 2],
    [['inspect'], 1],
    [['inspect', '--nope'], 2],
    [['types', 'absent.wasm'], 1],
    [['types', 'bad.wasm'], 1],
    [['compile', 'bad.wasm'], 1],
    [['doctor', '--nope'], 2],
  ])('%j ends with %i, and says why on stderr', async (args, code) => {
    const outcome = await run(...args);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).not.toBe('');
    expect(outcome.stderr).not.toMatch(/^\s+at /m);
  });

  it.skipIf(process.platform === 'win32')('ends quietly when its output is not read to the end', async () => {
    const { stdout, stderr } = await new Promise<Outcome>((done) => {
      const line = `set -o pipefail; "${process.execPath}" "${cli}" inspect my-plugin.wasm | true; echo "$?"`;
      execFile('bash', ['-c', line], { cwd: scratch, timeout: 60_000 }, (_error, stdout, stderr) =>
        done({ code: 0, stdout, stderr }),
      );
    });
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' });
  });
});

describe('inspect', () => {
  it('lists sections, imports, exports and what it needs', async () => {
    const { code, stdout } = await run('inspect', '-json', 'my-plugin.wasm');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ path: 'my-plugin.wasm', name: 'plugin', loads: true });
    expect(report.sections[0]).toEqual({ name: 'type', custom: false, byteLength: expect.any(Number) });
    expect(report.sections).toContainEqual({ name: 'name', custom: true, byteLength: expect.any(Number) });
    const length = (report.sections as { byteLength: number }[]).reduce((sum, { byteLength }) => sum + byteLength, 8);
    expect(length).toBeLessThan(report.byteLength); // and the heads of the sections
    expect(report.imports).toEqual([
      { kind: 'function', name: 'env.log', type: '(i32, i32) -> ()' },
      { kind: 'function', name: 'odd name.a*/b', type: '(i64) -> (externref, i32)' },
      { kind: 'global', name: 'env.count' },
    ]);
    expect(report.exports).toEqual([
      { kind: 'function', name: 'add', type: '(i32, i32) -> i32' },
      { kind: 'function', name: 'memory.fill', type: '() -> ()' },
      { kind: 'memory', name: 'memory', type: '1 page, at most 3' },
      { kind: 'table', name: 'table' },
    ]);
    expect(report.features).toEqual(['BulkMemoryOperations', 'MultiValue', 'ReferenceTypes']);
    const text = await run('inspect', 'my-plugin.wasm');
    expect(text.stdout).toMatch(/^my-plugin.wasm: \d+ bytes, module "plugin"\nsections:\n {2}type: \d+ bytes\n/);
    expect(text.stdout).toMatch(/\nneeds: BulkMemoryOperations, MultiValue, ReferenceTypes\nloads: yes\n$/);
  });

  it('says what it takes to load it', async () => {
    const { code, stdout } = await run('inspect', 'tail.wasm');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /\nneeds: TailCall\nloads: no, .*tail-call.*\n {2}it would with withCoreFeatures\(CoreFeatures.V2 \| CoreFeatures.TailCall\)\n$/,
    );
  });

  it.each([['tail-call'], ['TailCall'], ['threads,tail_call'], ['all']])('-features %s', async (list) => {
    expect((await run('inspect', '-features', list, 'tail.wasm')).stdout).toMatch(/\nneeds: TailCall\nloads: yes\n$/);
    const lacking = await run('inspect', '-features', 'threads', 'tail.wasm');
    expect(lacking).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('(on the command line: -features tail-call)\n'),
    });
    for (const command of ['run', 'compile']) {
      const without = await run(command, 'start.wasm');
      expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('feature "tail-call" is disabled') });
      const { code, stderr } = await run(command, `-features=${list}`, 'start.wasm');
      expect({ code, said: command === 'run' ? stderr : '' }).toEqual({ code: 0, said: '' });
    }
  });
  it('a feature that there is not is named, with those that there are', async () => {
    for (const command of ['run', 'compile', 'inspect']) {
      const { code, stderr } = await run(command, '-features', 'threads,gc', 'plain.wasm');
      expect(code).toBe(2);
      expect(stderr).toContain('for flag -features: "gc" is none of threads, tail-call, extended-const, exceptions, ');
    }
  });
  it('exceptions run', async () => {
    expect(await run('run', '-features', 'exceptions', 'exceptions.wasm')).toMatchObject({ code: 0, stderr: '' });
    expect(await run('run', 'exceptions.wasm')).toMatchObject({ code: 1 });
  });

  it('says that a module of 1.0 needs nothing', async () => {
    expect((await run('inspect', 'plain.wasm')).stdout).toContain(
      '\nneeds: nothing beyond WebAssembly 1.0\nloads: yes\n',
    );
  });

  it.each([
    ['bad.wasm', 'invalid magic number'],
    ['component.wasm', 'component'],
  ])('says why %s does not load', async (name, why) => {
    const { code, stdout } = await run('inspect', '-json', name);
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ loads: false, imports: [], exports: [] });
    expect(report.why).toContain(why);
  });

  it('works where V8 has no WebAssembly', async () => {
    const { code, stdout } = await node('--jitless', cli, 'inspect', '-json', 'my-plugin.wasm');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).exports).toHaveLength(3); // the table is not known
  });
});

describe('types', () => {
  // TypeScript itself takes most of a minute on a machine that is busy.
  it('writes declarations that TypeScript takes, with the types of the guest', { timeout: 180_000 }, async () => {
    const { code, stdout, stderr } = await run('types', 'my-plugin.wasm');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    writeFileSync(file('my-plugin.d.ts'), stdout);
    writeFileSync(
      file('use.mts'),
      `import type { MyPlugin, MyPluginImports } from './my-plugin.js';
       import { Runtime } from 'node-wazero';
       const plugin = (await new Runtime().instantiate(new Uint8Array())) as MyPlugin;
       const sum: number = await plugin.exportedFunction('add').call(1, 2);
       const size: number = plugin.exportedMemory('memory').size();
       const other = plugin.exportedFunction('other');
       // @ts-expect-error: it may not be there
       other.call();
       // @ts-expect-error: a bigint is no i32
       plugin.exportedFunction('add').call(1n, 2);
       export const env: MyPluginImports['env'] = { log(pointer, length) { const at: number = pointer + length + sum + size; void at; } };
       export const odd: MyPluginImports['odd name'] = { 'a*/b': (p0: bigint) => [p0, 1] };`,
    );
    const program = ts.createProgram([file('use.mts')], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.esnext.d.ts'],
      strict: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      paths: { 'node-wazero': [join(root, 'dist/index.d.ts')] },
    });
    const host = ts.createCompilerHost({});
    expect(ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), host)).toBe('');
  });

  it('has no types for what does not load', async () => {
    const { code, stderr } = await run('types', 'component.wasm');
    expect(code).toBe(1);
    expect(stderr).toContain('error compiling wasm binary: ');
  });
});

it('a wrong flag is one line, which says where the flags are named', async () => {
  for (const [args, line] of [
    [['run', '-nope'], 'flag provided but not defined: -nope (node-wazero run -h names the flags)'],
    [
      ['compile', '-workers', 'x'],
      'invalid value "x" for flag -workers: parse error (node-wazero compile -h names the flags)',
    ],
    [['-nope'], 'flag provided but not defined: -nope (node-wazero -h names the flags)'],
  ] as const)
    expect(await run(...args)).toEqual({ code: 2, stdout: '', stderr: `${line}\n` });
});

it('run says what it gives where a guest asks for more', async () => {
  writeFileSync(
    file('asks.wasm'),
    wat('(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))) (import "host" "f" (func)))'),
  );
  const { code, stderr } = await run('run', 'asks.wasm');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error instantiating wasm binary: module\[host\] not instantiated/);
  expect(stderr).toContain(
    'node-wazero run gives a guest wasi_snapshot_preview1, or wasi_unstable, and nothing else: one that imports from "host" needs',
  );
});

describe('compile', () => {
  it('fills a cache directory, and says so as JSON', async () => {
    const { code, stdout, stderr } = await run('compile', '-cachedir', 'cache', '-json', 'my-plugin.wasm');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      path: 'my-plugin.wasm',
      bytes: expect.any(Number),
      engine: expect.stringMatching(/^(compiler|interpreter)$/),
      name: 'plugin',
      milliseconds: expect.any(Number),
      cachedir: 'cache',
    });
    if (JSON.parse(stdout).engine === 'compiler') expect(readdirSync(file('cache')).length).toBe(1);
  });

  it('says what it has kept, where and how much, and what not', async () => {
    const said = async (...args: string[]) => {
      const { code, stdout, stderr } = await run('compile', ...args, 'plain.wasm');
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      return stderr;
    };
    const interpreted = (await said()).includes('interpreter');
    const begin = /^plain\.wasm: 0\.0 MiB compiled in \d+ ms; /;
    const sentences = interpreted
      ? Array(3).fill('there is no code to keep: the interpreter runs it\n')
      : [
          'the code is not kept: give -cachedir <directory> to this command and to run\n',
          '0.0 MiB of code are in kept\n',
          'kept had its code already\n',
        ];
    for (const [i, args] of [[], ['-cachedir', 'kept'], ['-cachedir', 'kept']].entries()) {
      const text = await said(...args);
      expect(text).toMatch(begin);
      expect(text.replace(begin, '')).toBe(sentences[i]);
    }
  });

  it.skipIf(process.platform !== 'linux')('shows its progress on a terminal, and takes it away', async () => {
    const body = '(local.set 0 (i32.add (local.get 0) (i32.const 1)))'.repeat(400);
    writeFileSync(file('large.wasm'), wat(`(module ${`(func (param i32) ${body})`.repeat(2000)})`));
    const { stdout } = await new Promise<Outcome>((done) => {
      const line = `"${process.execPath}" "${cli}" compile large.wasm`;
      execFile('script', ['-qec', line, '/dev/null'], { cwd: scratch, timeout: 60_000 }, (_e, stdout, stderr) =>
        done({ code: 0, stdout, stderr }),
      );
    });
    expect(stdout).toMatch(/compiled \d+ of 2000 functions, \d+ s left/);
    expect(stdout.split('\r\x1b[K').at(-1)).toMatch(
      /^large\.wasm: \d+\.\d MiB compiled in \d+ ms; the code is not kept: give -cachedir [^\r\n]*\r?\n$/,
    );
  });
});

describe('doctor', () => {
  it('speaks of what it means, and of signals and edits to who asks', async () => {
    const { stdout } = await run('doctor');
    expect(stdout).toMatch(/^ {3}cpu: .*: \d+ guests run at once, more take turns$/m);
    expect(stdout).toMatch(
      /^ {3}memory: \d+ MiB.*: the guests of a runtime may have \d+ MiB together \(totalMemoryBytes\)$/m,
    );
    expect(stdout).toMatch(/^ {3}guard pages: (yes, for 8,192 guests at once|no, addresses are compared: \w.*)$/m);
    expect(stdout).not.toMatch(/^ {3}(edits|signals)/m);
    expect((await run('doctor', '-v')).stdout).toMatch(/^ {3}edits: /m);
  });

  it('finds that this machine is well', async () => {
    const { code, stdout } = await run('doctor', '-json');
    const found = JSON.parse(stdout);
    expect(found, stdout).toMatchObject({
      platform: { text: `${process.platform}-${process.arch}` },
      binary: { ok: true },
      'default engine': { ok: true, text: expect.stringContaining('works') },
      interpreter: { ok: true, text: expect.stringContaining('interpreter works') },
    });
    expect(code).toBe(0);
  });

  it('says what is wrong where the addon may not be loaded', async () => {
    const { code, stdout } = await node('--no-addons', cli, 'doctor');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^!! binary: .*--no-addons/m);
  });
});
