/**
 * Each option of ModuleConfig as one guest sees it, wherever a guest can run: in its start function, with instantiateModule and
 * instantiateModuleSync, and in a call, with call and callSync. What wazero does is in its config_test.go and the tests of its
 * wasi_snapshot_preview1; the messages of what is refused are in module-config.test.ts.
 */
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createFsFromVolume, Volume } from 'memfs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import {
  CompilationCache,
  type CompiledModule,
  type FileSystem,
  FSConfig,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  SockConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const imported = (name: string, params: string) =>
  `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${params && `(param ${params})`} (result i32)))`;
/** Asks WASI for everything and keeps what it is told: errnos from 512 on, values below, bytes where `seen` reads them. */
const steps = [
  'args_sizes_get (i32.const 256) (i32.const 260)',
  'args_get (i32.const 2048) (i32.const 4096)',
  'environ_sizes_get (i32.const 264) (i32.const 268)',
  'environ_get (i32.const 2048) (i32.const 6144)',
  'clock_time_get (i32.const 0) (i64.const 0) (i32.const 272)',
  'clock_time_get (i32.const 0) (i64.const 0) (i32.const 280)',
  'clock_time_get (i32.const 1) (i64.const 0) (i32.const 288)',
  'clock_time_get (i32.const 1) (i64.const 0) (i32.const 296)',
  'clock_res_get (i32.const 0) (i32.const 304)',
  'clock_res_get (i32.const 1) (i32.const 312)',
  'random_get (i32.const 320) (i32.const 8)',
  'poll_oneoff (i32.const 1024) (i32.const 1088) (i32.const 1) (i32.const 328)',
  'sched_yield',
  'fd_read (i32.const 0) (i32.const 1152) (i32.const 1) (i32.const 332)',
  'fd_write (i32.const 1) (i32.const 1160) (i32.const 1) (i32.const 336)',
  'fd_write (i32.const 2) (i32.const 1168) (i32.const 1) (i32.const 340)',
  'fd_fdstat_get (i32.const 3) (i32.const 352)',
  'path_open (i32.const 3) (i32.const 1) (i32.const 1200) (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 344)',
  'fd_read (i32.load (i32.const 344)) (i32.const 1176) (i32.const 1) (i32.const 348)',
];
const guest = wat(`(module $own
  ${imported('args_sizes_get', 'i32 i32')} ${imported('args_get', 'i32 i32')} ${imported('environ_sizes_get', 'i32 i32')}
  ${imported('environ_get', 'i32 i32')} ${imported('clock_time_get', 'i32 i64 i32')} ${imported('clock_res_get', 'i32 i32')}
  ${imported('random_get', 'i32 i32')} ${imported('poll_oneoff', 'i32 i32 i32 i32')} ${imported('sched_yield', '')}
  ${imported('fd_read', 'i32 i32 i32 i32')} ${imported('fd_write', 'i32 i32 i32 i32')} ${imported('fd_fdstat_get', 'i32 i32')}
  ${imported('path_open', 'i32 i32 i32 i32 i32 i64 i64 i32 i32')}
  (memory (export "memory") 1)
  (data (i32.const 1040) "\\01\\00\\00\\00\\00\\00\\00\\00\\40\\4b\\4c\\00\\00\\00\\00\\00") ;; a clock subscription: 5 ms
  (data (i32.const 1152) "\\00\\20\\00\\00\\64\\00\\00\\00\\b0\\04\\00\\00\\04\\00\\00\\00\\b0\\04\\00\\00\\02\\00\\00\\00\\00\\21\\00\\00\\64\\00\\00\\00")
  (data (i32.const 344) "\\63") ;; what is read where nothing could be opened
  (data (i32.const 1200) "file")
  (func $see (export "see") (export "_start")
    ${steps.map((step, i) => `(i32.store (i32.const ${512 + 4 * i}) (call $${step}))`).join('\n')})
  (func (export "first") (i32.store (i32.const 384) (i32.add (i32.mul (i32.load (i32.const 384)) (i32.const 10)) (i32.const 1))))
  (func (export "second") (i32.store (i32.const 384) (i32.add (i32.mul (i32.load (i32.const 384)) (i32.const 10)) (i32.const 2)))))`);

