/** A guest whose exports are functions of WASI, called with what a test says. */
import { wat } from './wat.mjs';

const signatures = {
  args_get: 'i32 i32',
  args_sizes_get: 'i32 i32',
  clock_time_get: 'i32 i64 i32',
  fd_advise: 'i32 i64 i64 i32',
  fd_allocate: 'i32 i64 i64',
  fd_close: 'i32',
  fd_fdstat_get: 'i32 i32',
  fd_fdstat_set_flags: 'i32 i32',
  fd_filestat_get: 'i32 i32',
  fd_filestat_set_size: 'i32 i64',
  fd_filestat_set_times: 'i32 i64 i64 i32',
  fd_pread: 'i32 i32 i32 i64 i32',
  fd_prestat_get: 'i32 i32',
  fd_pwrite: 'i32 i32 i32 i64 i32',
  fd_read: 'i32 i32 i32 i32',
  fd_readdir: 'i32 i32 i32 i64 i32',
  fd_renumber: 'i32 i32',
  fd_seek: 'i32 i64 i32 i32',
  fd_tell: 'i32 i32',
  fd_write: 'i32 i32 i32 i32',
  path_create_directory: 'i32 i32 i32',
  path_filestat_get: 'i32 i32 i32 i32 i32',
  path_open: 'i32 i32 i32 i32 i32 i64 i64 i32 i32',
  path_unlink_file: 'i32 i32 i32',
  poll_oneoff: 'i32 i32 i32 i32',
  random_get: 'i32 i32',
  sock_accept: 'i32 i32 i32',
} as const;
export type WasiCall = keyof typeof signatures;

const entries = Object.entries(signatures);
const locals = (params: string) => params.split(' ').map((_, i) => `(local.get ${i})`);
/** Memory: a buffer of 16 bytes at 64, which the vector at 0 names; "x" at 128; answers may go to 256 and after. */
export const wasiCalls = wat(`(module
  ${entries.map(([name, params]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${params}) (result i32)))`).join('\n')}
  (memory (export "memory") 2)
  (data (i32.const 0) "\\40\\00\\00\\00\\10\\00\\00\\00")
  (data (i32.const 128) "x")
  ${entries.map(([name, params]) => `(func (export "${name}") (param ${params}) (result i32) (call $${name} ${locals(params).join(' ')}))`).join('\n')})`);
