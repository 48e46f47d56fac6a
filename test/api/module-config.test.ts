/** ModuleConfig behind the addon: what a guest sees of it, wazero's defaults and wazero's own complaints. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import {
  type CompiledModule,
  FSConfig,
  type Module,
  ModuleConfig,
  type ReadOnlyFileSystem,
  Runtime,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const wasiImport = (name: string, params: string) =>
  `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${params}) (result i32)))`;
const bytes = wat(`(module
  ${wasiImport('args_sizes_get', 'i32 i32')} ${wasiImport('args_get', 'i32 i32')}
  ${wasiImport('environ_sizes_get', 'i32 i32')} ${wasiImport('environ_get', 'i32 i32')}
  ${wasiImport('clock_time_get', 'i32 i64 i32')} ${wasiImport('clock_res_get', 'i32 i32')}
  ${wasiImport('random_get', 'i32 i32')} ${wasiImport('sched_yield', '').replace('(param )', '')}
  ${wasiImport('poll_oneoff', 'i32 i32 i32 i32')}
  ${wasiImport('path_open', 'i32 i32 i32 i32 i32 i64 i64 i32 i32')} ${wasiImport('fd_read', 'i32 i32 i32 i32')} ${wasiImport('fd_write', 'i32 i32 i32 i32')}
  (memory (export "memory") 1)
  (func (export "args") (result i32) (drop (call $args_sizes_get (i32.const 0) (i32.const 4))) (call $args_get (i32.const 64) (i32.const 1024)))
  (func (export "environ") (result i32) (drop (call $environ_sizes_get (i32.const 0) (i32.const 4))) (call $environ_get (i32.const 64) (i32.const 1024)))
  (func (export "time") (param i32) (result i64) (drop (call $clock_time_get (local.get 0) (i64.const 0) (i32.const 0))) (i64.load (i32.const 0)))
  (func (export "resolution") (param i32) (result i64) (drop (call $clock_res_get (local.get 0) (i32.const 0))) (i64.load (i32.const 0)))
  (func (export "random") (param i32) (result i32) (call $random_get (i32.const 0) (local.get 0)))
  (func (export "yield") (result i32) (call $sched_yield))
  (func (export "sleep") (param i64) (result i32) (memory.fill (i32.const 0) (i32.const 0) (i32.const 128))
    (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (local.get 0)) (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
  (func (export "open") (param i32 i32) (result i32) (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (local.get 0) (local.get 1) (select (i64.const -1) (i64.const 2) (local.get 1)) (i64.const 0) (i32.const 0) (i32.const 0)))
  (func $iovec (i32.store (i32.const 16) (i32.const 2048)) (i32.store (i32.const 20) (i32.const 100)))
  (func (export "read") (result i32) (call $iovec) (drop (call $fd_read (i32.load (i32.const 0)) (i32.const 16) (i32.const 1) (i32.const 24))) (i32.load (i32.const 24)))
  (func (export "write") (param i32) (result i32) (call $iovec) (i32.store (i32.const 20) (local.get 0)) (call $fd_write (i32.load (i32.const 0)) (i32.const 16) (i32.const 1) (i32.const 24))))`);
let runtime: Runtime;
let compiled: CompiledModule;
beforeAll(async () => {
  runtime = new Runtime();
  await wasi.instantiate(runtime);
  compiled = await runtime.compileModule(bytes);
});
afterAll(() => runtime.close());
const guest = (config?: ModuleConfig) => runtime.instantiateModule(compiled, config);
const ask = (module: Module, name: string, ...args: unknown[]) => module.exportedFunction(name)!.callSync(...args);
const later = (module: Module, name: string, ...args: unknown[]) => module.exportedFunction(name)!.call(...args);

function strings(module: Module, name: 'args' | 'environ'): string[] {
  expect(ask(module, name)).toBe(0);
  const memory = module.memory!;
  return memory.readString(1024, memory.readUint32Le(4)).split('\0').slice(0, memory.readUint32Le(0));
}

describe('arguments and environment', () => {
  it('none by default; in order, UTF-8', async () => {
    const none = await guest();
    expect([strings(none, 'args'), strings(none, 'environ')]).toEqual([[], []]);
    const some = await guest(
      new ModuleConfig().withArgs('prog', '', 'ä').withEnv('B', '1').withEnv('A', 'ü').withEnv('B', '2'),
    );
    expect([strings(some, 'args'), strings(some, 'environ')]).toEqual([
      ['prog', '', 'ä'],
      ['B=2', 'A=ü'],
    ]);
  });

  it.each<[string, ModuleConfig]>([
    ['args invalid: contains NUL character', new ModuleConfig().withArgs('a\0')],
    ['environ invalid: empty key', new ModuleConfig().withEnv('', 'x')],
    ["environ invalid: key contains '=' character", new ModuleConfig().withEnv('a=b', 'x')],
    ['environ invalid: contains NUL character', new ModuleConfig().withEnv('a', '\0')],
    ['invalid Walltime resolution: 0', new ModuleConfig().withWalltime(() => 0n, 0)],
    ['invalid Nanotime resolution: 4000000000', new ModuleConfig().withNanotime(() => 0n, 4_000_000_000)],
  ])('%s', async (message, config) => {
    expect(await errorOf(() => guest(config))).toMatchObject({
      name: 'TypeError',
      code: 'ERR_WAZERO_INVALID_ARGUMENT',
      message,
    });
    expect(await errorOf(() => runtime.instantiateModuleSync(compiled, config))).toMatchObject({ message });
  });
});

describe('clocks', () => {
  const [wall, nano] = [0, 1];
  it('are fake by default', async () => {
    const module = await guest();
    const start = 1_640_995_200_000_000_000n;
    expect([ask(module, 'time', wall), ask(module, 'time', wall), ask(module, 'resolution', wall)]).toEqual([
      start,
      start + 1_000_000n,
      1_000n,
    ]);
    expect([ask(module, 'time', nano), ask(module, 'time', nano)]).toEqual([0n, 1_000_000n]);
  });

  it("are the host's where asked for", async () => {
    const module = await guest(new ModuleConfig().withSysWalltime().withSysNanotime());
    const now = BigInt(Date.now()) * 1_000_000n;
    const seen = ask(module, 'time', wall) as bigint;
    expect(seen - now < 5_000_000_000n && now - seen < 5_000_000_000n).toBe(true);
    const [first, second] = [ask(module, 'time', nano), ask(module, 'time', nano)] as [bigint, bigint];
    expect(first <= second).toBe(true);
  });

  it('are yours, in both lanes; what one throws is the cause of the Trap', async () => {
    let ns = 41n;
    const config = new ModuleConfig()
      .withWalltime(() => ++ns, 7)
      .withNanotime(() => {
        throw new Error('no clock');
      }, 1);
    const module = await guest(config);
    expect([ask(module, 'time', wall), await later(module, 'time', wall), ask(module, 'resolution', wall)]).toEqual([
      42n,
      43n,
      7n,
    ]);
    for (const use of [ask, later])
      expect(await errorOf(() => use(module, 'time', nano))).toMatchObject({
        code: 'ERR_WAZERO_TRAP',
        cause: { message: 'no clock' },
      });
    const wrong = await guest(new ModuleConfig().withWalltime(() => 1 as never, 1));
    expect(await errorOf(() => ask(wrong, 'time', wall))).toMatchObject({
      cause: { code: 'ERR_WAZERO_INVALID_ARGUMENT' },
    });
  });
});

describe('sleep and yield', () => {
  it('a sleep returns at once by default, waits really where asked for, and is yours', async () => {
    expect(ask(await guest(), 'sleep', 3_600_000_000_000n)).toBe(0);
    const real = await guest(new ModuleConfig().withSysNanosleep());
    const started = performance.now();
    expect([await later(real, 'sleep', 30_000_000n), ask(real, 'sleep', 30_000_000n)]).toEqual([0, 0]);
    expect(performance.now() - started).toBeGreaterThan(55);
    const asked: bigint[] = [];
    const mine = await guest(new ModuleConfig().withNanosleep((ns) => void asked.push(ns)));
    expect([ask(mine, 'sleep', 5n), await later(mine, 'sleep', 6n), asked]).toEqual([0, 0, [5n, 6n]]);
    const waiting = await guest(new ModuleConfig().withNanosleep(() => Promise.resolve()));
    expect(await later(waiting, 'sleep', 5n)).toBe(0);
    expect(await errorOf(() => ask(waiting, 'sleep', 5n))).toMatchObject({ cause: { code: 'ERR_WAZERO_WOULD_BLOCK' } });
  });

  it('sched_yield does nothing by default, and is yours', async () => {
    expect(ask(await guest(), 'yield')).toBe(0);
    let yielded = 0;
    const module = await guest(new ModuleConfig().withOsyield(() => void yielded++));
    expect([ask(module, 'yield'), await later(module, 'yield'), yielded]).toEqual([0, 0, 2]);
  });
});

describe('random bytes', () => {
  const random = async (config?: ModuleConfig, count = 8) => {
    const module = await guest(config);
    expect(await later(module, 'random', count)).toBe(0);
    return Buffer.from(module.memory!.read(0, count)).toString('hex');
  };
  it('are always the same by default, and secure ones are not', async () => {
    expect(await random()).toBe('538c7f96b164bf1b');
    expect(await random()).toBe(await random());
    const secure = new ModuleConfig().withRandSource('secure');
    expect(await random(secure)).not.toBe(await random(secure));
  });

  it('are bytes, until they are used up: EIO', async () => {
    const module = await guest(new ModuleConfig().withRandSource(Uint8Array.of(1, 2, 3)));
    expect([ask(module, 'random', 2), ask(module, 'random', 2)]).toEqual([0, 29]);
  });

  it('are yours, at once or later', async () => {
    const fill = (buffer: Uint8Array) => void buffer.fill(0xab);
    expect(await random(new ModuleConfig().withRandSource(fill))).toBe('ab'.repeat(8));
    expect(await random(new ModuleConfig().withRandSource(async (buffer) => fill(buffer)))).toBe('ab'.repeat(8));
  });
});

describe('directories', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'node-wazero-mount-'));
    writeFileSync(join(folder, 'file'), 'content');
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const open = (module: Module, path: string, create = false) =>
    ask(module, 'open', module.memory!.writeString(1024, path), create ? 1 : 0);

  it('none by default', async () => {
    expect(open(await guest(), 'file')).not.toBe(0);
  });

  it('read and write through a mount', async () => {
    const module = await guest(new ModuleConfig().withFSConfig(new FSConfig().withDirMount(folder, '/')));
    expect(open(module, 'file')).toBe(0);
    expect(module.memory!.readString(2048, ask(module, 'read') as number)).toBe('content');
    expect(open(module, 'new', true)).toBe(0);
    module.memory!.writeString(2048, 'guest');
    expect(ask(module, 'write', 5)).toBe(0);
    expect(readFileSync(join(folder, 'new'), 'utf8')).toBe('guest');
  });

  it('a read-only mount refuses to write, and no mount leads outside', async () => {
    const module = await guest(new ModuleConfig().withFSConfig(new FSConfig().withReadOnlyDirMount(folder, '/')));
    expect(open(module, 'file')).toBe(0);
    expect(open(module, 'other', true)).not.toBe(0);
    expect(open(module, '../')).not.toBe(0);
  });

  it('withFS mounts a file system written in JavaScript at the root, for reading', async () => {
    const { fs } = (await import('memfs')).memfs({ '/file': 'in memory' });
    const module = await guest(new ModuleConfig().withFS(fs as unknown as ReadOnlyFileSystem));
    expect(open(module, 'file')).toBe(0);
    expect(module.memory!.readString(2048, ask(module, 'read') as number)).toBe('in memory');
    expect(open(module, 'new', true)).not.toBe(0);
    const error = await errorOf(() => new ModuleConfig().withFS({} as never));
    expect(error).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
  });
});
