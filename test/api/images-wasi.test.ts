// Images and WASI: each module has the streams, arguments, clocks and files of its own config.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memfs } from 'memfs';
import { afterAll, expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  experimental,
  FSConfig,
  LinkError,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  SockConfig,
  wasi,
} from '../support/package.js';
import { type WasiCall, wasiCalls } from '../support/wasi-calls.js';
import { E } from '../support/wasi-guest.js';

const folder = mkdtempSync(join(tmpdir(), 'node-wazero-images-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'a.txt'), 'disk');

const call = (module: Module, name: WasiCall, ...args: (number | bigint)[]): number =>
  module.exportedFunction(name)!.callSync(...(args as never[])) as number;
function openFile(module: Module, directory: number, path: string, flags = 0): number {
  const rights = flags === 0 ? 0x1fffffffn : 0x4000n; // of a directory: to list it
  const length = module.memory!.writeString(512, path);
  const errno = call(module, 'path_open', directory, 0, 512, length, flags, rights, rights, 0, 300);
  return errno === 0 ? module.memory!.readUint32Le(300) : -errno;
}
function read(module: Module, fd: number): string {
  const errno = call(module, 'fd_read', fd, 0, 1, 256);
  return errno === 0 ? module.memory!.readString(64, module.memory!.readUint32Le(256)) : `errno ${errno}`;
}
function write(module: Module, fd: number, text: string): number {
  module.memory!.writeString(64, text.padEnd(16));
  return call(module, 'fd_write', fd, 0, 1, 256);
}
async function open() {
  const runtime = new Runtime();
  await wasi.instantiate(runtime);
  const compiled = await runtime.compileModule(wasiCalls);
  return { runtime, compiled };
}
const refusal = async (action: () => unknown) => {
  const error = await errorOf(action);
  expect(error).toBeInstanceOf(LinkError);
  return (error as Error).message;
};

needsEdit('e11fork')('arguments, streams, clocks and random source are of the new config', async () => {
  const { runtime, compiled } = await open();
  await using _ = runtime;
  const source = await runtime.instantiateModule(
    compiled,
    new ModuleConfig().withArgs('one').withStdin(Buffer.from('source')),
  );
  expect(read(source, 0)).toBe('source');
  const image = await source.freeze();
  const out = new OutputBuffer();
  const config = new ModuleConfig()
    .withName('clone')
    .withArgs('three', 'arguments', 'here')
    .withStdin(Buffer.from('clone'))
    .withStdout(out)
    .withRandSource(Uint8Array.of(1, 2, 3, 4));
  const clone = await runtime.instantiateModule(image, config);
  const begin = () => {
    call(clone, 'args_sizes_get', 600, 604);
    const errno = call(clone, 'random_get', 608, 4);
    call(clone, 'clock_time_get', 1, 0n, 616);
    const { memory } = clone;
    return [
      memory!.readUint32Le(600),
      errno,
      memory!.readUint32Le(608),
      memory!.readUint64Le(616),
      read(clone, 0),
      write(clone, 1, 'text'),
    ];
  };
  const first = begin();
  expect(first).toEqual([3, 0, 0x04030201, 0n, 'clone', 0]);
  expect(begin().slice(1, 5)).toEqual([E.IO, 0x04030201, 1_000_000n, '']); // used up
  clone.resetSync();
  expect(begin()).toEqual(first); // anew
  expect(out.text()).toBe('text            '.repeat(3));
  expect(read(source, 0)).toBe('');
});

needsEdit('e11fork')('open files are refused, with their names', async () => {
  const { runtime, compiled } = await open();
  await using _ = runtime;
  const { fs } = memfs({ '/m.txt': 'memory' });
  const files = new FSConfig().withDirMount(folder, '/data').withSysFSMount(fs as never, '/mem/');
  const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName('files').withFSConfig(files));
  await module.freeze(); // its mounts alone
  const fds = [openFile(module, 3, 'a.txt'), openFile(module, 4, 'm.txt'), openFile(module, 3, '.', 2)];
  expect(fds).toEqual([5, 6, 7]);
  expect(await refusal(() => module.freeze())).toBe(
    'module[files] cannot be frozen: 3 open files: /data/a.txt, /mem/m.txt, /data/',
  );
  expect(call(module, 'fd_renumber', 5, 1)).toBe(0); // standard output is a file now
  call(module, 'fd_close', 6);
  call(module, 'fd_close', 7);
  expect(await refusal(() => module.freezeSync())).toBe('module[files] cannot be frozen: 1 open file: /data/a.txt');
  call(module, 'fd_close', 1);
  const clone = await runtime.instantiateModule(
    await module.freeze(),
    new ModuleConfig().withName('clone').withFSConfig(files),
  );
  expect(write(clone, 1, 'x')).toBe(0); // it has its own again
});

needsEdit('e11fork')('mounts have the guest paths that the image knows, in their order', async () => {
  const { runtime, compiled } = await open();
  await using _ = runtime;
  const at = (...paths: string[]) =>
    new ModuleConfig()
      .withName('')
      .withFSConfig(paths.reduce((files, path) => files.withDirMount(folder, path), new FSConfig()));
  const source = await runtime.instantiateModule(compiled, at('/a', 'b/'));
  const image = await source.freeze();
  for (const [paths, message] of [
    [['/a'], 'the image was frozen with a mount at /b, number 2, which this config does not have'],
    [['/b', '/a'], 'the image was frozen with a mount at /a where this config has one at /b, number 1'],
    [['/a', '/b', '/c'], 'the image was frozen without the mount at /c, number 3 of this config'],
  ] as const) {
    expect(await refusal(() => runtime.instantiateModule(image, at(...paths)))).toBe(message);
    expect(await refusal(() => runtime.instantiateModuleSync(image, at(...paths)))).toBe(message);
  }
  const sockets = at('a', '/b').withSockConfig(new SockConfig().withTCPListener('127.0.0.1', 0));
  expect(await refusal(() => runtime.instantiateModule(image, sockets))).toBe(
    'the image was frozen with 0 TCP listeners, and this config has 1',
  );
  expect(openFile(await runtime.instantiateModule(image, at('a', '/b')), 4, 'a.txt')).toBe(5);
});

needsEdit('e11fork')(
  'reset closes files, on disk and of JavaScript, and those that are opened then stay open',
  async () => {
    const { runtime, compiled } = await open();
    await using _ = runtime;
    const { fs } = memfs({ '/m.txt': 'memory' });
    let opened = 0;
    const counting = {
      ...fs,
      openSync: (...args: Parameters<typeof fs.openSync>) => {
        opened++;
        return fs.openSync(...args);
      },
      closeSync: (fd: number) => {
        opened--;
        fs.closeSync(fd);
      },
    };
    const files = new FSConfig().withDirMount(folder, '/data').withSysFSMount(counting as never, '/mem');
    const config = new ModuleConfig().withFSConfig(files).withLimits({ openFiles: 2 });
    const source = await runtime.instantiateModule(compiled, config);
    const module = await runtime.instantiateModule(await source.freeze(), config);
    for (let round = 0; round < 4; round++) {
      expect([openFile(module, 3, 'a.txt'), openFile(module, 4, 'm.txt'), openFile(module, 4, 'm.txt')]).toEqual([
        5,
        6,
        -E.MFILE,
      ]);
      await new Promise((resolve) => setImmediate(resolve)); // what was said of the last round's files is heard
      expect([read(module, 5), read(module, 6)]).toEqual(['disk', 'memory']);
      expect(opened).toBe(1);
      if (round % 2) await module.reset();
      else module.resetSync();
      expect([read(module, 5), read(module, 6)]).toEqual([`errno ${E.BADF}`, `errno ${E.BADF}`]);
    }
    await module.close();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(opened).toBe(0);
  },
);

needsEdit('e11fork')('a listener is bound again', async () => {
  const { runtime, compiled } = await open();
  await using _ = runtime;
  const config = new ModuleConfig().withName('').withSockConfig(new SockConfig().withTCPListener('127.0.0.1', 0));
  const image = await (await runtime.instantiateModule(compiled, config)).freeze();
  const module = await runtime.instantiateModule(image, config);
  const [before] = experimental.tcpAddresses(module);
  module.resetSync();
  const [after] = experimental.tcpAddresses(module);
  expect(after!.port).toBeGreaterThan(0);
  expect(before).toMatchObject({ host: after!.host });
});
