/** What a plugin sees of the host's files. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPlugin, type ExtismPluginOptions, guest } from '../support/extism.js';

const wasi = `
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))`;
/** The input is a path in the first mount: the output what is in that file, or the errno. `write` writes "changed" to it. */
const reader = guest(
  `(data (i32.const 100) "changed")
  (func $open (param $oflags i32) (param $rights i64) (result i32) (local $i i64)
    (loop $next
      (if (i64.lt_u (local.get $i) (call $input_length))
        (then
          (i32.store8 offset=1000 (i32.wrap_i64 (local.get $i)) (call $input_load_u8 (local.get $i)))
          (local.set $i (i64.add (local.get $i) (i64.const 1)))
          (br $next))))
    (call $path_open (i32.const 3) (i32.const 1) (i32.const 1000) (i32.wrap_i64 (call $input_length)) (local.get $oflags) (local.get $rights) (i64.const 0) (i32.const 0) (i32.const 0)))
  (func (export "read") (local $errno i32)
    (local.set $errno (call $open (i32.const 0) (i64.const 2)))
    (if (local.get $errno) (then (call $number (i64.extend_i32_u (local.get $errno))) (return)))
    (i32.store (i32.const 8) (i32.const 2000))
    (i32.store (i32.const 12) (i32.const 1000))
    (drop (call $fd_read (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16)))
    (call $out (call $block (i32.const 2000) (i32.load (i32.const 16)))))
  (func (export "write") (local $errno i32)
    (local.set $errno (call $open (i32.const 1) (i64.const 64)))
    (if (i32.eqz (local.get $errno))
      (then
        (i32.store (i32.const 8) (i32.const 100))
        (i32.store (i32.const 12) (i32.const 7))
        (local.set $errno (call $fd_write (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 16)))))
    (call $number (i64.extend_i32_u (local.get $errno))))`,
  wasi,
);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'extism-'));
  mkdirSync(join(folder, 'data'));
  for (const name of ['data/a.txt', 'data/secret.txt', 'other.txt'])
    writeFileSync(join(folder, name), `this is ${name}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function ask(
  allowedPaths: Record<string, string>,
  name: 'read' | 'write',
  path: string,
  options: ExtismPluginOptions = {},
): Promise<string> {
  await using plugin = await createPlugin({ wasm: [{ data: reader }] }, { useWasi: true, allowedPaths, ...options });
  const output = await plugin.call(name, path);
  return output?.byteLength === 8 && output.getUint8(7) === 0 ? `errno ${output.getUint8(0)}` : String(output?.text());
}
const noent = 'errno 44';

it('a directory, to be read and written', async () => {
  const paths = { '/mnt': join(folder, 'data') };
  expect(await ask(paths, 'read', 'a.txt')).toBe('this is data/a.txt');
  expect(await ask(paths, 'read', 'nothing.txt')).toBe(noent);
  expect(await ask(paths, 'read', '../other.txt')).toMatch(/errno/);
  expect(await ask(paths, 'write', 'new.txt')).toBe('errno 0');
  expect(readFileSync(join(folder, 'data/new.txt'), 'utf8')).toBe('changed');
});

it('a directory that is only to be read', async () => {
  const paths = { '/mnt': `ro:${join(folder, 'data')}` };
  expect(await ask(paths, 'read', 'a.txt')).toBe('this is data/a.txt');
  for (const path of ['a.txt', 'another.txt']) expect(await ask(paths, 'write', path)).toMatch(/errno [1-9]/);
  expect(readFileSync(join(folder, 'data/a.txt'), 'utf8')).toBe('this is data/a.txt');
  await expect(ask(paths, 'read', 'a.txt', { runInWorker: true })).rejects.toThrow('Readonly dirs are not supported');
});

it('single files, and nothing beside them', async () => {
  const paths = { '/mnt/one.txt': join(folder, 'data/a.txt'), '/mnt/two.txt': `ro:${join(folder, 'other.txt')}` };
  expect(await ask(paths, 'read', 'one.txt')).toBe('this is data/a.txt');
  expect(await ask(paths, 'read', 'two.txt')).toBe('this is other.txt');
  for (const path of ['a.txt', 'secret.txt', '../other.txt', 'one.txt/x'])
    expect(await ask(paths, 'read', path)).toMatch(/errno/);
  for (const path of ['one.txt', 'three.txt']) expect(await ask(paths, 'write', path)).toMatch(/errno [1-9]/);
  expect(readFileSync(join(folder, 'data/a.txt'), 'utf8')).toBe('this is data/a.txt');
});

it('nothing without being told', async () => {
  expect(await ask({}, 'read', 'a.txt')).toMatch(/errno/);
});
