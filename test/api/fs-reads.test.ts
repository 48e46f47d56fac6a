/** Reads of open files in the synchronous lane: they cross without a value of V8 being made for them. */
import { Volume } from 'memfs';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { FSConfig, type Module, ModuleConfig } from '../support/package.js';
import { wasiGuest } from '../support/wasi-guest.js';
import { wat } from '../support/wat.mjs';

// open() opens /file and answers its descriptor; read(fd, n) reads n bytes to 1024: how many came, or -errno.
const bytes = wat(`(module
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 32) "file")
  (func (export "open") (result i32)
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 2)
      (i32.const 0) (i32.const 0)) (then unreachable))
    (i32.load (i32.const 0)))
  (func (export "read") (param i32 i32) (result i32) (local $errno i32)
    (i32.store (i32.const 4) (i32.const 1024)) (i32.store (i32.const 8) (local.get 1))
    (local.set $errno (call $read (local.get 0) (i32.const 4) (i32.const 1) (i32.const 12)))
    (if (result i32) (local.get $errno) (then (i32.sub (i32.const 0) (local.get $errno))) (else (i32.load (i32.const 12))))))`);
const EIO = 29;
const whole = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
const { instance } = wasiGuest(bytes);

type ReadSync = (fd: number, buffer: Uint8Array, offset: number, length: number, position: number) => number;
/** A volume with `whole` as /file, whose readSync may be another. */
function volumeWith(readSync?: (own: ReadSync) => ReadSync): Volume {
  const volume = Volume.fromJSON({ '/': null });
  volume.writeFileSync('/file', whole);
  const own = volume.readSync.bind(volume) as ReadSync;
  if (readSync) Object.assign(volume, { readSync: readSync(own) });
  return volume;
}
async function guest(fs: Volume) {
  const config = new ModuleConfig().withName('').withFSConfig(new FSConfig().withFSMount(fs as never, '/'));
  const module = await instance(config);
  return { module, fd: open(module), fs };
}
const open = (module: Module) => module.exportedFunction('open')!.callSync() as number;
const read = (module: Module, fd: number, size: number) =>
  module.exportedFunction('read')!.callSync(fd, size) as number;
const taken = (module: Module, count: number) => Buffer.from(module.memory!.read(1024, count));

it('pieces of every size come as they are in the file, to its end', async () => {
  for (const size of [1, 64, 100, 1000, 16_384, 16_385, 70_000]) {
    const { module, fd } = await guest(volumeWith());
    let at = 0;
    while (at < 5 * size && at < whole.byteLength) {
      const count = read(module, fd, size);
      expect(count).toBe(Math.min(size, whole.byteLength - at));
      expect(taken(module, count).equals(whole.subarray(at, at + count)), `${size} from ${at}`).toBe(true);
      at += count;
    }
  }
  const { module, fd } = await guest(volumeWith());
  expect([read(module, fd, 99_990), read(module, fd, 64), read(module, fd, 64)]).toEqual([99_990, 10, 0]);
});

it('a file system may call the guest, which reads: each gets its own', async () => {
  let inside: number | undefined;
  let other: Buffer | undefined;
  const { module, fd } = await guest(
    volumeWith((own) => (file, buffer, offset, length, position) => {
      if (Number(position) % 128 === 64) {
        const second = open(module);
        inside = read(module, second, 64);
        other = taken(module, 64);
      }
      return own(file, buffer, offset, length, position);
    }),
  );
  // The functions are entered without Go after a few calls.
  for (let i = 0; i < 8; i++) {
    expect(read(module, fd, 64)).toBe(64);
    expect(taken(module, 64)).toEqual(whole.subarray(64 * i, 64 * (i + 1)));
  }
  expect([inside, other]).toEqual([64, whole.subarray(0, 64)]);
});

it('what a file system keeps of a buffer is not what another guest reads', async () => {
  const kept = new Set<ArrayBufferLike>();
  const keeping = volumeWith((own) => (file, buffer, ...rest) => {
    kept.add(buffer.buffer);
    return own(file, buffer, ...rest);
  });
  const guests = [await guest(keeping), await guest(keeping)];
  for (const { module, fd } of [...guests, ...guests]) expect(read(module, fd, 100)).toBe(100);
  expect(kept.size).toBe(2);
});

describe('a file system that answers wrongly', () => {
  async function warnings(action: () => Promise<void>): Promise<string[]> {
    const heard: string[] = [];
    const listener = (warning: Error) => void heard.push(warning.message);
    process.on('warning', listener);
    await action();
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listener);
    return heard;
  }
  it.each([-1, 65, 0.5, Number.NaN, '64', undefined])('%s bytes: EIO, and a warning', async (count) => {
    const { module, fd } = await guest(volumeWith(() => () => count as number));
    const heard = await warnings(async () => expect(read(module, fd, 64)).toBe(-EIO));
    expect(heard).toHaveLength(1);
    expect(heard[0]).toContain('an integer from 0 to 64 for the answer of read');
  });
  it('an error is its errno, or EIO and a warning; the next read is none the worse', async () => {
    for (const [code, errno, warned] of [
      ['EACCES', 2, 0],
      ['ERR_MINE', EIO, 1],
    ] as const) {
      let failed = false;
      const failing = volumeWith((own) => (...args) => {
        if (failed) return own(...args);
        failed = true;
        throw Object.assign(new Error(code), { code });
      });
      const { module, fd } = await guest(failing);
      expect(await warnings(async () => expect(read(module, fd, 64)).toBe(-errno))).toHaveLength(warned);
      expect([read(module, fd, 64), taken(module, 64)]).toEqual([64, whole.subarray(0, 64)]);
    }
  });
  it('a Promise: ERR_WAZERO_WOULD_BLOCK; no readSync: ENOSYS, which is EBADF to a reader', async () => {
    const late = await guest(volumeWith(() => () => Promise.reject(new Error('late')) as never));
    expect(await errorOf(() => read(late.module, late.fd, 64))).toMatchObject({
      cause: { code: 'ERR_WAZERO_WOULD_BLOCK' },
    });
    const { module, fd, fs } = await guest(volumeWith());
    Object.assign(fs, { readSync: undefined });
    expect(read(module, fd, 64)).toBe(-8);
  });
});