function seen(module: Module) {
  const memory = module.memory!;
  const errno = Array.from(steps, (_, i) => memory.readUint32Le(512 + 4 * i));
  const list = (at: number, buffer: number) =>
    memory
      .readString(buffer, memory.readUint32Le(at + 4))
      .split('\0')
      .slice(0, memory.readUint32Le(at));
  return {
    args: list(256, 4096),
    env: list(264, 6144),
    wall: [272, 280].map((at) => memory.readUint64Le(at)),
    nano: [288, 296].map((at) => memory.readUint64Le(at)),
    resolutions: [304, 312].map((at) => memory.readUint64Le(at)),
    random: errno[10] || Buffer.from(memory.read(320, 8)).toString('hex'),
    sleep: errno[11],
    yield: errno[12],
    stdin: errno[13] || memory.readString(8192, memory.readUint32Le(332)),
    stdout: errno[14],
    stderr: errno[15],
    third: errno[16] || memory.readByte(352), // the type of descriptor 3
    file: errno[17] || errno[18] || memory.readString(8448, memory.readUint32Le(348)),
    started: memory.readUint32Le(384),
    name: module.name,
  };
}
type Seen = ReturnType<typeof seen>;
const [EBADF, EIO, ENOTDIR] = [8, 29, 54];
const [DIRECTORY, SOCKET] = [3, 6];
const byDefault: Seen = {
  args: [],
  env: [],
  wall: [1_640_995_200_000_000_000n, 1_640_995_200_001_000_000n],
  nano: [0n, 1_000_000n],
  resolutions: [1000n, 1n],
  random: '538c7f96b164bf1b',
  sleep: 0,
  yield: 0,
  stdin: '',
  stdout: 0,
  stderr: 0,
  third: EBADF,
  file: EBADF,
  started: 0,
  name: 'own',
};

const cache = new CompilationCache();
let runtime: Runtime;
let compiled: CompiledModule;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'node-wazero-options-'));
  writeFileSync(join(folder, 'file'), 'on disk');
  writeFileSync(join(folder, 'in'), 'input');
});
afterAll(async () => {
  await cache.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  runtime = new Runtime(new RuntimeConfig().withCompilationCache(cache));
  await wasi.instantiate(runtime);
  compiled = await runtime.compileModule(guest);
});
afterEach(() => runtime.close());

const lanes: Record<string, (config: ModuleConfig) => Promise<Module>> = {
  instantiateModule: (config) => runtime.instantiateModule(compiled, config),
  instantiateModuleSync: async (config) => runtime.instantiateModuleSync(compiled, config),
  call: (config) => called(config, 'call'),
  callSync: (config) => called(config, 'callSync'),
};
async function called(config: ModuleConfig, lane: 'call' | 'callSync'): Promise<Module> {
  const module = await runtime.instantiateModule(compiled, config.withStartFunctions());
  await module.exportedFunction('see')![lane]();
  return module;
}

