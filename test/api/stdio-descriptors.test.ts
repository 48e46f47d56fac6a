/** File descriptors of the process as standard streams (wazero: internal/sys/stdio_test.go): their errors, waiting and not waiting. */

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { type Module, ModuleConfig } from '../support/package.js';
import { wasiGuest } from '../support/wasi-guest.js';
import { wat } from '../support/wat.mjs';

const imported = (name: string, params: string) =>
  `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${params}) (result i32)))`;
/** Each export answers WASI's errno. read and write move bytes at 1024, how many is at 16; seek's answer is at 16, too. */
const bytes = wat(`(module
  ${imported('fd_read', 'i32 i32 i32 i32')} ${imported('fd_write', 'i32 i32 i32 i32')} ${imported('fd_seek', 'i32 i64 i32 i32')}
  ${imported('fd_fdstat_set_flags', 'i32 i32')} ${imported('fd_fdstat_get', 'i32 i32')} ${imported('poll_oneoff', 'i32 i32 i32 i32')}
  ${imported('fd_pread', 'i32 i32 i32 i64 i32')}
  (memory (export "memory") 4)
  (func $iovec (param i32) (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (local.get 0)))
  (func (export "read") (param i32) (result i32)
    (call $iovec (local.get 0)) (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
  (func (export "pread") (param i32 i64) (result i32)
    (call $iovec (local.get 0)) (call $fd_pread (i32.const 0) (i32.const 0) (i32.const 1) (local.get 1) (i32.const 16)))
  (func (export "write") (param i32) (result i32)
    (call $iovec (local.get 0)) (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
  (func (export "seek") (param i32 i64) (result i32) (call $fd_seek (local.get 0) (local.get 1) (i32.const 0) (i32.const 16)))
  (func (export "flags") (param i32 i32) (result i32) (call $fd_fdstat_set_flags (local.get 0) (local.get 1)))
  (func (export "fdstat") (param i32) (result i32) (call $fd_fdstat_get (local.get 0) (i32.const 16)))
  ;; one clock (ms) and one descriptor, to read from or to write to: which of them came, 0 the clock
  (func (export "poll") (param $fd i32) (param $ms i64) (result i32)
    (memory.fill (i32.const 128) (i32.const 0) (i32.const 256))
    (i32.store (i32.const 144) (i32.const 1)) (i64.store (i32.const 152) (i64.mul (local.get $ms) (i64.const 1000000)))
    (i64.store (i32.const 176) (i64.const 1)) (i32.store8 (i32.const 184) (i32.add (i32.const 1) (local.get $fd)))
    (i32.store (i32.const 192) (local.get $fd))
    (if (call $poll_oneoff (i32.const 128) (i32.const 256) (i32.const 2) (i32.const 16)) (then unreachable))
    (i32.load (i32.const 256))))`);
const [EAGAIN, EBADF, EISDIR, ENOSPC, EPIPE, ESPIPE] = [6, 8, 31, 51, 64, 70];
const NONBLOCK = 4;

const { instance: guest } = wasiGuest(bytes);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-wazero-fd-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const lanes = ['call', 'callSync'] as const;
type Lane = (typeof lanes)[number];
const ask = (module: Module, lane: Lane, name: string, ...args: (number | bigint)[]) =>
  module.exportedFunction(name)![lane](...args);
let pipes = 0;
/** A pipe with a name. */
function pipe(): { reader: number; writer: number } {
  const path = join(folder, `pipe${++pipes}`);
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY) };
}

