/**
 * Ways out of a mounted directory: by links of the guest and of the host, relative and absolute, through directories and other links, by
 * "..", /proc, hard links and renames. Each is tried with every call of a C guest, in both lanes, on both kinds of mount; nothing outside
 * is read or changed. The jail's own tests in Go (native/go/jail) look at each errno.
 */
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CompiledModule, FSConfig, ModuleConfig, OutputBuffer, Runtime, wasi } from '../support/package.js';

let runtime: Runtime;
let compiled: CompiledModule;
let base: string;
let box: string;
beforeAll(async () => {
  runtime = new Runtime();
  await wasi.instantiate(runtime);
  compiled = await runtime.compileModule(readFileSync(new URL('../fixtures/guests/files.wasm', import.meta.url)));
});
afterAll(() => runtime.close());
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'wazero-escape-')));
  box = join(base, 'box');
  for (const folder of ['box', 'box/sub', 'outside', 'outside/dir']) mkdirSync(join(base, folder));
  writeFileSync(join(base, 'outside/secret'), 'the secret');
  symlinkSync('dir', join(base, 'outside/ln'));
  writeFileSync(join(box, 'in'), 'inside');
  for (const name of ['secret', 'dir', '']) utimesSync(join(base, 'outside', name), 1_000_000, 1_000_000);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** Everything there is to know of what is outside. */
function outside(): unknown {
  const seen = (path: string): unknown => {
    const { mode, nlink, mtimeMs, size } = lstatSync(path);
    return [path, mode, nlink, mtimeMs, size];
  };
  const folder = join(base, 'outside');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return [
    readdirSync(base),
    seen(folder),
    ...names.map((name) => seen(join(folder, name))),
    readFileSync(join(folder, 'secret'), 'utf8'),
  ];
}

const lanes = {
  async: async (config: ModuleConfig) => (await runtime.instantiateModule(compiled, config)).close(),
  sync: async (config: ModuleConfig) => runtime.instantiateModuleSync(compiled, config).closeSync(),
};
type Lane = keyof typeof lanes;
type Mount = 'withDirMount' | 'withReadOnlyDirMount';
async function run(lane: Lane, mount: Mount, ...script: string[]): Promise<string[]> {
  const out = new OutputBuffer();
  const config = new ModuleConfig()
    .withName('')
    .withArgs('files', ...script)
    .withStdout(out)
    .withFSConfig(new FSConfig()[mount](box, '/'));
  await lanes[lane](config);
  return out.text().split('\n').slice(0, -1);
}

/** Where a guest stands before `outside`, which it should not reach from there. */
interface Way {
  /** of the guest, on a mount that can be written */ guest?: string[];
  host?: () => void;
  path: string;
}
const ways: Record<string, Way> = {
  '..': { path: '/../outside' },
  '.. further down': { path: '/sub/../../outside' },
  ".. through a link of the guest's": { guest: ['symlink', 'sub', '/l'], path: '/l/../../outside' },
  "the guest's link": { guest: ['symlink', '../outside', '/l'], path: '/l' },
  "the guest's link in a directory": { guest: ['symlink', '../../outside', '/sub/l'], path: '/sub/l' },
  "the guest's link to a link": {
    guest: ['symlink', '../..', '/sub/up', 'symlink', 'sub/up/outside', '/l'],
    path: '/l',
  },
  "the guest's link, renamed to where it leads out": {
    guest: ['symlink', '../outside', '/sub/l', 'rename', '/sub/l', '/l'],
    path: '/l',
  },
  'a directory with such a link, renamed': {
    guest: ['mkdir', '/sub/d', 'symlink', '../../outside', '/sub/d/l', 'rename', '/sub/d', '/d'],
    path: '/d/l',
  },
  'a hard link to a link': { guest: ['symlink', '../outside', '/sub/l', 'link', '/sub/l', '/l'], path: '/l' },
  "the host's link": { host: () => symlinkSync('../outside', join(box, 'l')), path: '/l' },
  "the host's link with a slash": { host: () => symlinkSync('../outside/', join(box, 'l')), path: '/l' },
  "the host's absolute link": { host: () => symlinkSync(join(base, 'outside'), join(box, 'l')), path: '/l' },
  "the host's absolute link to above": { host: () => symlinkSync(base, join(box, 'l')), path: '/l/outside' },
  "the host's link to itself, from above": { host: () => symlinkSync('../box', join(box, 'l')), path: '/l/../outside' },
  '/': { host: () => symlinkSync('/', join(box, 'l')), path: '/l@' },
  '/proc/self/root': { host: () => symlinkSync('/proc/self/root', join(box, 'l')), path: '/l@' },
  '/proc/self/cwd': { host: () => symlinkSync(`/proc/self/cwd/${'../'.repeat(20)}`, join(box, 'l')), path: '/l@' },
  '/proc without a link': { path: '/proc/self/root@' },
};

