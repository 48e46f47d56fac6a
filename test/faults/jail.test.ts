/** Guests that try to get out of their mounts by every way there is: nothing outside is read or changed, and links inside work. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { vectors } from '../conformance/vectors.mjs';
import { needsEdit } from '../support/edits.js';
import { interruptible } from '../support/guests.js';
import { type CompiledModule, FSConfig, ModuleConfig, OutputBuffer, Runtime, wasi } from '../support/package.js';

const archive = vectors('hostile');
let runtime: Runtime;
let program: CompiledModule;
beforeAll(async () => {
  runtime = new Runtime(interruptible());
  await wasi.instantiate(runtime);
  program = await runtime.compileModule(readFileSync(join(archive, 'fsops.wasm')));
});
afterAll(() => runtime.close());

let base: string;
const inBase = (path: string) => join(base, path);
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'wazero-jail-'));
  for (const folder of ['box/sub', 'outside']) mkdirSync(inBase(folder), { recursive: true });
  write('outside/secret.txt', 'SECRET-OUTSIDE');
  write('box/in.txt', 'inside');
  write('box/sub/deep.txt', 'deep');
});
afterEach(() => rmSync(base, { recursive: true }));
function write(path: string, text: string): void {
  mkdirSync(dirname(inBase(path)), { recursive: true });
  writeFileSync(inBase(path), text);
}
/** Every file below a folder with its content, links as they are. */
const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(inBase(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'utf8')]),
  );

const mountsOf = (mounts: Record<string, string>) =>
  Object.entries(mounts).reduce((fs, [folder, guestPath]) => {
    const [path, readOnly] = guestPath.split(':') as [string, string?];
    return readOnly ? fs.withReadOnlyDirMount(inBase(folder), path) : fs.withDirMount(inBase(folder), path);
  }, new FSConfig());
/** Runs operations of the program, in both lanes where asked; a line for each: "read /in.txt => ok inside". */
async function run(
  mounts: Record<string, string>,
  ops: readonly string[],
  lane: 'async' | 'sync' = 'async',
): Promise<string> {
  const out = new OutputBuffer();
  const config = new ModuleConfig()
    .withName('')
    .withArgs('fsops', ...ops)
    .withStdout(out)
    .withFSConfig(mountsOf(mounts));
  const options = { timeoutMs: 20_000 };
  if (lane === 'sync') runtime.instantiateModuleSync(program, config, options).closeSync();
  else await (await runtime.instantiateModule(program, config, options)).close();
  return out.text();
}
const outside = () =>
  JSON.stringify([
    contents('outside'),
    statSync(inBase('outside')).mtimeMs,
    statSync(inBase('outside/secret.txt')).mtimeMs,
  ]);
async function nothingGetsOut(mounts: Record<string, string>, ops: readonly string[]): Promise<string> {
  const before = outside();
  const said = await run(mounts, ops);
  expect(said).not.toMatch(/SECRET-OUTSIDE|root:x:0:0/);
  expect(outside()).toBe(before);
  return said;
}

interface Case {
  name: string;
  setup: {
    dirs: string[];
    files: Record<string, string>;
    symlinks: Record<string, string>;
    hardlinks: Record<string, string>;
  };
  mount: Record<string, string>;
  ops: string[];
  forbidden?: string;
  required?: string[];
  mustNotExist?: string[];
  boxUnchanged?: boolean;
}
const cases = JSON.parse(readFileSync(join(archive, 'fs-cases.json'), 'utf8')) as Case[];
for (const { name, setup, mount, ops, forbidden, required = [], mustNotExist = [], boxUnchanged } of cases) {
  for (const lane of ['async', 'sync'] as const) {
    it(`F1: ${name} (${lane})`, async () => {
      for (const dir of setup.dirs) mkdirSync(inBase(dir), { recursive: true });
      for (const [path, text] of Object.entries(setup.files)) write(path, text);
      for (const [path, target] of Object.entries(setup.symlinks)) symlinkSync(target, inBase(path));
      for (const [path, target] of Object.entries(setup.hardlinks)) linkSync(inBase(target), inBase(path));
      const before = outside();
      const box = contents('box');
      const said = await run(mount, ops, lane);
      expect(said.trim().split('\n').length).toBe(ops.length);
      if (forbidden) expect(said).not.toMatch(new RegExp(forbidden));
      for (const line of required) expect(said).toContain(line);
      for (const path of mustNotExist) expect(existsSync(path), path).toBe(false);
      expect(outside()).toBe(before);
      if (boxUnchanged) expect(contents('box')).toEqual(box);
    });
  }
}

