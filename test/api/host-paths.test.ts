/** Paths and open directories of directories of the host, and what file systems in JavaScript keep for them. See paths.test.ts. */
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
import { below, memory, scratch } from '../support/file-systems.js';
import { type FileSystem, FSConfig } from '../support/package.js';
import { pathGuest } from '../support/path-rows.js';
import { E } from '../support/wasi-guest.js';

const { guest, configOf, runAsync, runSync, lanes, expectRows } = pathGuest();
const edited = describe.runIf(hasEdit('e9files'));

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