describe.each<[Mount, Lane]>([
  ['withDirMount', 'async'],
  ['withDirMount', 'sync'],
  ['withReadOnlyDirMount', 'async'],
  ['withReadOnlyDirMount', 'sync'],
])('%s, %s', (mount, lane) => {
  it.each(Object.entries(ways))('%s', async (_name, { guest, host, path }) => {
    host?.();
    if (guest) expect((await run(lane, 'withDirMount', ...guest)).every((line) => line.endsWith(': ok'))).toBe(true);
    const before = outside();
    const at = path.replace('@', join(base, 'outside'));
    const script = [
      ...[
        'read',
        `${at}/secret`,
        'overwrite',
        `${at}/secret`,
        'x',
        'append',
        `${at}/secret`,
        'x',
        'write',
        `${at}/secret`,
        'x',
      ],
      ...[
        'create',
        `${at}/new`,
        'x',
        'stat',
        `${at}/secret`,
        'lstat',
        `${at}/secret`,
        'stat',
        at,
        'ls',
        at,
        'ls',
        `${at}/dir`,
      ],
      ...['mkdir', `${at}/new`, 'rmdir', `${at}/dir`, 'unlink', `${at}/secret`, 'rename', `${at}/secret`, '/stolen'],
      ...[
        'rename',
        '/in',
        `${at}/new`,
        'link',
        `${at}/secret`,
        '/stolen',
        'link',
        '/in',
        `${at}/new`,
        'symlink',
        'x',
        `${at}/new`,
      ],
      ...['readlink', `${at}/ln`, 'utimes', `${at}/secret`, '1', '1', 'futimes', `${at}/secret`, '1', '1'],
      ...['lutimes', `${at}/secret`, '1', '1', 'one', `${at}/new`, 'read', '/stolen'],
    ];
    const lines = await run(lane, mount, ...script);
    expect(lines).toHaveLength(24);
    for (const line of lines) expect(line).toMatch(/^\w+: !\d+$/);
    expect(outside()).toEqual(before);
    expect(readFileSync(join(box, 'in'), 'utf8')).toBe('inside');
  });

  it.each<[string, () => void]>([
    ['relative', () => symlinkSync('../outside/secret', join(box, 'l'))],
    ['absolute', () => symlinkSync(join(base, 'outside/secret'), join(box, 'l'))],
    ['through /proc', () => symlinkSync(`/proc/self/root${base}/outside/secret`, join(box, 'l'))],
    ['to where nothing is yet', () => symlinkSync('../outside/new', join(box, 'l'))],
  ])('a link to a file, %s', async (_name, make) => {
    make();
    const before = outside();
    const follows = ['read', 'stat', 'ls'].flatMap((op) => [op, '/l']);
    const changes = ['overwrite', 'append', 'write', 'create', 'utimes', 'futimes'].flatMap((op) =>
      op.endsWith('times') ? [op, '/l', '1', '1'] : [op, '/l', 'x'],
    );
    const lines = await run(lane, mount, ...follows, ...changes, 'one', '/l');
    expect(lines).toHaveLength(10);
    for (const line of lines) expect(line).toMatch(/^\w+: !\d+$/);
    // The link itself is the guest's: a hard link to it, or its new name, leads no further.
    await run(lane, mount, 'link', '/l', '/hard', 'rename', '/l', '/sub/l', 'lutimes', '/sub/l', '1', '1');
    for (const line of await run(lane, mount, 'read', '/hard', 'read', '/sub/l', 'append', '/hard', 'x'))
      expect(line).toMatch(/^\w+: !\d+$/);
    expect(outside()).toEqual(before);
  });

  it("what the host has linked into the directory is the guest's, as any file there", async () => {
    linkSync(join(base, 'outside/secret'), join(box, 'shared'));
    expect(await run(lane, mount, 'read', '/shared')).toEqual(['read: the secret']);
  });
});

it('a directory that becomes a link and back while the guest works in it', async () => {
  mkdirSync(join(box, 'real'));
  writeFileSync(join(box, 'real/secret'), 'mine');
  symlinkSync('../outside', join(box, 'link'));
  const before = outside();
  const flipping = new Worker(
    `const { renameSync } = require('node:fs');
    const { workerData } = require('node:worker_threads');
    const [flip, real, link] = ['flip', 'real', 'link'].map((name) => workerData + '/' + name);
    for (;;) for (const name of [real, link]) {
      try { renameSync(name, flip); renameSync(flip, name); } catch {}
    }`,
    { eval: true, workerData: box },
  );
  try {
    const once = [
      ...[
        'read',
        '/flip/secret',
        'append',
        '/flip/new',
        'x',
        'mkdir',
        '/flip/made',
        'rmdir',
        '/flip/made',
        'ls',
        '/flip',
      ],
      ...[
        'symlink',
        'x',
        '/flip/ln2',
        'rename',
        '/flip/ln2',
        '/flip/ln3',
        'unlink',
        '/flip/ln3',
        'unlink',
        '/flip/new',
      ],
      ...[
        'link',
        '/in',
        '/flip/hard',
        'unlink',
        '/flip/hard',
        'utimes',
        '/flip/secret',
        '1',
        '1',
        'link',
        '/flip/secret',
        '/stolen',
        'read',
        '/stolen',
      ],
      ...['unlink', '/stolen'],
    ];
    let inside = 0;
    for (const end = Date.now() + 1500; Date.now() < end; ) {
      const lines = await run('async', 'withDirMount', ...Array.from({ length: 40 }, () => once).flat());
      expect(lines.filter((line) => line.includes('the secret') || line.includes('ln@'))).toEqual([]);
      inside += lines.filter((line) => line === 'read: mine').length;
    }
    expect(inside, 'the race lets something through, or nothing is tested').toBeGreaterThan(0);
  } finally {
    await flipping.terminate();
  }
  expect(outside()).toEqual(before);
});