const text = (value: string) => new TextEncoder().encode(value);
const filled = () => {
  const fs = createFsFromVolume(new Volume());
  fs.writeFileSync('/file', 'in memory');
  return fs;
};
const inMemory = (fs: unknown = filled()) => fs as FileSystem;
const none = new ModuleConfig();
/** What an option does: a part of what is seen, or what to look at besides. */
interface Row {
  config: ModuleConfig;
  sees?: Partial<Seen>;
  look?: (seen: Seen) => void;
}
const rows: Record<string, () => Row> = {
  nothing: () => ({ config: none }),
  withArgs: () => ({ config: none.withArgs('prog', '', 'ä'), sees: { args: ['prog', '', 'ä'] } }),
  'withEnv: the last value of a key, at the place of the first': () => ({
    config: none.withEnv('B', '1').withEnv('A', '=ü').withEnv('B', '2'),
    sees: { env: ['B=2', 'A==ü'] },
  }),
  withName: () => ({ config: none.withName('mine'), sees: { name: 'mine' } }),
  "withName('')": () => ({ config: none.withName(''), sees: { name: '' } }),
  withWalltime: () => {
    let ns = 40n;
    return { config: none.withWalltime(() => ++ns, 7), sees: { wall: [41n, 42n], resolutions: [7n, 1n] } };
  },
  withNanotime: () => {
    let ns = 40n;
    return {
      config: none.withNanotime(() => ++ns, 817405952),
      sees: { nano: [41n, 42n], resolutions: [1000n, 817405952n] },
    };
  },
  withSysWalltime: () => {
    const before = BigInt(Date.now() - 1) * 1_000_000n;
    return {
      config: none.withSysWalltime(),
      look: ({ wall }) => {
        expect(wall[0]).toBeGreaterThan(before);
        expect(wall[1]).toBeGreaterThanOrEqual(wall[0]!);
        expect(wall[1]! - before).toBeLessThan(60_000_000_000n);
      },
    };
  },
  withSysNanotime: () => ({
    config: none.withSysNanotime(),
    look: ({ nano }) => {
      expect(nano[1]).toBeGreaterThan(nano[0]!);
      expect(nano[1]! - nano[0]!).toBeLessThan(1_000_000_000n);
    },
  }),
  withNanosleep: () => {
    const slept: bigint[] = [];
    return { config: none.withNanosleep((ns) => void slept.push(ns)), look: () => expect(slept).toEqual([5_000_000n]) };
  },
  withSysNanosleep: () => {
    const started = performance.now();
    return {
      config: none.withSysNanosleep(),
      look: () => expect(performance.now() - started).toBeGreaterThanOrEqual(5),
    };
  },
  withOsyield: () => {
    let yields = 0;
    return { config: none.withOsyield(() => void yields++), look: () => expect(yields).toBe(1) };
  },
  "withRandSource('secure')": () => ({
    config: none.withRandSource('secure'),
    look: ({ random }) => {
      expect(random).toMatch(/^[0-9a-f]{16}$/);
      expect(random).not.toBe(byDefault.random);
    },
  }),
  'withRandSource: bytes': () => ({
    config: none.withRandSource(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)),
    sees: { random: '0102030405060708' },
  }),
  'withRandSource: too few bytes': () => ({ config: none.withRandSource(Uint8Array.of(1)), sees: { random: EIO } }),
  'withRandSource: a function': () => ({
    config: none.withRandSource((buffer) => void buffer.fill(0xab)),
    sees: { random: 'ab'.repeat(8) },
  }),
  'withStdin: bytes': () => ({ config: none.withStdin(text('bytes')), sees: { stdin: 'bytes' } }),
  'withStdin: a descriptor': () => ({
    config: none.withStdin(openSync(join(folder, 'in'), 'r')),
    sees: { stdin: 'input' },
  }),
  'withStdin: a function': () => ({
    config: none.withStdin((buffer) => new TextEncoder().encodeInto('asked', buffer).written),
    sees: { stdin: 'asked' },
  }),
  'withStdin: what a stream has': () => {
    const stream = new PassThrough();
    stream.write('streamed');
    return { config: none.withStdin(stream), sees: { stdin: 'streamed' } };
  },
  "withStdin('ignore')": () => ({ config: none.withStdin('ignore') }),
  'withStdout and withStderr: OutputBuffers': () => {
    const [out, err] = [new OutputBuffer(), new OutputBuffer()];
    return {
      config: none.withStdout(out).withStderr(err),
      look: () => expect([out.text(), err.text()]).toEqual(['file', 'fi']),
    };
  },
  'withStdout and withStderr: functions': () => {
    const heard: string[] = [];
    return {
      config: none
        .withStdout((chunk) => void heard.push(`out ${Buffer.from(chunk)}`))
        .withStderr((chunk) => void heard.push(`err ${Buffer.from(chunk)}`)),
      look: () => expect(heard).toEqual(['out file', 'err fi']),
    };
  },
  'withStdout and withStderr: streams': () => {
    const stream = new PassThrough();
    return {
      config: none.withStdout(stream).withStderr(stream),
      look: () => {
        let text = ''; // of several chunks: Node 26 gives them one by one
        for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += chunk;
        expect(text).toBe('filefi');
      },
    };
  },
  'withStdout and withStderr: a descriptor': () => {
    const path = join(folder, 'out');
    const fd = openSync(path, 'w');
    return {
      config: none.withStdout(fd).withStderr(fd),
      look: () => expect(readFileSync(path, 'utf8')).toBe('filefi'),
    };
  },
  'withFS: node:fs-shaped': () => ({ config: none.withFS(inMemory()), sees: { third: DIRECTORY, file: 'in memory' } }),
  'withFSConfig: withDirMount': () => ({
    config: none.withFSConfig(new FSConfig().withDirMount(folder, '/')),
    sees: { third: DIRECTORY, file: 'on disk' },
  }),
  'withFSConfig: withReadOnlyDirMount': () => ({
    config: none.withFSConfig(new FSConfig().withReadOnlyDirMount(folder, '/')),
    sees: { third: DIRECTORY, file: 'on disk' },
  }),
  'withFSConfig: withFSMount': () => ({
    config: none.withFSConfig(new FSConfig().withFSMount(inMemory(), '/')),
    sees: { third: DIRECTORY, file: 'in memory' },
  }),
  'withFSConfig: withSysFSMount': () => ({
    config: none.withFSConfig(new FSConfig().withSysFSMount(inMemory(), '/')),
    sees: { third: DIRECTORY, file: 'in memory' },
  }),
  'withFSConfig takes the place of withFS': () => ({
    config: none.withFS(inMemory()).withFSConfig(new FSConfig().withDirMount(folder, '/')),
    sees: { third: DIRECTORY, file: 'on disk' },
  }),
  withSockConfig: () => ({
    config: none.withSockConfig(new SockConfig().withTCPListener('127.0.0.1', 0)),
    sees: { third: SOCKET, file: ENOTDIR },
  }),
};

