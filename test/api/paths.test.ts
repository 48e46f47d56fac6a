/**
 * Paths, open directories and entries as other hosts and POSIX have them: what ".." means behind a link, where an open directory is after a
 * rename, what goes from one mount to another, modes, entries that are read again, and errnos. On each kind of mount.
 */
import * as nodeFs from 'node:fs';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasEdit } from '../support/edits.js';
import { below, fileSystems, memory, scratch } from '../support/file-systems.js';
import { type FileSystem, FSConfig } from '../support/package.js';
import { pathGuest, type Row } from '../support/path-rows.js';
import { E } from '../support/wasi-guest.js';

const { lanes, expectRows } = pathGuest();
const edited = describe.runIf(hasEdit('e9files'));

const kinds: [name: string, mount: (at: string) => FSConfig, lanes: ('sync' | 'async')[]][] = [
  ['a directory', (at) => new FSConfig().withDirMount(scratch(), at), ['sync', 'async']],
  ...fileSystems.map(([name, make, lanes]): (typeof kinds)[number] => [
    name,
    (at) => new FSConfig().withSysFSMount(make(), at),
    lanes,
  ]),
];
const cases = kinds.flatMap(([name, mount, lanes]) => lanes.map((lane) => [name, lane, mount] as const));
edited.each(cases)('%s, %s', (name, lane, mount) => {
  it('".." is behind the link, and what it is of must be a directory', () =>
    expectRows(lane, mount('/'), [
      ['mkdir', '/releases', 'ok'],
      ['mkdir', '/releases/v2', 'ok'],
      ['put', '/config', 'OLD', 'ok'],
      ['put', '/releases/config', 'NEW', 'ok'],
      ['symlink', 'releases/v2', '/current', 'ok'],
      ['get', '/current/../config', 'NEW'],
      ['put', '/current/../out', 'x', 'ok'],
      ['stat', '/releases/out', 'file'],
      ['stat', '/out', E.NOENT],
      ...(name.includes('memfs') // which folds the targets of links as text
        ? []
        : ([
            ['symlink', 'current/..', '/up', 'ok'],
            ['get', '/up/config', 'NEW'],
            ['get', '/up/../config', 'OLD'],
          ] as Row[])),
      ['symlink', '../current', '/releases/again', 'ok'],
      ['get', '/releases/again/../config', 'NEW'],
      ['get', '/releases/again/../again/.././../config', 'OLD'],
      ['open', '/none/..', E.NOENT],
      ['open', '/config/..', E.NOTDIR],
      ['open', '/config/../config', E.NOTDIR],
      ['open', '/config/.', E.NOTDIR],
      ['stat', '/current/..', 'dir'],
      ['stat', '/current/../..', 'dir'],
      ['open', '/current/../../..', E.PERM],
      ['stat', '/..', E.PERM],
      ['symlink', 'loop', '/loop', 'ok'],
      ['open', '/loop/..', E.LOOP],
      ['mkdir', '/current/../made', 'ok'],
      ['rename', '/current/../made', '/current/../moved', 'ok'],
      ['link', '/current/../config', '/linked', 'ok'],
      ['get', '/linked', 'NEW'],
      ['symlink', 'config', '/current/../sym', 'ok'],
      ['readlink', '/current/../sym', 'config'],
      ['unlink', '/current/../sym', 'ok'],
      ['rmdir', '/current/../moved', 'ok'],
      ['ls', '/releases', 'again config out v2'],
    ]));

  it('a path that ends in "." or ".." names no entry', () =>
    expectRows(lane, mount('/'), [
      ['mkdir', '/d', 'ok'],
      ['mkdir', '/d/e', 'ok'],
      ['rmdir', '/d/e/.', E.INVAL],
      ['rmdir', '/d/e/..', E.NOTEMPTY],
      ['rmdir', '/none/..', E.NOENT],
      ['unlink', '/d/e/.', E.ISDIR],
      ['unlink', '/d/e/..', E.ISDIR],
      ['rename', '/d/e/.', '/x', E.BUSY],
      ['rename', '/d/e', '/d/e/..', E.BUSY],
      ['mkdir', '/d/e/..', E.EXIST],
      ['mkdir', '/new/.', E.NOENT],
      ['create', '/d/e/..', E.ISDIR],
      ['create', '/new/.', E.NOENT],
      ['hold', '1', '/d/e', 'ok'],
      ['at-rmdir', '1', '.', E.INVAL],
      ['stat', '/d/e', 'dir'],
    ]));

  it('an open directory is followed through renames, and is never another one', () =>
    expectRows(lane, mount('/'), [
      ['mkdir', '/jobs', 'ok'],
      ['put', '/jobs/a', 'first', 'ok'],
      ['mkdir', '/jobs/sub', 'ok'],
      ['hold', '1', '/jobs', 'ok'],
      ['hold', '2', '/jobs/sub', 'ok'],
      ['rename', '/jobs', '/done', 'ok'],
      ['at-get', '1', 'a', 'first'],
      ['at-put', '1', 'b', 'late', 'ok'],
      ['get', '/done/b', 'late'],
      ['at-put', '2', 'c', 'deep', 'ok'],
      ['get', '/done/sub/c', 'deep'],
      ['mkdir', '/jobs', 'ok'],
      ['put', '/jobs/a', 'second', 'ok'],
      ['at-get', '1', 'a', 'first'],
      ['at-stat', '1', '.', 'dir'],
      ['at-unlink', '1', 'a', 'ok'],
      ['get', '/jobs/a', 'second'],
      ['at-rename', '1', 'b', '2', 'b', 'ok'],
      ['at-link', '2', 'b', '1', 'l', 'ok'],
      ['at-symlink', 'l', '1', 's', 'ok'],
      ['at-get', '1', 's', 'late'],
      ['at-mkdir', '1', 'm', 'ok'],
      ['at-ls', '1', 'l m s sub'],
      ['at-rmdir', '1', 'm', 'ok'],
      ['at-hold', '3', '2', '.', 'ok'],
      ['at-get', '3', 'b', 'late'],
      ['at-get', '2', '../l', E.PERM],
      ['at-get', '1', 'sub/../l', 'late'],
    ]));

  it('an open directory that was removed is not the one that is made in its place', () =>
    expectRows(lane, mount('/'), [
      ['mkdir', '/d', 'ok'],
      ['hold', '1', '/d', 'ok'],
      ['rmdir', '/d', 'ok'],
      ['mkdir', '/d', 'ok'],
      ['put', '/d/f', 'of the new one', 'ok'],
      ['at-get', '1', 'f', E.NOENT],
      ['at-unlink', '1', 'f', E.NOENT],
      ['get', '/d/f', 'of the new one'],
      ['mkdir', '/e', 'ok'],
      ['hold', '2', '/e', 'ok'],
      ['rename', '/d', '/e', 'ok'],
      ['at-get', '2', 'f', E.NOENT],
    ]));

  it('links lead from an open directory to what is beside it', () =>
    expectRows(lane, mount('/'), [
      ['mkdir', '/a', 'ok'],
      ['mkdir', '/b', 'ok'],
      ['put', '/b/f', 'beside', 'ok'],
      ['symlink', '../b/f', '/a/l', 'ok'],
      ['symlink', '../../b', '/a/out', 'ok'],
      ['hold', '1', '/a', 'ok'],
      ['at-get', '1', 'l', 'beside'],
      ['at-get', '1', '../b/f', E.PERM],
    ]));

  it('an entry is read again, however far back, also when others have been removed', async () => {
    const files = mount('/');
    const names = Array.from({ length: 700 }, (_, i) => `/d/${String(i).padStart(8, '0')}`);
    await lanes[lane](files, 'mkdir', '/d', ...names.flatMap((path) => ['put', path, '']));
    expect(await lanes[lane](files, 'back', '/d', '20', '500')).toEqual(['back: 702 same same same same 682']);
    // Who goes back beyond what is removed, and reads on, counts what is left.
    expect((await lanes[lane](files, 'back-', '/d', '20', '500'))[0]).toMatch(/^back: 702 same same same /);
    expect(await lanes[lane](files, 'back', '/', '1', '2')).toEqual(['back: 3 same same same same 2']);
    expect(await lanes[lane](files, 'rm-rf', '/d', 'stat', '/d')).toEqual(['rm-rf: ok', `stat: !${E.NOENT}`]);
  });

  it('errnos', () =>
    expectRows(lane, mount('/'), [
      ['put', '/file', 'x', 'ok'],
      ['mkdir', '/dir', 'ok'],
      ['symlink', 'file', '/to-file', 'ok'],
      ['symlink', 'dir', '/to-dir', 'ok'],
      ['create', '/new/', E.ISDIR],
      ['create', '/file/', E.ISDIR],
      ['create', '/dir/', E.ISDIR],
      ['exclusive', '/new/', E.ISDIR],
      ['create', '/none/new/', E.NOENT],
      ['create', '/file/new/', E.NOTDIR],
      ['mkdir', '/file/b', E.NOTDIR],
      ['mkdir', '/none/b', E.NOENT],
      ['symlink', '', '/s', E.NOENT],
      ['link', '/file/', '/l', E.NOTDIR],
      ['link', '/none/', '/l', E.NOENT],
      ['link', '/file', '/l/', E.NOENT],
      ['link', '/file', '/dir/', E.EXIST],
      ['readlink', '/to-file/', E.NOTDIR],
      ['readlink', '/to-dir/', E.INVAL],
      ['symlink', 'x', '/dir/', E.EXIST],
      ['symlink', 'x', '/new/', E.NOENT],
      ['rename', '/file', '/new/', E.NOTDIR],
      ['put', '/%ff%fe', 'x', E.ILSEQ],
      ['open', '/%ff', E.ILSEQ],
      ['stat', '/%ff', E.ILSEQ],
      ['mkdir', '/%ff', E.ILSEQ],
      ['rename', '/file', '/%ff', E.ILSEQ],
      ['symlink', 'file', '/%ff', E.ILSEQ],
      ['symlink', '%ff', '/s', E.ILSEQ],
      ['link', '/file', '/%ff', E.ILSEQ],
      ['exclusive', '/%ff', E.ILSEQ],
      ['allocate', '/file', 'w', 9, 'ok'],
      ['allocate', '/file', 'r', 5, E.BADF],
      ['allocate', '/file', 'w', 0, E.INVAL],
      ['allocate', '/dir', 'r', 5, E.BADF],
    ]));
});

