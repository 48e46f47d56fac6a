/** What a guest is handed as a standard stream is a stream: no way to move in it, cut it, inflate it or read it back; it may be replaced. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { FSConfig, type Module, ModuleConfig, OutputBuffer, RuntimeConfig } from '../support/package.js';
import { type WasiCall, wasiCalls } from '../support/wasi-calls.js';
import { wasiGuest } from '../support/wasi-guest.js';

const [OK, EBADF, EINVAL, ENOTDIR, ENOTSUP, ESPIPE] = [0, 8, 28, 54, 58, 70];
const rights = { read: 2n, seek: 4n, tell: 32n, write: 64n, allocate: 256n, setSize: 1n << 22n, setTimes: 1n << 23n };
const log = 'audit: A did X\naudit: B did Y\n';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-wazero-streams-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const lanes = ['call', 'callSync'] as const;
const engines = ['compiler', 'interpreter'] as const;
const cases = engines.flatMap((engine) => lanes.map((lane) => ({ engine, lane })));

describe.each(cases)('a standard stream ($engine, $lane)', ({ engine, lane }) => {
  const { instance: guest } = wasiGuest(wasiCalls, RuntimeConfig[engine]());
  const asker =
    (module: Module) =>
    (name: WasiCall, ...args: (number | bigint)[]) =>
      module.exportedFunction(name)![lane](...args) as Promise<number> | number;

  /** All that a guest may try on a number, as errnos. */
  async function tries(module: Module, fd: number): Promise<Record<string, number | bigint>> {
    const ask = asker(module);
    const found: Record<string, number | bigint> = {};
    const note = async (what: string, name: WasiCall, ...args: (number | bigint)[]) => {
      found[what] = await ask(name, fd, ...args);
    };
    await note('seek', 'fd_seek', 0n, 0, 256);
    await note('seekEnd', 'fd_seek', -4n, 2, 256);
    await note('tell', 'fd_tell', 256);
    await note('pread', 'fd_pread', 0, 1, 0n, 256);
    await note('pwrite', 'fd_pwrite', 0, 1, 0n, 256);
    await note('truncate', 'fd_filestat_set_size', 0n);
    await note('grow', 'fd_filestat_set_size', 1n << 20n);
    await note('allocate', 'fd_allocate', 0n, 1n << 20n);
    await note('times', 'fd_filestat_set_times', 0n, 0n, 5);
    await note('readdir', 'fd_readdir', 256, 512, 0n, 1024);
    await note('open', 'path_open', 0, 128, 1, 1, -1n, -1n, 0, 256);
    await note('mkdir', 'path_create_directory', 128, 1);
    await note('stat', 'path_filestat_get', 0, 128, 1, 256);
    await note('unlink', 'path_unlink_file', 128, 1);
    await note('prestat', 'fd_prestat_get', 256);
    await note('accept', 'sock_accept', 0, 256);
    expect(await ask('fd_fdstat_get', fd, 256)).toBe(OK);
    const base = module.memory!.readUint64Le(264)!;
    for (const [name, bit] of Object.entries(rights)) found[`right to ${name}`] = base & bit ? 1n : 0n;
    return found;
  }
  const both = {
    ...{ seek: ESPIPE, seekEnd: ESPIPE, tell: ESPIPE, truncate: EBADF, grow: EBADF, allocate: EBADF, times: EBADF },
    ...{ readdir: EBADF, open: ENOTDIR, mkdir: ENOTDIR, stat: ENOTDIR, unlink: ENOTDIR, accept: EBADF },
    ...{
      'right to seek': 0n,
      'right to tell': 0n,
      'right to allocate': 0n,
      'right to setSize': 0n,
      'right to setTimes': 0n,
    },
  };
  const sink = { ...both, pread: EBADF, pwrite: ESPIPE, 'right to read': 0n, 'right to write': 1n };
  const source = { ...both, pread: ESPIPE, pwrite: EBADF, 'right to read': 1n, 'right to write': 0n };

  for (const flags of ['w', 'a', 'w+', 'a+']) {
    needsEdit('e8stdio')(`G14: a log that is open with ${flags} is only added to`, async () => {
      const path = join(folder, `log-${engine}-${lane}-${flags}`);
      const fd = openSync(path, flags);
      writeFileSync(fd, log);
      utimesSync(path, 1_000, 2_000);
      const module = await guest(new ModuleConfig().withStdout(fd).withStderr(fd));
      for (const number of [1, 2]) {
        expect(await tries(module, number)).toMatchObject(sink);
        expect(await asker(module)('fd_read', number, 0, 1, 256)).toBe(EBADF);
      }
      expect(readFileSync(path, 'utf8')).toBe(log);
      expect(statSync(path).mtimeMs).toBe(2_000_000);
      module.memory!.writeString(64, '0123456789abcdef');
      expect(await asker(module)('fd_write', 2, 0, 1, 256)).toBe(OK);
      expect(readFileSync(path, 'utf8')).toBe(`${log}0123456789abcdef`);
      closeSync(fd);
    });
  }

  needsEdit('e8stdio')('G14: a file that is stdin is read once, in order, and never written', async () => {
    const path = join(folder, `input-${engine}-${lane}`);
    writeFileSync(path, 'the first sixteen, and the rest');
    const fd = openSync(path, 'r+');
    const module = await guest(new ModuleConfig().withStdin(fd));
    expect(await tries(module, 0)).toMatchObject(source);
    expect(await asker(module)('fd_write', 0, 0, 1, 256)).toBe(EBADF);
    expect(await asker(module)('fd_read', 0, 0, 1, 256)).toBe(OK);
    expect(module.memory!.readString(64, 16)).toBe('the first sixtee');
    expect(readFileSync(path, 'utf8')).toBe('the first sixteen, and the rest');
    closeSync(fd);
  });

  needsEdit('e8stdio')('G14: a directory that is stdin is no directory to the guest', async () => {
    const fd = openSync(folder, 'r');
    const module = await guest(new ModuleConfig().withStdin(fd));
    expect(await tries(module, 0)).toMatchObject(source);
    closeSync(fd);
  });

  needsEdit('e8stdio')('G14: so are those that JavaScript, bytes and buffers are behind', async () => {
    const out = new OutputBuffer();
    const streams = new ModuleConfig()
      .withStdin(new PassThrough())
      .withStdout(out)
      .withStderr(() => {});
    for (const config of [new ModuleConfig(), streams, streams.withStdin(Buffer.from('abc'))]) {
      const module = await guest(config);
      expect(await tries(module, 0)).toMatchObject(source);
      for (const fd of [1, 2]) expect(await tries(module, fd)).toMatchObject(sink);
      expect(await asker(module)('fd_write', 0, 0, 1, 256)).toBe(EBADF);
      for (const fd of [1, 2]) expect(await asker(module)('fd_read', fd, 0, 1, 256)).toBe(EBADF);
    }
  });

  needsEdit('e8wasi')('G14: a file takes the place of a standard stream, which moves and comes back', async () => {
    const mount = mkdtempSync(join(folder, 'mount-'));
    writeFileSync(join(mount, 'x'), 'the script');
    const path = join(folder, `moved-${engine}-${lane}`);
    const fd = openSync(path, 'w+');
    const config = new ModuleConfig().withStdin(fd).withStdout(fd).withStderr(fd);
    const module = await guest(config.withFSConfig(new FSConfig().withDirMount(mount, '/')));
    const ask = asker(module);
    const open = async () => {
      expect(await ask('path_open', 3, 0, 128, 1, 0, 0xffn, 0xffn, 0, 256)).toBe(OK);
      return module.memory!.readUint32Le(256)!;
    };
    expect(await ask('fd_renumber', 3, 0)).toBe(ENOTSUP); // what paths begin at stays
    const first = await open();
    expect(await ask('fd_renumber', first, 3)).toBe(ENOTSUP);
    expect(await ask('fd_renumber', first, 0)).toBe(OK); // freopen("x", "r", stdin)
    expect(await ask('fd_renumber', first, 0)).toBe(EBADF);
    expect(await ask('fd_read', 0, 0, 1, 256)).toBe(OK);
    expect(module.memory!.readString(64, 10)).toBe('the script');
    expect(await ask('fd_seek', 0, 0n, 0, 256)).toBe(OK); // a file now
    // stderr in the place of another file, back again, and a stream all the while.
    const second = await open();
    expect(await ask('fd_renumber', 2, second)).toBe(OK);
    expect(await ask('fd_write', 2, 0, 1, 256)).toBe(EBADF);
    expect(await tries(module, second)).toMatchObject(sink);
    expect(await ask('fd_write', second, 0, 1, 256)).toBe(OK);
    expect(await open()).toBe(2); // the lowest number that is free
    expect(await ask('fd_renumber', second, 2)).toBe(OK);
    expect(await tries(module, 2)).toMatchObject(sink);
    expect(await ask('fd_renumber', 2, 1)).toBe(OK);
    expect(await tries(module, 1)).toMatchObject(sink);
    expect(readFileSync(path, 'latin1').slice(0, 10)).toBe('the script');
    closeSync(fd);
  });

  needsEdit('e8wasi')('only a file that is open for writing has space allocated, and some', async () => {
    const mount = mkdtempSync(join(folder, 'mount-'));
    writeFileSync(join(mount, 'x'), 'long enough');
    const module = await guest(new ModuleConfig().withFSConfig(new FSConfig().withDirMount(mount, '/')));
    const ask = asker(module);
    expect(await ask('fd_allocate', 3, 0n, 5n)).toBe(EBADF);
    expect(await ask('path_open', 3, 0, 128, 1, 0, 2n, 2n, 0, 256)).toBe(OK);
    const readOnly = module.memory!.readUint32Le(256)!;
    for (const length of [5n, 50n]) expect(await ask('fd_allocate', readOnly, 0n, length)).toBe(EBADF);
    expect(await ask('path_open', 3, 0, 128, 1, 0, 66n, 66n, 0, 256)).toBe(OK);
    const writable = module.memory!.readUint32Le(256)!;
    expect(await ask('fd_allocate', writable, 0n, 0n)).toBe(EINVAL);
    expect(await ask('fd_allocate', writable, 0n, 5n)).toBe(OK);
    expect(statSync(join(mount, 'x')).size).toBe(11);
    expect(await ask('fd_allocate', writable, 0n, 50n)).toBe(OK);
    expect(statSync(join(mount, 'x')).size).toBe(50);
  });
});