describe.each(Object.entries(lanes))('in %s', (lane, run) => {
  it.each(Object.entries(rows))('%s', async (_name, row) => {
    const { config, sees = {}, look } = row();
    const module = await run(config);
    const all = seen(module);
    look?.(all);
    // What `look` has judged need not be the default.
    const judged = { wall: all.wall, nano: all.nano, random: all.random };
    expect(all).toEqual({ ...byDefault, ...(look && judged), ...sees });
  });

  async function* generate() {
    yield text('it');
  }
  const later: Record<string, () => Row> = {
    withNanosleep: () => ({ config: none.withNanosleep(() => Promise.resolve()) }),
    withRandSource: () => ({
      config: none.withRandSource(async (buffer) => void buffer.fill(1)),
      sees: { random: '01'.repeat(8) },
    }),
    'withStdin: a function': () => ({ config: none.withStdin(async () => 0) }),
    'withStdin: an async iterable': () => ({
      config: none.withStdin(generate()),
      sees: { stdin: 'it' },
    }),
    withStdout: () => ({ config: none.withStdout(async () => {}) }),
    withFS: () => ({
      config: none.withFS(inMemory(filled().promises)),
      sees: { third: DIRECTORY, file: 'in memory' },
    }),
  };
  it.each(Object.entries(later))(
    '%s that answers later is waited for, or is ERR_WAZERO_WOULD_BLOCK',
    async (_name, row) => {
      const { config, sees } = row();
      if (lane.endsWith('Sync')) {
        const error = await errorOf(() => run(config));
        expect(error).toMatchObject({ kind: 'host function', cause: { code: 'ERR_WAZERO_WOULD_BLOCK' } });
        return;
      }
      const module = await run(config);
      expect(seen(module)).toEqual({ ...byDefault, ...sees });
      await module.close();
    },
  );
});

describe.each(['instantiateModule', 'instantiateModuleSync'] as const)('withStartFunctions in %s', (lane) => {
  it.each<[string, string[] | undefined, number, string[]]>([
    ['_start by default', undefined, 0, ['prog']],
    ['none', [], 0, []],
    ['others, in order', ['first', 'second'], 12, []],
    ['one twice', ['second', 'second'], 22, []],
    ['those that are missing are skipped', ['missing', 'second', '', 'first'], 21, []],
    ['_start among them', ['first', '_start'], 1, ['prog']],
  ])('%s', async (_name, names, started, args) => {
    const config = names ? none.withStartFunctions(...names) : none;
    const module = await runtime[lane](compiled, config.withArgs('prog'));
    expect(seen(module)).toMatchObject({ started, args });
  });
});
