/** Mounts of file systems written in JavaScript: what is read-only, which mount a path belongs to, and how many files may be open. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { memory, scratch } from '../support/file-systems.js';
import { ExitError, type FileSystem, FSConfig, OutputBuffer, type ReadOnlyFileSystem } from '../support/package.js';
import { E, filesGuest } from '../support/wasi-guest.js';

const { guest, configOf, lines, runAsync, runSync } = filesGuest();

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
  needsEdit('e9files')(
    'the longest guest path counts, whatever the order, and a second mount of a path takes the place of the first',
    async () => {
      const files = new FSConfig()
        .withSysFSMount(withFile('root'), '/')
        .withFSMount(withFile('inner'), '/a')
        .withFSMount(withFile('first'), '/b')
        .withSysFSMount(withFile('second'), './b/');
      expect(
        await runAsync(
          files,
          'read',
          '/f',
          'read',
          '/a/f',
          'read',
          '/b/f',
          'rename',
          '/f',
          '/a/g',
          'link',
          '/f',
          '/a/g',
        ),
      ).toEqual(['read: root', 'read: inner', 'read: second', `rename: !${E.ROFS}`, `link: !${E.ROFS}`]);
    },
  );
  it('a directory and a file system in JavaScript are mounted side by side', async () => {
    const dir = scratch();
    writeFileSync(join(dir, 'f'), 'disk');
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
    await expect(
      guest.runtime.instantiateModule(guest.compiled, config('many', '/f', 'exit', '/f', '3')),
    ).rejects.toBeInstanceOf(ExitError);
    await expect.poll(() => open.size).toBe(0);
    expect(() => guest.runtime.instantiateModuleSync(guest.compiled, config('many', '/f', 'exit', '/f', '3'))).toThrow(
      ExitError,
    );
    await expect.poll(() => open.size).toBe(0);
    await expect(
      guest.runtime.instantiateModule(
        guest.compiled,
        config('many', '/f').withStdout(() => new Promise(() => {})),
        { timeoutMs: 500 },
      ),
    ).rejects.toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
    await expect.poll(() => open.size).toBe(0);
  });
  needsEdit('e7errno')('withLimits lowers the limit', async () => {
    const { files } = counting(memory());
    const out = new OutputBuffer();
    const module = await guest.runtime.instantiateModule(
      guest.compiled,
      configOf(files, out, ['many', '/f']).withLimits({ openFiles: 7 }),
    );
    await module.close();
    expect(lines(out)).toEqual([`many: 7 !${E.MFILE}`]);
  });
});
