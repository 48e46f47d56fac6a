// node-wazero freeze, and run -image.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needsEdit, needsStacks } from '../support/edits.js';
import { wat } from '../support/wat.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'cli-freeze-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(input: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: scratch,
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const wasi = (names: readonly string[]) =>
  names
    .map((name) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param i32 i32 i32 i32) (result i32)))`)
    .join('\n');
beforeAll(() => {
  mkdirSync(join(scratch, 'data'));
  // Says what it has counted, and what it reads.
  const body = `(memory (export "memory") 1)
    (global $count (mut i32) (i32.const 48))
    (func $say (param $length i32)
      (i32.store8 (i32.const 100) (global.get $count)) (i32.store (i32.const 0) (i32.const 100))
      (i32.store (i32.const 4) (local.get $length))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))`;
  writeFileSync(
    join(scratch, 'program.wasm'),
    wat(`(module ${wasi(['fd_read', 'fd_write'])} ${body}
      (func (export "_start")
        (global.set $count (i32.add (global.get $count) (i32.const 3)))
        (i32.store (i32.const 0) (i32.const 101)) (i32.store (i32.const 4) (i32.const 20))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $say (i32.add (i32.const 1) (i32.load (i32.const 8))))))`),
  );
  writeFileSync(
    join(scratch, 'plugin.wasm'),
    wat(`(module ${wasi(['fd_write'])} ${body}
      (func (export "_initialize") (global.set $count (i32.add (global.get $count) (i32.const 1))))
      (func (export "warm") (global.set $count (i32.add (global.get $count) (i32.const 4))))
      (func (export "with") (param i32)) (func (export "say") (call $say (i32.const 1))))`),
  );
  writeFileSync(join(scratch, 'quiet.wasm'), wat('(module (func (export "_start")))'));
});

needsStacks('a program goes on from its first read of stdin, in a new process each time', () => {
  const mounts = ['-mount', 'data:/data'];
  const cache = ['-cachedir', 'cache'];
  expect(run('never read', 'freeze', ...mounts, ...cache, '-o', 'program.img', 'program.wasm')).toMatchObject({
    status: 0,
    stdout: '',
    stderr: expect.stringMatching(/^program.img: 0.0 MiB\n$/),
  });
  for (const text of ['one', 'two three'])
    expect(run(text, 'run', ...mounts, ...cache, '-timeout', '20s', '-image', 'program.img', 'program.wasm')).toEqual({
      status: 0,
      stdout: `3${text}`,
      stderr: '',
    });
  const without = run('', 'run', '-image', 'program.img', 'program.wasm');
  expect(without).toMatchObject({ status: 1, stderr: expect.stringContaining('frozen with a mount at /data') });
});

needsEdit('e11fork')('a module at rest is called', () => {
  expect(run('', 'freeze', '-invoke', 'warm', '-o', 'plugin.img', 'plugin.wasm')).toMatchObject({ status: 0 });
  const said = run('', 'run', '-image', 'plugin.img', '-invoke', 'say', '-invoke', 'say', 'plugin.wasm');
  expect(said).toEqual({ status: 0, stdout: '55', stderr: '' });
});

it('says what cannot be done', () => {
  const message = (...args: string[]) => {
    const { status, stderr } = run('', ...args);
    expect(status).toBe(1);
    return stderr.split('\n')[0];
  };
  expect(message('freeze', 'plugin.wasm')).toBe('missing -o, the file to write');
  expect(message('freeze', '-o', 'x.img')).toBe('missing path to wasm file');
  expect(message('freeze', '-o', 'x.img', 'quiet.wasm')).toContain('ended without reading stdin');
  expect(message('freeze', '-o', 'x.img', '-invoke', 'none', 'plugin.wasm')).toContain(
    'there is no exported function "none"',
  );
  expect(message('freeze', '-o', 'x.img', '-invoke', 'with', 'plugin.wasm')).toContain('"with" has parameters');
  expect(message('freeze', '-o', 'no/such/x.img', '-invoke', 'warm', 'plugin.wasm')).toContain(
    'no such file or directory',
  );
  expect(message('run', '-image', 'missing.img', 'plugin.wasm')).toContain('missing.img');
  expect(existsSync(join(scratch, 'x.img'))).toBe(false);
});