describe.each(lanes)('a descriptor in the lane of %s', (lane) => {
  // Others have no /dev/full.
  (process.platform === 'linux' ? needsEdit('e8stdio') : it.skip)(
    'gives the guest the errno of the system',
    async () => {
      const full = await guest(new ModuleConfig().withStdout(openSync('/dev/full', 'w')));
      expect(await ask(full, lane, 'write', 5)).toBe(ENOSPC);
      const directory = await guest(new ModuleConfig().withStdin(openSync(folder, 'r')));
      expect(await ask(directory, lane, 'read', 5)).toBe(EISDIR);
      const readOnly = await guest(new ModuleConfig().withStdout(openSync('/dev/null', 'r')));
      expect(await ask(readOnly, lane, 'write', 5)).toBe(EBADF);
      const { reader, writer } = pipe();
      closeSync(reader);
      const broken = await guest(new ModuleConfig().withStdout(writer).withStdin(writer));
      expect(await ask(broken, lane, 'write', 5)).toBe(EPIPE);
      expect(await ask(broken, lane, 'seek', 0, 0n)).toBe(ESPIPE);
      expect(await ask(broken, lane, 'read', 1)).toBe(EBADF);
      closeSync(writer);
      expect(await ask(broken, lane, 'write', 5)).toBe(EBADF);
    },
  );

  needsEdit('e8stdio')(
    'guests that share a descriptor: a read after poll takes what is there, and waits in vain no more than its deadline',
    async () => {
      const { reader, writer } = pipe();
      const other = openSync(`/proc/self/fd/${reader}`, constants.O_RDONLY); // does block
      const config = new ModuleConfig().withStdin(other);
      const [a, b] = [await guest(config), await guest(config)];
      writeSync(writer, 'one');
      expect([await ask(a, lane, 'poll', 0, 1000n), await ask(b, lane, 'poll', 0, 1000n)]).toEqual([1, 1]);
      expect(await ask(b, lane, 'read', 5)).toBe(0);
      expect(b.memory!.readUint32Le(16)).toBe(3);
      expect(await ask(a, lane, 'flags', 0, NONBLOCK)).toBe(0);
      expect(await ask(a, lane, 'read', 5)).toBe(EAGAIN);
      for (const fd of [reader, writer, other]) closeSync(fd);
    },
  );

  needsEdit('e8stdio')('may be told not to block, which is so for that guest alone', async () => {
    const { reader, writer } = pipe();
    const other = openSync(`/proc/self/fd/${reader}`, constants.O_RDONLY); // does block
    const module = await guest(new ModuleConfig().withStdin(other).withStdout(writer));
    expect(await ask(module, lane, 'flags', 0, NONBLOCK)).toBe(0);
    expect(await ask(module, lane, 'read', 5)).toBe(EAGAIN);
    writeSync(writer, 'now');
    expect(await ask(module, lane, 'read', 5)).toBe(0);
    expect(module.memory!.readString(1024, module.memory!.readUint32Le(16))).toBe('now');
    expect(await ask(module, lane, 'flags', 1, NONBLOCK)).toBe(0);
    let written = 0;
    let errno = await ask(module, lane, 'write', 50_000);
    for (; errno === 0; errno = await ask(module, lane, 'write', 50_000)) written += module.memory!.readUint32Le(16);
    expect(errno).toBe(EAGAIN);
    expect(written).toBeGreaterThan(50_000); // what was not taken of the last write, the guest was told
    expect(await ask(module, lane, 'flags', 0, 0)).toBe(0);
    expect(await ask(module, lane, 'fdstat', 0)).toBe(0);
    expect(module.memory!.readUint16Le(18) & NONBLOCK).toBe(0);
    closeSync(writer);
    closeSync(reader);
    closeSync(other);
  });

  needsEdit('e8stdio')('D0: is waited for by poll_oneoff, to read and to write (2481)', async () => {
    const { reader, writer } = pipe();
    const module = await guest(new ModuleConfig().withStdin(reader).withStdout(writer));
    expect([await ask(module, lane, 'poll', 0, 20n), await ask(module, lane, 'poll', 1, 1000n)]).toEqual([0, 1]);
    expect(await ask(module, lane, 'write', 65536)).toBe(0);
    expect([await ask(module, lane, 'poll', 0, 1000n), await ask(module, lane, 'poll', 1, 20n)]).toEqual([1, 0]);
    expect(readSync(reader, Buffer.alloc(65536))).toBe(65536);
    expect(await ask(module, lane, 'poll', 1, 1000n)).toBe(1);
    closeSync(writer);
    closeSync(reader);
  });
});
