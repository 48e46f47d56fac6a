/** Every file function of WASI that wazero implements, on every kind of file system: called by a guest, and with success. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileSystems, scratch } from '../support/file-systems.js';
import { experimental, FSConfig, ModuleConfig, OutputBuffer, Runtime, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const program = readFileSync(new URL('../fixtures/guests/files.wasm', import.meta.url));
/** What they are, as wazero itself lists them; it answers ENOSYS to fd_fdstat_set_rights. */
async function fileFunctions(): Promise<string[]> {
  await using runtime = new Runtime();
  const host = await wasi.instantiate(runtime);
  const names = [...host.exportedFunctionDefinitions().keys()].filter((name) => /^(fd|path)_/.test(name));
  return names.filter((name) => name !== 'fd_fdstat_set_rights').sort();
}

const script = [
  ...[
    'write',
    '/a',
    'text',
    'write',
    '/b',
    'x',
    'read',
    '/a',
    'mkdir',
    '/d',
    'rename',
    '/b',
    '/d/b',
    'link',
    '/a',
    '/hard',
    'symlink',
    'a',
    '/s',
  ],
  ...[
    'readlink',
    '/s',
    'stat',
    '/a',
    'utimes',
    '/a',
    '1',
    '2',
    'futimes',
    '/a',
    '3',
    '4',
    'one',
    '/one',
    'rest',
    '/rest',
    'ls',
    '/',
  ],
  ...['unlink', '/hard', 'unlink', '/d/b', 'rmdir', '/d'],
];
const lines = [
  ...['write: ok', 'write: ok', 'read: text', 'mkdir: ok', 'rename: ok', 'link: ok', 'symlink: ok', 'readlink: a'],
  expect.stringMatching(/^stat: file size 4 nlink 2 /),
  ...['utimes: ok', 'futimes: ok'],
  'one: w10 seek6 r67 at8 pw2 pr0XY3 at8 fl0 a3 at13 tr0 sy00 st0:12 all:0XY3456789EN end0 close0',
  'rest: al0 st0:30 ad0 w3 te0:3 re0 te0:3 old8 cl0 pre0:1 name0:/ seekdir:same all:8',
  expect.stringMatching(/^ls: .*\(6\)$/),
  ...['unlink: ok', 'unlink: ok', 'rmdir: ok'],
];

const mounts: [string, () => FSConfig, ('sync' | 'async')[]][] = [
  ...fileSystems.map(([name, make, lanes]): (typeof mounts)[number] => [
    name,
    () => new FSConfig().withSysFSMount(make(), '/'),
    lanes,
  ]),
  ['a directory', () => new FSConfig().withDirMount(scratch(), '/'), ['sync', 'async']],
];
describe.each(mounts)('%s', (_name, mount, lanes) => {
  it.each(lanes)('in the %s lane', async (lane) => {
    await using runtime = new Runtime();
    await wasi.instantiate(runtime);
    let log = '';
    const listener = experimental.hostLoggingListener(
      (text) => {
        log += Buffer.from(text);
      },
      ['filesystem'],
    );
    const compiled = await runtime.compileModule(program, { listener });
    const out = new OutputBuffer();
    const config = new ModuleConfig()
      .withArgs('files', ...script)
      .withStdout(out)
      .withFSConfig(mount());
    if (lane === 'sync') runtime.instantiateModuleSync(compiled, config);
    else await runtime.instantiateModule(compiled, config);
    expect(out.text().trim().split('\n')).toEqual(lines);
    const succeeded = new Set(
      [...log.matchAll(/==> wasi_snapshot_preview1\.(\w+)\(.*\n<== .*ESUCCESS/g)].map(([, name]) => name!),
    );
    expect(succeeded.size).toBe(30);
    expect([...succeeded].sort()).toEqual(await fileFunctions());
  });
});

it('what wazero does not implement is ENOSYS', async () => {
  await using runtime = new Runtime();
  await wasi.instantiate(runtime);
  const module = await runtime.instantiate(
    wat(`(module (import "wasi_snapshot_preview1" "proc_raise" (func $raise (param i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_fdstat_set_rights" (func $rights (param i32 i64 i64) (result i32)))
      (memory (export "memory") 1)
      (func (export "raise") (result i32) (call $raise (i32.const 2)))
      (func (export "rights") (result i32) (call $rights (i32.const 1) (i64.const 0) (i64.const 0))))`),
  );
  for (const name of ['raise', 'rights']) expect(module.exportedFunction(name)!.callSync()).toBe(52);
});
