/**
 * Sessions of WASI calls with random arguments, on a directory in the jail and on memfs: every call gives an errno or the exit that was asked
 * for, nothing outside the directory is read or changed.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memfs } from 'memfs';
import { FSConfig, ModuleConfig, OutputBuffer, Runtime, RuntimeConfig, wasi } from '../../../dist/index.js';
import { wat } from '../../support/wat.mjs';

// f: file descriptor, p: pointer, P: path (pointer and length), V: vector of buffers (pointer and count), l: length, n: small number or flags, i: any i32, L: any i64
const functions = {
  args_get: 'pp',
  args_sizes_get: 'pp',
  environ_get: 'pp',
  environ_sizes_get: 'pp',
  clock_res_get: 'np',
  clock_time_get: 'nLp',
  fd_advise: 'fLLn',
  fd_allocate: 'fLL',
  fd_close: 'f',
  fd_datasync: 'f',
  fd_fdstat_get: 'fp',
  fd_fdstat_set_flags: 'fn',
  fd_fdstat_set_rights: 'fLL',
  fd_filestat_get: 'fp',
  fd_filestat_set_size: 'fL',
  fd_filestat_set_times: 'fLLn',
  fd_pread: 'fVLp',
  fd_prestat_get: 'fp',
  fd_prestat_dir_name: 'fpl',
  fd_pwrite: 'fVLp',
  fd_read: 'fVp',
  fd_readdir: 'fplLp',
  fd_renumber: 'ff',
  fd_seek: 'fLnp',
  fd_sync: 'f',
  fd_tell: 'fp',
  fd_write: 'fVp',
  path_create_directory: 'fP',
  path_filestat_get: 'fnPp',
  path_filestat_set_times: 'fnPLLn',
  path_link: 'fnPfP',
  path_open: 'fnPnLLnp',
  path_readlink: 'fPplp',
  path_remove_directory: 'fP',
  path_rename: 'fPfP',
  path_symlink: 'PfP',
  path_unlink_file: 'fP',
  poll_oneoff: 'ppnp',
  proc_exit: 'i',
  proc_raise: 'n',
  sched_yield: '',
  random_get: 'pl',
  sock_accept: 'fnp',
  sock_recv: 'fVnpp',
  sock_send: 'fVnp',
  sock_shutdown: 'fn',
};
const names = Object.keys(functions);
// Files are opened, read and written more often than anything else.
const often = [
  'path_open',
  'path_open',
  'path_open',
  'fd_read',
  'fd_write',
  'fd_pread',
  'fd_pwrite',
  'fd_readdir',
  'path_symlink',
  'path_rename',
  'path_filestat_get',
];
const types = (kinds) => [...kinds].map((kind) => ({ L: 'i64', P: 'i32 i32', V: 'i32 i32' })[kind] ?? 'i32').join(' ');
const count = (kinds) => types(kinds).split(' ').filter(Boolean).length;

const guest = wat(`(module
  ${names.map((name) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${types(functions[name])})${name === 'proc_exit' ? '' : ' (result i32)'}))`).join('\n')}
  (memory (export "memory") 2 4)
  ${names
    .map((name) => {
      const args = Array.from({ length: count(functions[name]) }, (_, i) => `(local.get ${i})`).join(' ');
      return `(func (export "${name}") (param ${types(functions[name])}) (result i32) (call $${name} ${args})${name === 'proc_exit' ? ' (i32.const 0)' : ''})`;
    })
    .join('\n')})`);

const paths = [
  'a.txt',
  'd',
  'd/b.txt',
  'link',
  'out',
  'loop',
  'up',
  'new',
  'new2',
  'd/new',
  'up/outside/secret.txt',
  '../outside/secret.txt',
  'out/secret.txt',
  'd/../a.txt',
  '/etc/passwd',
  '/',
  '',
  '.',
  '..',
  './',
  'd/',
  'd/.',
  'd/..',
  'a.txt/',
  'a.txt/x',
  '../../..',
  '../mount/a.txt',
  'a\0b',
  '\xff\xfe',
  'x'.repeat(255),
  'x/'.repeat(100),
  '//a.txt',
].map((path) => Buffer.from(path, 'latin1'));
const pathArea = 0x2000;
const secret = 'never read by a guest';

export async function open() {
  const root = mkdtempSync(join(tmpdir(), 'wazero-fuzz-'));
  const outside = join(root, 'outside');
  mkdirSync(outside);
  mkdirSync(join(root, 'mount'));
  writeFileSync(join(outside, 'secret.txt'), secret);
  const engines = {
    compiler: new Runtime(RuntimeConfig.compiler().withCloseOnContextDone(true)),
    interpreter: new Runtime(RuntimeConfig.interpreter().withCloseOnContextDone(true)),
  };
  const compiled = {};
  for (const [engine, runtime] of Object.entries(engines)) {
    await wasi.instantiate(runtime);
    compiled[engine] = await runtime.compileModule(guest);
  }
  const counts = { calls: 0, succeeded: 0 };

  function directory() {
    const mount = join(root, 'mount');
    rmSync(mount, { recursive: true, force: true });
    mkdirSync(join(mount, 'd'), { recursive: true });
    writeFileSync(join(mount, 'a.txt'), 'some text in a file');
    writeFileSync(join(mount, 'd/b.txt'), 'b'.repeat(5000));
    symlinkSync('a.txt', join(mount, 'link'));
    symlinkSync('../outside', join(mount, 'out'));
    symlinkSync('loop', join(mount, 'loop'));
    return mount;
  }
  function inMemory() {
    const { fs } = memfs({ '/a.txt': 'some text in a file', '/d/b.txt': 'b'.repeat(5000) });
    fs.symlinkSync('a.txt', '/link');
    fs.symlinkSync('loop', '/loop');
    return fs;
  }
  function checkOutside() {
    const found = [readdirSync(root).sort(), readdirSync(outside), readFileSync(join(outside, 'secret.txt'), 'utf8')];
    const right = [['mount', 'outside'], ['secret.txt'], secret];
    if (JSON.stringify(found) !== JSON.stringify(right))
      throw new Error(`outside of the mount has changed: ${JSON.stringify(found)}`);
  }

  return {
    counts,
    async run(random) {
      const engine = random.oneIn(4) ? 'interpreter' : 'compiler';
      const kind = random.pick(['dir', 'dir', 'readOnlyDir', 'memory']);
      const mounts =
        kind === 'memory'
          ? new FSConfig().withSysFSMount(inMemory(), '/')
          : kind === 'dir'
            ? new FSConfig().withDirMount(directory(), '/')
            : new FSConfig().withReadOnlyDirMount(directory(), '/');
      const config = new ModuleConfig()
        .withName('')
        .withFSConfig(mounts)
        .withArgs('a', 'b')
        .withEnv('k', 'v')
        .withStdin(Buffer.from('input'))
        .withStdout(new OutputBuffer({ maxBytes: 1000 }));
      const module = await engines[engine].instantiateModule(compiled[engine], config.withLimits({ openFiles: 50 }));
      const done = [];
      try {
        for (let n = 0; n < 100 && !module.isClosed; n++) {
          prepare(module.memory, random);
          const name = random.oneIn(3) ? random.pick(names) : random.pick(often);
          if (name === 'proc_exit' && !random.oneIn(8)) continue;
          const args = [...functions[name]].flatMap((kind) => argument(kind, random));
          // Files of any size cost nothing in a directory, and memory in memfs.
          if (kind === 'memory' || name === 'fd_allocate')
            for (let i = 0; i < args.length; i++)
              if (typeof args[i] === 'bigint') args[i] = BigInt.asUintN(16, args[i]);
          done.push(`${name}(${args.join(', ')})`);
          // Calls without a deadline are those that may go without Go; nothing but a sleep needs one.
          const endless = name !== 'poll_oneoff' && random.oneIn(2);
          const f = module.exportedFunction(name).withOptions(endless ? {} : { timeoutMs: 20_000 });
          let errno;
          try {
            errno = random.oneIn(4) ? await f.call(...args) : f.callSync(...args);
          } catch (error) {
            if (error.code === 'ERR_WAZERO_EXIT' && error.reason === 'exit' && name === 'proc_exit') break;
            throw error;
          }
          counts.calls++;
          if (errno === 0) counts.succeeded++;
          if (!(errno >= 0 && errno <= 76)) throw new Error(`errno ${errno}`);
        }
        if (!module.isClosed && Buffer.from(module.memory.read(0, module.memory.size())).includes(secret))
          throw new Error('a guest has read outside of its mount');
        checkOutside();
      } catch (error) {
        error.stack = `${kind} on the ${engine}: ${error.stack}\n${done.slice(-30).join('\n')}`;
        throw error;
      } finally {
        await module.close();
      }
    },
    async close() {
      for (const runtime of Object.values(engines)) await runtime.close();
      rmSync(root, { recursive: true });
    },
  };
}

/** Paths, vectors of buffers and subscriptions at places that arguments point to. */
function prepare(memory, random) {
  if (random.oneIn(8)) paths.forEach((path, i) => void memory.write(pathArea + 256 * i, path));
  const words = Uint32Array.from({ length: 64 }, (_, i) =>
    i % 2 ? (random.oneIn(8) ? random.u32() : random.below(300)) : pointer(random),
  );
  memory.write(0x1000, new Uint8Array(words.buffer));
}
const pointer = (random) =>
  random.oneIn(12) ? random.u32() : random.oneIn(20) ? 0x2_0000 - random.below(20) : 0x8000 + 8 * random.below(0x1000);

function argument(kind, random) {
  switch (kind) {
    case 'f':
      return [random.oneIn(20) ? random.i32() : random.oneIn(2) ? 3 : random.below(10)];
    case 'p':
      return [random.oneIn(4) ? 0x1000 : pointer(random)];
    case 'l':
      return [random.oneIn(12) ? random.i32() : random.below(600)];
    case 'n':
      return [random.oneIn(12) ? random.i32() : random.oneIn(2) ? 0 : random.below(16)];
    case 'i':
      return [random.i32()];
    case 'L':
      return [random.oneIn(2) ? BigInt(random.below(10_000)) : random.oneIn(2) ? -1n : random.i64()];
    case 'V':
      return [
        random.oneIn(20) ? pointer(random) : 0x1000 + 8 * random.below(4),
        random.oneIn(20) ? random.i32() : random.below(5),
      ];
    case 'P': {
      const i = random.below(random.oneIn(3) ? paths.length : 12);
      return random.oneIn(20) ? [pointer(random), random.i32()] : [pathArea + 256 * i, paths[i].length];
    }
  }
}