edited('two mounts', () => {
  const both: Row[] = [
    ['put', '/a/x', 'moved', 'ok'],
    ['mkdir', '/a/d', 'ok'],
    ['mkdir', '/a/d/e', 'ok'],
    ['link', '/a/x', '/b/y', 'ok'],
    ['rename', '/a/x', '/b/x', 'ok'],
    ['get', '/b/x', 'moved'],
    ['get', '/b/y', 'moved'],
    ['stat', '/a/x', E.NOENT],
    ['rename', '/a/d', '/b/d', 'ok'],
    ['stat', '/b/d/e', 'dir'],
    ['put', '/a/x', 'again', 'ok'],
    ['rename', '/a/x', '/b/x', 'ok'],
    ['get', '/b/x', 'again'],
    ['rename', '/b/x', '/a/none/x', E.NOENT],
    ['rename', '/b/x', '/a/x/', E.NOTDIR],
    ['rename', '/b/none', '/a/x', E.NOENT],
    ['rename', '/b/d', '/a/../x', E.PERM],
    ['rename', '/a/.', '/b/z', E.BUSY],
    ['link', '/b/d', '/a/l', E.PERM],
    ['link', '/b/x/', '/a/l', E.NOTDIR],
    ['link', '/b/x', '/a/l/', E.NOENT],
    ['link', '/b/x', '/a/', E.EXIST],
  ];
  it.each(['sync', 'async'] as const)('directories of one disk, %s', async (lane) => {
    await expectRows(lane, new FSConfig().withDirMount(scratch(), '/a').withDirMount(scratch(), '/b'), both);
  });
  it.each(['sync', 'async'] as const)('the root, and a directory, %s', async (lane) => {
    const data = scratch();
    await expectRows(lane, new FSConfig().withDirMount(scratch(), '/').withDirMount(data, '/data'), [
      ['put', '/tmp', 'atomic', 'ok'],
      ['rename', '/tmp', '/data/f', 'ok'],
      ['hold', '1', '/data', 'ok'],
      ['hold', '2', '/', 'ok'],
      ['at-rename', '1', 'f', '2', 'g', 'ok'],
      ['get', '/g', 'atomic'],
    ]);
    expect(readdirSync(data)).toEqual([]);
  });
  it.each(['sync', 'async'] as const)('one file system in JavaScript, mounted twice, %s', async (lane) => {
    for (const fs of [memory() as unknown as FileSystem, below(scratch(), nodeFs)]) {
      const files = new FSConfig().withSysFSMount(fs, '/a').withSysFSMount(fs, '/b');
      await expectRows(lane, files, [
        ['put', '/a/x', 'moved', 'ok'],
        ['mkdir', '/b/d', 'ok'],
        ['hold', '1', '/a/d', 'ok'],
        ['rename', '/a/x', '/b/d/x', 'ok'],
        ['link', '/a/d/x', '/b/y', 'ok'],
        ['get', '/a/y', 'moved'],
        ['rename', '/b/d', '/b/e', 'ok'],
        ['at-get', '1', 'x', 'moved'],
      ]);
    }
  });
  it.each(['sync', 'async'] as const)(
    'what cannot be moved is EXDEV, and EROFS where one is read-only, %s',
    async (lane) => {
      const js = () => {
        const fs = memory();
        fs.writeFileSync('/f', 'js');
        return fs as unknown as FileSystem;
      };
      const disk = scratch();
      writeFileSync(join(disk, 'f'), 'disk');
      const files = new FSConfig()
        .withDirMount(disk, '/dir')
        .withSysFSMount(js(), '/one')
        .withSysFSMount(js(), '/two')
        .withReadOnlyDirMount(disk, '/dir-ro')
        .withFSMount(js(), '/js-ro');
      const pairs: [string, string, number][] = [
        ...['/one', '/two', '/dir'].flatMap((from) =>
          ['/one', '/two', '/dir']
            .filter((to) => to !== from)
            .map((to): [string, string, number] => [from, to, E.XDEV]),
        ),
        ...['/dir-ro', '/js-ro'].flatMap((readOnly) =>
          ['/one', '/dir'].flatMap((other): [string, string, number][] => [
            [readOnly, other, E.ROFS],
            [other, readOnly, E.ROFS],
          ]),
        ),
      ];
      await expectRows(
        lane,
        files,
        pairs.flatMap(([from, to, errno]): Row[] => [
          ['rename', `${from}/f`, `${to}/g`, errno],
          ['link', `${from}/f`, `${to}/g`, errno],
          ['get', `${from}/f`, from.startsWith('/dir') ? 'disk' : 'js'],
        ]),
      );
    },
  );
  // /dev/shm is another file system than the temporary directory wherever it is there.
  const shm = '/dev/shm';
  it.skipIf(!existsSync(shm) || statSync(shm).dev === statSync('/tmp').dev)('two disks are EXDEV', async () => {
    const other = nodeFs.mkdtempSync(join(shm, 'wazero-'));
    try {
      await expectRows('async', new FSConfig().withDirMount(scratch(), '/a').withDirMount(other, '/b'), [
        ['put', '/a/x', 'x', 'ok'],
        ['rename', '/a/x', '/b/x', E.XDEV],
        ['link', '/a/x', '/b/x', E.XDEV],
      ]);
    } finally {
      nodeFs.rmSync(other, { recursive: true });
    }
  });
});