it('F1: hard links to what is outside, also through links', async () => {
  symlinkSync('../outside', inBase('box/d'));
  symlinkSync('../outside/secret.txt', inBase('box/l'));
  const said = await nothingGetsOut({ box: '/' }, [
    'link|../outside/secret.txt|/a',
    'link|/d/secret.txt|/b',
    'link|/l|/c', // of the link itself
    'read|/c',
    'append|/c|pwned',
    'link|/in.txt|/d/in.txt',
    'link|/in.txt|/same',
    'read|/same',
  ]);
  expect(said).toContain('read /same => ok inside');
});
it('F1: renames over links, from links and of directories that are open', async () => {
  symlinkSync('../outside/secret.txt', inBase('box/l'));
  symlinkSync('../outside', inBase('box/d'));
  const said = await nothingGetsOut({ box: '/' }, [
    'rename|/in.txt|/l', // takes the place of the link
    'read|/l',
    'rename|/d|/sub/d',
    'ls|/sub/d',
    'write|/sub/d/new|x',
    'rename|/sub|/../outside/sub',
    'rename|/../outside/secret.txt|/stolen',
  ]);
  expect(said).toContain('read /l => ok inside');
});
it('F1: chains, loops and absolute targets', async () => {
  symlinkSync('/proc/self/root', inBase('box/proc'));
  symlinkSync(inBase('outside'), inBase('box/abs'));
  const said = await nothingGetsOut({ box: '/' }, [
    'symlink|..|/sub/up',
    'symlink|sub/up/../outside|/out',
    'read|/out/secret.txt',
    'symlink|../..|/sub/upper',
    'symlink|sub/upper/outside/secret.txt|/chain',
    'read|/chain',
    'symlink|b|/a',
    'symlink|a|/b',
    'read|/a',
    'symlink|/etc/passwd|/passwd',
    'read|/passwd',
    'read|/proc/etc/passwd',
    'ls|/proc/proc/self/fd',
    'read|/abs/secret.txt',
    'write|/abs/new|x',
    'read|/sub/up/in.txt',
  ]);
  expect(said).toContain('read /a => ELOOP');
  expect(said).toContain('read /sub/up/in.txt => ok inside');
});
needsEdit('e9files')(
  'F1: from one mount to the other goes what is renamed and linked by its name, and nothing by a link or ".."',
  async () => {
    write('other/its.txt', 'of the other');
    const said = await nothingGetsOut({ box: '/a', other: '/b' }, [
      'rename|/a/in.txt|/b/in.txt',
      'link|/b/in.txt|/a/linked.txt',
      'rename|/a/../outside/secret.txt|/b/stolen',
      'link|/a/../outside/secret.txt|/b/stolen',
      'symlink|../outside/secret.txt|/a/out',
      'link|/a/out|/b/out', // the link itself
      'read|/b/out',
      'rename|/b/its.txt|/a/../outside/its.txt',
      'symlink|../other/its.txt|/a/l',
      'read|/a/l',
      'read|/a/../b/its.txt',
      'read|/b/its.txt',
      'read|/in.txt',
    ]);
    expect(said).not.toContain('/a/l => ok of the other');
    expect(said).toContain('read /b/its.txt => ok of the other');
    expect(contents('other')).toEqual({
      [inBase('other/its.txt')]: 'of the other',
      [inBase('other/in.txt')]: 'inside',
    });
    expect(readFileSync(inBase('box/linked.txt'), 'utf8')).toBe('inside');
    const readOnly = await nothingGetsOut({ box: '/a', other: '/b:ro' }, [
      ...['rename|/a/linked.txt|/b/x', 'link|/a/linked.txt|/b/x', 'rename|/b/in.txt|/a/x', 'link|/b/its.txt|/a/x'],
    ]);
    expect(readOnly.match(/=> EROFS/g)).toHaveLength(4);
  },
);
it('F1: a mount whose directory is a link, which the host chose', async () => {
  symlinkSync('box', inBase('link'));
  expect(await nothingGetsOut({ link: '/' }, ['read|/in.txt', 'read|/../outside/secret.txt'])).toContain(
    '=> ok inside',
  );
});
it('F1: a mount whose directory is replaced while the guest runs', async () => {
  const lines: string[] = [];
  const swap = (chunk: Uint8Array) => {
    lines.push(Buffer.from(chunk).toString());
    if (lines.length > 1) return;
    renameSync(inBase('box'), inBase('away'));
    symlinkSync('outside', inBase('box'));
  };
  const config = new ModuleConfig()
    .withName('')
    .withArgs('fsops', 'read|/in.txt', 'read|/secret.txt', 'ls|/', 'read|/in.txt', 'write|/new|x')
    .withStdout(swap)
    .withFSConfig(mountsOf({ box: '/' }));
  const before = outside();
  await (await runtime.instantiateModule(program, config)).close();
  expect(lines.join('')).not.toContain('SECRET');
  expect(lines.filter((line) => line.includes('ok inside')).length).toBe(2);
  expect(outside()).toBe(before);
  expect(readFileSync(inBase('away/new'), 'utf8')).toBe('x');
});
it('F1: a race between what a path is and what is opened', async () => {
  const times = Number(process.env.WAZERO_RACES || 3_000);
  mkdirSync(inBase('box/a/b'), { recursive: true });
  const readers = Array.from({ length: 3 }, () => run({ box: '/' }, [`raceread|/a/b/x|${times}`, 'read|/in.txt']));
  const swapping = run({ box: '/' }, [`swap|/a/b/x|${times}`]);
  const said = (await Promise.all([...readers, swapping])).join('');
  expect(said.match(/hits=0/g)).toHaveLength(3);
  expect(said.match(/ok inside/g)).toHaveLength(3);
}, 60_000);
it('F1: odd names', async () => {
  writeFileSync(Buffer.concat([Buffer.from(inBase('box/')), Buffer.from([0xff, 0xfe])]), 'bytes');
  const long = 'n'.repeat(255);
  const said = await nothingGetsOut({ box: '/' }, [
    `write|/${long}|long`,
    `read|/${long}`,
    `write|/${long}n|too long`,
    'write|/new\nline|text',
    'read|/new\nline',
    'write|/ |blank',
    'read|/ ',
    'write|/…ü😀|unicode',
    'read|/…ü😀',
    'read|/in.txt/',
    'read|/in.txt/..',
    'read|/./sub/../in.txt',
    'read|//in.txt',
    `read|/${'sub/../'.repeat(500)}in.txt`,
    'unlink|/',
    'rmdir|/.',
    'rmdir|/..',
    'ls|/',
  ]);
  for (const text of ['long', 'text', 'blank', 'unicode']) expect(said).toContain(`=> ok ${text}`);
  expect(said).toContain(`write /${long}n => ENAMETOOLONG`);
  expect(said).toMatch(/read \/\/in\.txt => ok inside/);
  expect(existsSync(inBase('box/in.txt'))).toBe(true);
});
