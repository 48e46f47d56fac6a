/** FSConfig with file systems written in JavaScript, as a guest sees them: node:fs, memfs, promises, both lanes, precedence, limits. */
import * as nodeFs from 'node:fs';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import * as nodePromises from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { below, fileSystems, memory, scratch } from '../support/file-systems.js';
import {
  type CompiledModule,
  ExitError,
  type FileSystem,
  FSConfig,
  ModuleConfig,
  OutputBuffer,
  type ReadOnlyFileSystem,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';

const program = readFileSync(new URL('../fixtures/guests/files.wasm', import.meta.url));
let runtime: Runtime;
let compiled: CompiledModule;
beforeAll(async () => {
  runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  await wasi.instantiate(runtime);
  compiled = await runtime.compileModule(program);
});
afterAll(() => runtime.close());

/** Runs the guest with `script` as its arguments; the lines that it printed. */
type Run = (config: FSConfig, ...script: string[]) => Promise<string[]>;
const configOf = (files: FSConfig, out: OutputBuffer, script: string[]) =>
  new ModuleConfig()
    .withName('')
    .withArgs('files', ...script)
    .withStdout(out)
    .withFSConfig(files);
const lines = (out: OutputBuffer) => out.text().split('\n').slice(0, -1);
const runAsync: Run = async (files, ...script) => {
  const out = new OutputBuffer();
  const module = await runtime.instantiateModule(compiled, configOf(files, out, script), { timeoutMs: 30_000 });
  await module.close();
  return lines(out);
};
const runSync: Run = async (files, ...script) => {
  const out = new OutputBuffer();
  runtime.instantiateModuleSync(compiled, configOf(files, out, script), { timeoutMs: 30_000 }).closeSync();
  return lines(out);
};

/** WASI's numbers. */
const E = {
  BADF: 8,
  EXIST: 20,
  INVAL: 28,
  ISDIR: 31,
  LOOP: 32,
  MFILE: 33,
  NOENT: 44,
  NOSPC: 51,
  NOTDIR: 54,
  NOTEMPTY: 55,
  PERM: 63,
  ROFS: 69,
  XDEV: 75,
  IO: 29,
  ACCES: 2,
};

const kinds = fileSystems.flatMap(([name, make, lanes]) =>
  lanes.map((lane): [string, () => FileSystem, Run] => [
    `${name}, ${lane} lane`,
    make,
    lane === 'sync' ? runSync : runAsync,
  ]),
);

describe.each(kinds)('withSysFSMount: %s', (_name, make, run) => {
  const mounted = () => new FSConfig().withSysFSMount(make(), '/');

  it('reads and writes files', async () => {
    expect(
      await run(
        mounted(),
        ...[
          'write',
          '/f',
          'hello',
          'append',
          '/f',
          ' world',
          'read',
          '/f',
          'overwrite',
          '/f',
          'HE',
          'read',
          '/f',
          'create',
          '/f',
          'x',
        ],
        ...[
          'overwrite',
          '/none',
          'x',
          'read',
          '/none',
          'read',
          '/f/x',
          'write',
          '/f',
          '',
          'stat',
          '/none',
          'unlink',
          '/f',
          'read',
          '/f',
        ],
      ),
    ).toEqual([
      'write: ok',
      'append: ok',
      'read: hello world',
      'overwrite: ok',
      'read: HEllo world',
      `create: !${E.EXIST}`,
      `overwrite: !${E.NOENT}`,
      `read: !${E.NOENT}`,
      expect.stringMatching(`read: !(${E.NOTDIR}|${E.NOENT})`), // memfs says ENOENT
      'write: ok',
      `stat: !${E.NOENT}`,
      'unlink: ok',
      `read: !${E.NOENT}`,
    ]);
  });

  it('keeps the offset of a descriptor, which pread and pwrite leave alone, and appends at the end', async () => {
    expect(await run(mounted(), 'one', '/f')).toEqual([
      'one: w10 seek6 r67 at8 pw2 pr0XY3 at8 fl0 a3 at13 tr0 sy00 st0:12 all:0XY3456789EN end0 close0',
    ]);
  });

  it('lists directories, also those that take several questions', async () => {
    const many = Array.from({ length: 900 }, (_, i) => `/many/${'long name '.repeat(4)}${i}`);
    const files = mounted();
    const made = await run(
      files,
      'mkdir',
      '/d',
      'mkdir',
      '/many',
      'write',
      '/d/f',
      '',
      'mkdir',
      '/d/sub',
      'symlink',
      'f',
      '/d/link',
    );
    expect(made.every((line) => line.endsWith('ok'))).toBe(true);
    const [listed, none, file] = await run(files, 'ls', '/d', 'ls', '/none', 'ls', '/d/f');
    expect(listed!.split(' ').sort()).toEqual(['(3)', 'f', 'link@', 'ls:', 'sub/']);
    expect([none, file]).toEqual([`ls: !${E.NOENT}`, `ls: !${E.NOTDIR}`]);
    await run(files, ...many.flatMap((path) => ['write', path, '']));
    expect((await run(files, 'ls', '/many'))[0]).toMatch(/ \(900\)$/);
  });

  it('makes, renames and removes', async () => {
    expect(
      await run(
        mounted(),
        ...[
          'mkdir',
          '/d',
          'mkdir',
          '/d',
          'mkdir',
          '/no/d',
          'write',
          '/f',
          'x',
          'rmdir',
          '/f',
          'unlink',
          '/d',
          'write',
          '/d',
          'x',
        ],
        ...[
          'rename',
          '/f',
          '/d',
          'rename',
          '/d',
          '/f',
          'rename',
          '/d',
          '/d/e',
          'rename',
          '/f',
          '/d/g',
          'rmdir',
          '/d',
          'mkdir',
          '/e',
        ],
        ...[
          'rename',
          '/e',
          '/d',
          'unlink',
          '/d/g',
          'rename',
          '/d',
          '/e',
          'rmdir',
          '/e',
          'rename',
          '/none',
          '/x',
          'ls',
          '/',
        ],
      ),
    ).toEqual([
      'mkdir: ok',
      `mkdir: !${E.EXIST}`,
      `mkdir: !${E.NOENT}`,
      'write: ok',
      `rmdir: !${E.NOTDIR}`,
      `unlink: !${E.ISDIR}`,
      `write: !${E.ISDIR}`,
      `rename: !${E.ISDIR}`,
      `rename: !${E.NOTDIR}`,
      `rename: !${E.INVAL}`,
      'rename: ok',
      `rmdir: !${E.NOTEMPTY}`,
      'mkdir: ok',
      `rename: !${E.NOTEMPTY}`,
      'unlink: ok',
      'rename: ok',
      'rmdir: ok',
      `rename: !${E.NOENT}`,
      'ls: (0)',
    ]);
  });

  it('has links', async () => {
    expect(
      await run(
        mounted(),
        ...[
          'write',
          '/f',
          'x',
          'mkdir',
          '/d',
          'link',
          '/f',
          '/g',
          'stat',
          '/g',
          'link',
          '/d',
          '/e',
          'symlink',
          'f',
          '/s',
          'readlink',
          '/s',
        ],
        ...[
          'read',
          '/s',
          'readlink',
          '/f',
          'symlink',
          '/f',
          '/abs',
          'symlink',
          'loop',
          '/loop',
          'read',
          '/loop',
          'lstat',
          '/s',
        ],
      ),
    ).toEqual([
      'write: ok',
      'mkdir: ok',
      'link: ok',
      expect.stringContaining('stat: file size 1 nlink 2'),
      `link: !${E.PERM}`,
      'symlink: ok',
      'readlink: f',
      'read: x',
      `readlink: !${E.INVAL}`,
      `symlink: !${E.PERM}`,
      'symlink: ok',
      `read: !${E.LOOP}`,
      expect.stringContaining('lstat: link size'),
    ]);
  });

  it('sets times, and leaves what is omitted', async () => {
    expect(
      await run(
        mounted(),
        ...[
          'write',
          '/f',
          '',
          'utimes',
          '/f',
          '1000',
          '2000',
          'stat',
          '/f',
          'utimes',
          '/f',
          '-1',
          '3000',
          'stat',
          '/f',
        ],
        ...[
          'futimes',
          '/f',
          '4000',
          '5000',
          'stat',
          '/f',
          'symlink',
          'f',
          '/s',
          'lutimes',
          '/s',
          '6000',
          '7000',
          'stat',
          '/f',
          'lstat',
          '/s',
        ],
      ),
    ).toEqual([
      'write: ok',
      'utimes: ok',
      'stat: file size 0 nlink 1 atime 1000.000 mtime 2000.500',
      'utimes: ok',
      'stat: file size 0 nlink 1 atime 1000.000 mtime 3000.500',
      'futimes: ok',
      'stat: file size 0 nlink 1 atime 4000.000 mtime 5000.000',
      'symlink: ok',
      'lutimes: ok',
      'stat: file size 0 nlink 1 atime 4000.000 mtime 5000.000',
      expect.stringMatching(/lstat: link size \d+ nlink 1 atime 6000.000 mtime 7000.500/),
    ]);
  });

  it('carries more at once than one question holds', async () => {
    expect(await run(mounted(), 'big', '/f', '3000')).toEqual(['big: 3072000 3072000 same']);
  });
});

describe('what JavaScript sees', () => {
  it('gets absolute normal paths, and the bytes end up where it looks', async () => {
    const fs = memory();
    fs.mkdirSync('/data');
    const opened: string[] = [];
    const spied = new Proxy(fs, {
      get: (target, name: keyof typeof fs) =>
        name === 'openSync'
          ? (path: string, ...rest: [number]) => {
              opened.push(path);
              return target.openSync(path, ...rest);
            }
          : target[name],
    });
    const files = new FSConfig().withSysFSMount(spied as unknown as FileSystem, '/mnt');
    await runAsync(files, 'write', '/mnt/data/./../data//f', 'grüße', 'write', '/mnt/none/../g', 'g');
    expect(opened).toEqual(['/data/f', '/g']);
    expect(fs.readFileSync('/data/f', 'utf8')).toBe('grüße');
    expect(await runAsync(files, 'read', '/mnt/../../data/f')).toEqual([`read: !${E.PERM}`]);
  });

  it("writes through node:fs onto the host's disk", async () => {
    const dir = scratch();
    const files = new FSConfig().withSysFSMount(below(dir, nodePromises), '/');
    await runAsync(files, 'mkdir', '/d', 'write', '/d/f', 'on disk', 'symlink', 'f', '/d/l');
    expect(readFileSync(join(dir, 'd/f'), 'utf8')).toBe('on disk');
    expect(readlinkSync(join(dir, 'd/l'))).toBe('f');
    expect(statSync(join(dir, 'd/f')).mode & 0o777).toBe(0o600);
  });
});

describe('withFSMount', () => {
  const readOnly = (fs: unknown) => new FSConfig().withFSMount(fs as ReadOnlyFileSystem, '/');
  const filled = () => {
    const fs = memory();
    fs.mkdirSync('/d');
    fs.writeFileSync('/f', 'content');
    return fs;
  };
  const script = [
    ...[
      'read',
      '/f',
      'write',
      '/f',
      'x',
      'append',
      '/f',
      'x',
      'overwrite',
      '/f',
      'x',
      'create',
      '/new',
      'x',
      'create',
      '/f',
      'x',
      'write',
      '/d',
      'x',
    ],
    ...[
      'mkdir',
      '/e',
      'rmdir',
      '/d',
      'unlink',
      '/f',
      'rename',
      '/f',
      '/g',
      'link',
      '/f',
      '/g',
      'symlink',
      'f',
      '/s',
      'utimes',
      '/f',
      '1',
      '1',
    ],
    ...['lutimes', '/f', '1', '1', 'ls', '/', 'readlink', '/f', 'read', '/none'],
  ];
  it.each([
    ['sync', runSync, (fs: ReturnType<typeof memory>) => fs],
    ['promises', runAsync, (fs: ReturnType<typeof memory>) => fs.promises],
  ] as const)('%s: reads, and refuses every change, with nothing changed', async (_name, run, as) => {
    const fs = filled();
    const before = JSON.stringify([fs.statSync('/f').mtimeMs, fs.readdirSync('/')]);
    expect(await run(readOnly(as(fs)), ...script)).toEqual([
      'read: content',
      ...['write', 'append', 'overwrite', 'create'].map((op) => `${op}: !${E.ROFS}`),
      `create: !${E.EXIST}`,
      `write: !${E.ISDIR}`,
      ...['mkdir', 'rmdir', 'unlink', 'rename', 'link', 'symlink', 'utimes', 'lutimes'].map(
        (op) => `${op}: !${E.ROFS}`,
      ),
      'ls: d/ f (2)',
      `readlink: !${E.INVAL}`,
      `read: !${E.NOENT}`,
    ]);
    expect(JSON.stringify([fs.statSync('/f').mtimeMs, fs.readdirSync('/')])).toBe(before);
  });

  it('needs no more than the read-only interface', async () => {
    const { openSync, closeSync, readSync, fstatSync, statSync, lstatSync, readdirSync, readlinkSync } = filled();
    const least = { openSync, closeSync, readSync, fstatSync, statSync, lstatSync, readdirSync, readlinkSync };
    expect(await runSync(readOnly(least), 'read', '/f', 'ls', '/')).toEqual(['read: content', 'ls: d/ f (2)']);
  });
});

describe('mounts', () => {
  const withFile = (text: string) => {
    const fs = memory();
    fs.writeFileSync('/f', text);
    return fs as unknown as FileSystem;
  };
  it('the longest guest path counts, whatever the order, and a second mount of a path takes the place of the first', async () => {
    const files = new FSConfig()
      .withSysFSMount(withFile('root'), '/')
      .withFSMount(withFile('inner'), '/a')
      .withFSMount(withFile('first'), '/b')
      .withSysFSMount(withFile('second'), './b/');
    expect(
      await runAsync(files, 'read', '/f', 'read', '/a/f', 'read', '/b/f', 'rename', '/f', '/a/g', 'link', '/f', '/a/g'),
    ).toEqual([
      'read: root',
      'read: inner',
      'read: second',
      'rename: !52', // wazero: ENOSYS across file systems
      'link: !52',
    ]);
  });
  it('a directory and a file system in JavaScript are mounted side by side', async () => {
    const dir = scratch();
    nodeFs.writeFileSync(join(dir, 'f'), 'disk');
    const files = new FSConfig().withDirMount(dir, '/').withSysFSMount(withFile('js'), '/js');
    expect(await runSync(files, 'read', '/f', 'read', '/js/f')).toEqual(['read: disk', 'read: js']);
  });
  it('one file system serves several modules, each with its own open files', async () => {
    const fs = withFile('shared');
    const files = new FSConfig().withSysFSMount(fs, '/');
    const all = await Promise.all(Array.from({ length: 4 }, () => runAsync(files, 'cycle', '/f')));
    expect(all).toEqual(Array(4).fill(['cycle: 3000']));
  });
  it('nothing is asked before the guest asks: a file system that always fails can be mounted', async () => {
    const fails = {
      openSync: () => {
        throw Object.assign(new Error('no'), { code: 'EACCES' });
      },
    };
    expect(await runAsync(new FSConfig().withSysFSMount(fails as unknown as FileSystem, '/'), 'unknown')).toEqual([
      'unknown: unknown',
    ]);
  });
  it.each([undefined, null, 1, 'fs', {}, { open: 1 }])('refuses what is no file system: %o', async (value) => {
    const message = /^Expected a file system \(openSync, or open that returns a Promise\) for fs but received /;
    for (const mount of ['withFSMount', 'withSysFSMount'] as const) {
      const error = await errorOf(() => new FSConfig()[mount](value as never, '/'));
      expect(error).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT', message: expect.stringMatching(message) });
    }
  });
});

describe('open files', () => {
  /** Counts what is open in it. */
  function counting(fs: ReturnType<typeof memory>) {
    const open = new Set<number>();
    const counted = new Proxy(fs, {
      get: (target, name: keyof typeof fs) => {
        if (name === 'openSync')
          return (...args: Parameters<typeof fs.openSync>) => {
            const fd = target.openSync(...args);
            open.add(fd);
            return fd;
          };
        if (name === 'closeSync')
          return (fd: number) => {
            open.delete(fd);
            target.closeSync(fd);
          };
        return target[name];
      },
    });
    fs.writeFileSync('/f', 'x');
    return { open, files: new FSConfig().withSysFSMount(counted as unknown as FileSystem, '/') };
  }
  for (const [lane, run] of [
    ['sync', runSync],
    ['async', runAsync],
  ] as const) {
    needsEdit('e7errno')(
      `${lane}: are limited to 1024, counted with those of other mounts, and closed with the module`,
      async () => {
        const { open, files } = counting(memory());
        expect(await run(files, 'many', '/f', 'read', '/f')).toEqual([`many: 1024 !${E.MFILE}`, `read: !${E.MFILE}`]);
        await expect.poll(() => open.size).toBe(0);
      },
    );
  }
  it('are closed when the guest exits, fails or is stopped with them open', async () => {
    const { open, files } = counting(memory());
    const out = new OutputBuffer();
    const config = (...script: string[]) => configOf(files, out, script);
    await expect(runtime.instantiateModule(compiled, config('many', '/f', 'exit', '/f', '3'))).rejects.toBeInstanceOf(
      ExitError,
    );
    await expect.poll(() => open.size).toBe(0);
    expect(() => runtime.instantiateModuleSync(compiled, config('many', '/f', 'exit', '/f', '3'))).toThrow(ExitError);
    await expect.poll(() => open.size).toBe(0);
    await expect(
      runtime.instantiateModule(
        compiled,
        config('many', '/f').withStdout(() => new Promise(() => {})),
        { timeoutMs: 500 },
      ),
    ).rejects.toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
    await expect.poll(() => open.size).toBe(0);
  });
  needsEdit('e7errno')('withLimits lowers the limit', async () => {
    const { files } = counting(memory());
    const out = new OutputBuffer();
    const module = await runtime.instantiateModule(
      compiled,
      configOf(files, out, ['many', '/f']).withLimits({ openFiles: 7 }),
    );
    await module.close();
    expect(lines(out)).toEqual([`many: 7 !${E.MFILE}`]);
  });
});
