/** FSConfig with file systems written in JavaScript, as a guest sees them: node:fs, memfs, promises, in both lanes. Mounts: fs-mounts.test.ts. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import * as nodePromises from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { below, fileSystems, memory, scratch } from '../support/file-systems.js';
import { type FileSystem, FSConfig } from '../support/package.js';
import { E, filesGuest } from '../support/wasi-guest.js';

const { runAsync, runSync } = filesGuest();
type Run = (files: FSConfig, ...script: string[]) => Promise<string[]> | string[];

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
  needsEdit('e9files')('gets absolute normal paths, and the bytes end up where it looks', async () => {
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
    expect(
      await runAsync(
        files,
        ...['write', '/mnt/data/./../data//f', 'grüße', 'write', '/mnt/data/../g', 'g', 'write', '/mnt/none/../g', 'g'],
      ),
    ).toEqual(['write: ok', 'write: ok', `write: !${E.NOENT}`]);
    expect(opened).toEqual(['/data/f', '/g']);
    expect(fs.readFileSync('/data/f', 'utf8')).toBe('grüße');
    expect(await runAsync(files, 'read', '/mnt/../../data/f')).toEqual([`read: !${E.PERM}`]);
  });

  needsEdit('e9files')("writes through node:fs onto the host's disk", async () => {
    const dir = scratch();
    const files = new FSConfig().withSysFSMount(below(dir, nodePromises), '/');
    await runAsync(files, 'mkdir', '/d', 'write', '/d/f', 'on disk', 'symlink', 'f', '/d/l');
    expect(readFileSync(join(dir, 'd/f'), 'utf8')).toBe('on disk');
    expect(readlinkSync(join(dir, 'd/l'))).toBe('f');
    expect(statSync(join(dir, 'd/f')).mode & 0o777).toBe(0o666 & ~process.umask());
  });
});
