/** A guest that reads and writes as it is told, for tests of standard streams. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Module } from './package.js';
import { wasiGuest } from './wasi-guest.js';
import { wat } from './wat.mjs';

// read(n): up to n bytes of stdin to 1024, answers how many came, or -errno; write(n): n bytes from 1024 to stdout, 0 or errno.
export const streamBytes = wat(`(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (func $iovec (param i32) (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (local.get 0)))
  (func (export "read") (param i32) (result i32) (local $errno i32)
    (call $iovec (local.get 0))
    (local.set $errno (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (if (result i32) (local.get $errno) (then (i32.sub (i32.const 0) (local.get $errno))) (else (i32.load (i32.const 16)))))
  (func (export "write") (param i32 i32) (result i32)
    (call $iovec (local.get 1)) (call $write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 16))))`);
export const [EIO, ENOSPC, EPIPE] = [29, 51, 64];
/** Makes instances of it, which are closed after each test. */
export const stdioGuest = () => wasiGuest(streamBytes).instance;

export const lanes = ['call', 'callSync'] as const;
export type Lane = (typeof lanes)[number];
export async function read(module: Module, lane: Lane, most = 100): Promise<string | number> {
  const count = (await module.exportedFunction('read')![lane](most)) as number;
  return count < 0 ? count : module.memory!.readString(1024, count);
}
export async function write(module: Module, lane: Lane, text: string, fd = 1): Promise<unknown> {
  return module.exportedFunction('write')![lane](fd, module.memory!.writeString(1024, text));
}
/** What the process is warned of while an action runs. */
export async function warnings(action: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = [];
  const listener = (warning: Error) => heard.push(warning.message);
  process.on('warning', listener);
  await action();
  await sleep(1);
  process.off('warning', listener);
  return heard;
}
