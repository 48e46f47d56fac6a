/**
 * Paths, open directories and entries as other hosts and POSIX have them: what ".." means behind a link, where an open directory is after a
 * rename, what goes from one mount to another, modes, entries that are read again, and errnos. On each kind of mount.
 */
import * as nodeFs from 'node:fs';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hasEdit } from '../support/edits.js';
import { below, fileSystems, memory, scratch } from '../support/file-systems.js';
import { type FileSystem, FSConfig } from '../support/package.js';
import { E, filesGuest } from '../support/wasi-guest.js';

const { guest, configOf, runAsync, runSync } = filesGuest('paths');
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
const lanes = { sync: runSync, async: runAsync };
/** A table of operations and what each answers: "ok" is short for "op: ok", a number for an errno. */
type Row = [op: string, ...args: (string | number)[]];
async function expectRows(lane: keyof typeof lanes, files: FSConfig, rows: Row[]): Promise<void> {
  const script = rows.flatMap((row) => row.slice(0, -1).map(String));
  const wanted = rows.map((row) => {
    const last = row.at(-1);
    return `${row[0]}: ${typeof last === 'number' ? `!${last}` : last}`;
  });
  const said = await lanes[lane](files, ...script);
  const labelled = (lines: string[]) => lines.map((line, i) => `${rows[i]?.slice(0, -1).join(' ')} => ${line}`);
  expect(labelled(said)).toEqual(labelled(wanted));
}

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

