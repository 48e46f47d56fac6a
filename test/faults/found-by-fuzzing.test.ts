/** What fuzzing and soaking (npm run fuzz, npm run soak) have found, each in the smallest form. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { dataBytes, headerBytes, seal } from '../support/cache-entry.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { CompilationCache, ModuleConfig, Runtime, RuntimeConfig, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const emptyType = [1, 4, 1, 0x60, 0, 0];

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  it.each([
    // wazero panicked: index out of range, at the call of a function whose type it had not looked at
    ['a function of no type', [...emptyType, 3, 3, 2, 0, 16, 10, 9, 2, 4, 0, 0x10, 1, 0x0b, 2, 0, 0x0b]],
    // accepted: table.get would have given the guest addresses of the process as numbers
    ['a table of numbers', [4, 4, 1, 0x7e, 0, 1]],
    ['an imported table of numbers', [2, 8, 1, 1, 0x6d, 1, 0x74, 1, 0x7e, 0, 1]],
    // accepted: an instruction of the same first byte was run, and the second byte as the next one
    ['a vector opcode in another encoding', [...emptyType, 3, 2, 1, 0, 10, 7, 1, 5, 0, 0xfd, 0xe8, 0x00, 0x0b]],
  ])('%s is no module', async (_, bytes) => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const binary = Uint8Array.from([...header, ...bytes]);
    expect(await errorOf(() => runtime.compileModule(binary))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
    expect(await errorOf(() => runtime.compileModuleSync(binary))).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
  });

  needsEdit('e7custom')('a custom section without content may be the last', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]().withCustomSections(true));
    const compiled = await runtime.compileModule(Uint8Array.from([...header, 0, 2, 1, 0x78]));
    expect(compiled.customSections()).toEqual([{ name: 'x', data: new Uint8Array(0) }]);
  });

  needsEdit('e8wasi')('fd_filestat_set_times of a standard stream is an errno, not a panic', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    await wasi.instantiate(runtime);
    const module = await runtime.instantiate(
      wat(`(module (import "wasi_snapshot_preview1" "fd_filestat_set_times" (func $set (param i32 i64 i64 i32) (result i32)))
        (memory (export "memory") 1) (func (export "set") (param i32) (result i32) (call $set (local.get 0) (i64.const 1) (i64.const 1) (i32.const 5))))`),
      new ModuleConfig(),
    );
    const EBADF = 8; // a stream has no times
    for (const fd of [0, 1, 2]) expect(module.exportedFunction('set', ['i32'], ['i32']).callSync(fd)).toBe(EBADF);
  });

  it('many writes to a stream that is full add no listeners to it', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    await wasi.instantiate(runtime);
    const stream = new PassThrough({ highWaterMark: 1 });
    const module = await runtime.instantiate(
      wat(`(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 4) "\\08")
        (func (export "write") (param i32) (loop $l (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`),
      new ModuleConfig().withStdout(stream),
    );
    module.exportedFunction('write', ['i32'], []).callSync(50);
    expect(stream.listenerCount('close')).toBe(1);
    stream.resume();
    await once(stream, 'drain');
    expect([stream.listenerCount('close'), stream.listenerCount('error')]).toEqual([0, 0]);
  });
});

needsEdit('e6')('code whose data cannot be read, though its checksum fits, is compiled anew', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wazero-found-'));
  const guest = wat('(module (func (export "f") (result i32) (i32.const 42)))');
  const answer = async () => {
    await using cache = CompilationCache.withDir(directory);
    await using runtime = new Runtime(new RuntimeConfig().withCompilationCache(cache));
    return (await runtime.instantiate(guest)).exportedFunction('f', [], ['i32']).callSync();
  };
  expect(await answer()).toBe(42);
  const [version = ''] = readdirSync(directory);
  const [name = ''] = readdirSync(join(directory, version));
  const file = join(directory, version, name);
  const good = readFileSync(file);
  const bad = Buffer.from(good);
  bad.writeBigUInt64LE(2n ** 40n, headerBytes); // how many functions there are
  seal(bad, dataBytes(bad));
  writeFileSync(file, bad);
  expect(await answer()).toBe(42);
  expect(readFileSync(file).equals(good)).toBe(true);
  rmSync(directory, { recursive: true });
});