edited('a directory of the host', () => {
  it.each(['sync', 'async'] as const)(
    'new files and directories have the modes that the umask leaves, %s',
    async (lane) => {
      for (const make of [
        (dir: string) => new FSConfig().withDirMount(dir, '/'),
        (dir: string) => new FSConfig().withSysFSMount(below(dir, nodeFs), '/'),
      ]) {
        for (const umask of [0o022, 0o077]) {
          const dir = scratch();
          const before = process.umask(umask);
          try {
            await lanes[lane](make(dir), 'put', '/f', 'x', 'mkdir', '/d', 'create', '/d/g');
          } finally {
            process.umask(before);
          }
          const modes = ['f', 'd', 'd/g'].map((name) => statSync(join(dir, name)).mode & 0o777);
          expect(modes).toEqual([0o666 & ~umask, 0o777 & ~umask, 0o666 & ~umask]);
        }
      }
    },
  );

  it.each(['sync', 'async'] as const)('names that are not UTF-8 are listed, opened and removed, %s', async (lane) => {
    const dir = scratch();
    mkdirSync(join(dir, 'd'));
    const odd = Buffer.concat([Buffer.from(`${dir}/d/`), Buffer.from([0xff, 0xfe])]);
    writeFileSync(odd, 'odd');
    mkdirSync(Buffer.concat([odd, Buffer.from('-dir')]));
    writeFileSync(Buffer.concat([odd, Buffer.from('-dir/'), Buffer.from([0xc0])]), 'deep');
    await expectRows(lane, new FSConfig().withDirMount(dir, '/'), [
      ['get', '/d/%ff%fe', 'odd'],
      ['put', '/d/%ff%fe', 'new', 'ok'],
      ['exclusive', '/d/%ff%fe', E.EXIST],
      ['get', '/d/%ff%fe', 'new'],
      ['put', '/d/%ff%fe-dir/new', 'x', E.ILSEQ],
      ['hold', '1', '/d/%ff%fe-dir', 'ok'],
      ['at-get', '1', '%c0', 'deep'],
      ['at-put', '1', 'plain', 'x', 'ok'],
      ['rename', '/d/%ff%fe', '/good', 'ok'],
      ['rm-rf', '/d', 'ok'],
      ['ls', '/', 'good'],
    ]);
  });

  it('an open directory is followed when the host moves it, and out of the mount it stays open without leading on', async () => {
    const base = scratch();
    for (const name of ['box', 'box/a', 'box/b', 'away']) mkdirSync(join(base, name));
    writeFileSync(join(base, 'secret'), 'secret');
    writeFileSync(join(base, 'box/a/f'), 'mine');
    symlinkSync('../b', join(base, 'box/a/beside'));
    symlinkSync('../../secret', join(base, 'box/a/up'));
    writeFileSync(join(base, 'box/b/g'), 'beside');
    let said = '';
    const move = (chunk: Uint8Array) => {
      said += Buffer.from(chunk).toString();
      if (!said.endsWith('beside\n') || existsSync(join(base, 'away/a'))) return;
      renameSync(join(base, 'box/a'), join(base, 'away/a'));
      symlinkSync('../away/a', join(base, 'box/a'));
    };
    const script = ['hold', '1', '/a', 'at-get', '1', 'f', 'at-get', '1', 'beside/g'];
    const after = ['at-get', '1', 'f', 'at-get', '1', 'beside/g', 'at-get', '1', 'up', 'at-get', '1', '../secret'];
    const config = configOf(new FSConfig().withDirMount(join(base, 'box'), '/'), move, [...script, ...after]);
    guest.runtime.instantiateModuleSync(guest.compiled, config).closeSync(); // which hears of each line at once
    expect(said.trimEnd().split('\n')).toEqual([
      'hold: ok',
      'at-get: mine',
      'at-get: beside',
      'at-get: mine', // it is the directory that was opened
      ...[E.PERM, E.PERM, E.PERM].map((errno) => `at-get: !${errno}`),
    ]);
  });

  it('a directory of more entries than there are marks is read again, too', async () => {
    const dir = scratch();
    for (let i = 0; i < 20_000; i++) linkSync(i === 0 ? first(dir) : join(dir, 'first'), join(dir, `n${i}`));
    const files = new FSConfig().withDirMount(dir, '/');
    expect(await runAsync(files, 'back', '/', '17', '19999')).toEqual(['back: 20003 same same same same 19986']);
    expect(await runSync(files, 'back', '/', '12345', '3')).toEqual(['back: 20003 same same same same 7658']);
  });
  const first = (dir: string) => {
    writeFileSync(join(dir, 'first'), '');
    return join(dir, 'first');
  };

  it('open directories count as open files, and are closed with the module', async () => {
    const dir = scratch();
    mkdirSync(join(dir, 'd'));
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let i = 0; i < 20; i++)
      await runAsync(new FSConfig().withDirMount(dir, '/'), 'hold', '1', '/d', 'at-hold', '2', '1', '.');
    expect(open()).toBeLessThanOrEqual(before + 5);
  });

  it('a directory that may not be read is EACCES', async () => {
    if (process.getuid?.() === 0) return; // who may do all
    const dir = scratch();
    mkdirSync(join(dir, 'd'));
    chmodSync(join(dir, 'd'), 0);
    expect(await runAsync(new FSConfig().withDirMount(dir, '/'), 'open', '/d')).toEqual([`open: !${E.ACCES}`]);
  });
});

edited('a file system in JavaScript', () => {
  it('keeps listings of a million entries for the directories that are open, and ENFILE for more', async () => {
    const fs = memory();
    for (const name of ['a', 'b', 'c', 'd']) fs.mkdirSync(`/${name}`);
    const huge = Array.from({ length: 400_000 }, (_, i) => `n${i}`);
    const files = new Proxy(fs, {
      get(target, name: keyof typeof fs) {
        if (name === 'readdirSync') return () => huge;
        return name === 'lstatSync' ? () => target.statSync('/a') : target[name]; // each of them is there
      },
    });
    const script = ['a', 'b', 'c'].flatMap((name, i) => ['hold', String(i), `/${name}`, 'at-ls', String(i)]);
    const mount = new FSConfig().withSysFSMount(files as unknown as FileSystem, '/');
    for (const run of [runSync, runAsync, runSync]) {
      const said = await run(mount, ...script);
      expect(said.map((line) => line.split(' ').length)).toEqual([2, 65, 2, 65, 2, 2]);
      expect(said.at(-1)).toBe('at-ls: !41');
      await setTimeout(100); // the module has gone, and with it, in a turn of its own, what it had open
    }
  });
});
