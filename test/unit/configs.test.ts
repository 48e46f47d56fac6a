/** The immutable configs: defaults, validation, and that a source is never modified. No native code is loaded. */
import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { CoreFeatures } from '../../src/core-features.js';
import { FSConfig } from '../../src/fs-config.js';
import { fieldsOf } from '../../src/io/fields.js';
import { ModuleConfig } from '../../src/module-config.js';
import { ENGINE } from '../../src/native/binding.js';
import { OutputBuffer } from '../../src/output-buffer.js';
import { RuntimeConfig } from '../../src/runtime-config.js';
import { SockConfig } from '../../src/sock-config.js';
import { defaultLimits, moduleLimit, runtimeLimit } from '../../src/values/limits.js';

const runtimeFields = (config: RuntimeConfig) => fieldsOf.runtimeConfig(config)!;
const moduleFields = (config: ModuleConfig) => fieldsOf.moduleConfig(config)!;
const invalid = { name: 'TypeError', code: 'ERR_WAZERO_INVALID_ARGUMENT' };
const outOfRange = { name: 'RangeError', code: 'ERR_WAZERO_OUT_OF_RANGE' };
/** Tells toThrow what to look at. */
const like = (shape: object) => expect.objectContaining(shape);

describe('RuntimeConfig', () => {
  it("has wazero's defaults", () => {
    expect(runtimeFields(new RuntimeConfig())).toEqual({
      engine: ENGINE.auto,
      memoryCapacityFromMax: false,
      debugInfoEnabled: true,
      customSections: false,
      closeOnContextDone: false,
      closeOnTrap: false,
      fuel: false,
      guardPages: 'auto',
      defaultTimeoutMs: Infinity,
      limits: {},
    });
    expect(runtimeFields(RuntimeConfig.compiler()).engine).toBe(ENGINE.compiler);
    expect(runtimeFields(RuntimeConfig.interpreter()).engine).toBe(ENGINE.interpreter);
    expect(runtimeFields(RuntimeConfig.untrusted())).toEqual({
      ...runtimeFields(new RuntimeConfig()),
      closeOnContextDone: true,
      closeOnTrap: true,
      defaultTimeoutMs: 10_000,
      limits: { memoryPages: 4096 },
    });
  });

  it.each<[string, (config: RuntimeConfig) => RuntimeConfig, object]>([
    ['withCoreFeatures', (c) => c.withCoreFeatures(CoreFeatures.V1), { coreFeatures: CoreFeatures.V1 }],
    ['withMemoryLimitPages', (c) => c.withMemoryLimitPages(1), { memoryLimitPages: 1 }],
    ['withMemoryLimitPages 0', (c) => c.withMemoryLimitPages(0), { memoryLimitPages: 0 }],
    ['withMemoryCapacityFromMax', (c) => c.withMemoryCapacityFromMax(true), { memoryCapacityFromMax: true }],
    ['withDebugInfoEnabled', (c) => c.withDebugInfoEnabled(false), { debugInfoEnabled: false }],
    ['withCustomSections', (c) => c.withCustomSections(true), { customSections: true }],
    ['withCloseOnContextDone', (c) => c.withCloseOnContextDone(true), { closeOnContextDone: true }],
    ['withCloseOnTrap', (c) => c.withCloseOnTrap(true), { closeOnTrap: true }],
    ['withGuardPages', (c) => c.withGuardPages(false), { guardPages: false }],
    ['withDefaultTimeout', (c) => c.withDefaultTimeout(1.5), { defaultTimeoutMs: 1.5 }],
    ['withLimits', (c) => c.withLimits({ memoryPages: 3 }), { limits: { memoryPages: 3 } }],
  ])('%s changes that alone, in a new value', (_name, change, changed) => {
    const source = new RuntimeConfig();
    const before = { ...runtimeFields(source) };
    const next = change(source);
    expect(next).not.toBe(source);
    expect(runtimeFields(next)).toEqual({ ...before, ...changed });
    expect(runtimeFields(source), "The source wasn't modified").toEqual(before);
    expect(Object.isFrozen(next)).toBe(true);
  });

  it('refuses what wazero panics at, and every wrong type', () => {
    const config = new RuntimeConfig();
    expect(() => config.withMemoryLimitPages(65537)).toThrow(like(outOfRange));
    expect(() => config.withMemoryLimitPages(-1)).toThrow(like(outOfRange));
    expect(() => config.withMemoryLimitPages(Infinity)).toThrow(like(outOfRange));
    expect(() => config.withMemoryLimitPages(1.5)).toThrow(like(invalid));
    expect(() => config.withMemoryLimitPages(Number.NaN)).toThrow(like(invalid));
    expect(() => config.withMemoryLimitPages('1' as never)).toThrow(
      'Expected an integer from 0 to 65536 for pages but received "1"',
    );
    expect(() => config.withCoreFeatures(1 as never)).toThrow(like(invalid));
    expect(() => config.withCoreFeatures(-1n)).toThrow(like(outOfRange));
    expect(() => config.withCoreFeatures(1n << 64n)).toThrow(like(outOfRange));
    for (const method of [
      'withMemoryCapacityFromMax',
      'withDebugInfoEnabled',
      'withCustomSections',
      'withCloseOnContextDone',
      'withCloseOnTrap',
    ] as const)
      expect(() => config[method](1 as never)).toThrow('Expected a boolean for enabled but received 1');
    expect(() => config.withCompilationCache({} as never)).toThrow(like(invalid));
    expect(() => config.withLimits(5 as never)).toThrow(like(invalid));
  });
});

describe('limits', () => {
  it('merge field by field; undefined takes one back', () => {
    const first = new RuntimeConfig().withLimits({ memoryPages: 10, tableElements: 20 });
    const second = first.withLimits({ memoryPages: 5, openFiles: 1 });
    expect(runtimeFields(second).limits).toEqual({ memoryPages: 5, tableElements: 20, openFiles: 1 });
    expect(runtimeFields(second.withLimits({ tableElements: undefined })).limits).toEqual({
      memoryPages: 5,
      openFiles: 1,
    });
    expect(runtimeFields(first).limits).toEqual({ memoryPages: 10, tableElements: 20 });
  });

  it('refuse a key that there is not, one that is not per module, and what is no positive integer', () => {
    expect(() => new RuntimeConfig().withLimits({ memoryPage: 1 } as never)).toThrow(like(invalid));
    expect(() => new ModuleConfig().withLimits({ totalMemoryBytes: 1 } as never)).toThrow(like(invalid));
    expect(() => new ModuleConfig().withLimits({ memoryPages: 0 })).toThrow(like(outOfRange));
    expect(() => new ModuleConfig().withLimits({ memoryPages: 65537 })).toThrow(like(outOfRange));
    expect(() => new ModuleConfig().withLimits({ openFiles: '1' as never })).toThrow(like(invalid));
  });

  it('each have a finite default, and a module can only lower them', () => {
    expect(defaultLimits.totalMemoryBytes).toBe(Math.min(16 * 2 ** 30, Math.floor(totalmem() / 2)));
    for (const [name, value] of Object.entries(defaultLimits)) expect(Number.isSafeInteger(value), name).toBe(true);
    expect(runtimeLimit({}, 'openFiles')).toBe(defaultLimits.openFiles);
    expect(moduleLimit({ openFiles: 10 }, {}, 'openFiles')).toBe(10);
    expect(moduleLimit({ openFiles: 10 }, { openFiles: 3 }, 'openFiles')).toBe(3);
    expect(moduleLimit({ openFiles: 10 }, { openFiles: 30 }, 'openFiles')).toBe(10);
  });
});

describe('ModuleConfig', () => {
  it("has wazero's defaults: nothing of the host", () => {
    expect(moduleFields(new ModuleConfig())).toEqual({
      args: [],
      env: new Map(),
      mounts: [],
      listeners: [],
      limits: {},
    });
  });

  it('withEnv: the last value counts, at the place of the first, and siblings share nothing', () => {
    const base = new ModuleConfig().withEnv('a', '1').withEnv('b', '2');
    const left = base.withEnv('a', 'left').withEnv('c', '3');
    const right = base.withEnv('a', 'right');
    expect([...moduleFields(left).env]).toEqual([
      ['a', 'left'],
      ['b', '2'],
      ['c', '3'],
    ]);
    expect([...moduleFields(right).env]).toEqual([
      ['a', 'right'],
      ['b', '2'],
    ]);
    expect([...moduleFields(base).env]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('withArgs and withStartFunctions replace, and copy', () => {
    const args = ['x', 'y'];
    const config = new ModuleConfig().withArgs('old').withArgs(...args);
    args[0] = 'changed';
    expect(moduleFields(config).args).toEqual(['x', 'y']);
    expect(moduleFields(config.withArgs()).args).toEqual([]);
    expect(moduleFields(config.withStartFunctions()).startFunctions).toEqual([]);
    expect(moduleFields(config).startFunctions).toBeUndefined();
    expect(() => new ModuleConfig().withArgs('a', 1 as never)).toThrow('Expected a string for args[1] but received 1');
  });

  it('copies bytes', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const { stdin, rand } = moduleFields(new ModuleConfig().withStdin(bytes).withRandSource(bytes));
    bytes[0] = 9;
    expect(stdin).toEqual(new Uint8Array([1, 2, 3]));
    expect(rand).toEqual(new Uint8Array([1, 2, 3]));
  });

  it('undefined takes a field back to its default', () => {
    const clock = () => 0n;
    const set = new ModuleConfig()
      .withStdin('inherit')
      .withStdout('inherit')
      .withStderr(2)
      .withWalltime(clock, 1)
      .withNanotime(clock, 1)
      .withNanosleep(() => {})
      .withOsyield(() => {})
      .withRandSource('secure')
      .withFSConfig(new FSConfig().withDirMount('.', '/'))
      .withSockConfig(new SockConfig().withTCPListener('::1', 0));
    const back = set
      .withStdin(undefined)
      .withStdout(undefined)
      .withStderr(undefined)
      .withWalltime(undefined, 0)
      .withNanotime(undefined, 0)
      .withNanosleep(undefined)
      .withOsyield(undefined)
      .withRandSource(undefined)
      .withFSConfig(undefined)
      .withSockConfig(undefined);
    expect(moduleFields(back)).toEqual(moduleFields(new ModuleConfig()));
    expect(moduleFields(set).mounts).toHaveLength(1);
    expect(moduleFields(set.withFS(undefined)).mounts).toEqual([]);
  });

  it.each<[string, (config: ModuleConfig) => unknown]>([
    ['withName', (c) => c.withName(1 as never)],
    ['withEnv', (c) => c.withEnv('a', undefined as never)],
    ['withStdin', (c) => c.withStdin({} as never)],
    ['withStdin of a shared view', (c) => c.withStdin(new Uint8Array(new SharedArrayBuffer(1)))],
    ['withStdout', (c) => c.withStdout('stdout' as never)],
    ['withStdout of bytes', (c) => c.withStdout(new Uint8Array(1) as never)],
    ['withStderr', (c) => c.withStderr(null as never)],
    ['withWalltime', (c) => c.withWalltime(1n as never, 1)],
    ['withWalltime resolution', (c) => c.withWalltime(() => 0n, 0.5)],
    ['withNanosleep', (c) => c.withNanosleep('system' as never)],
    ['withOsyield', (c) => c.withOsyield(1 as never)],
    ['withRandSource', (c) => c.withRandSource('random' as never)],
    ['withRandSource of a shared view', (c) => c.withRandSource(new Uint8Array(new SharedArrayBuffer(1)))],
    ['withFS', (c) => c.withFS('/' as never)],
    ['withFSConfig of another class', (c) => c.withFSConfig(new SockConfig() as never)],
    ['withSockConfig of another class', (c) => c.withSockConfig(new FSConfig() as never)],
  ])('%s refuses a wrong type', (_name, use) => {
    expect(() => use(new ModuleConfig())).toThrow(like(invalid));
  });

  it('refuses numbers out of range', () => {
    const config = new ModuleConfig();
    expect(() => config.withStdin(-1)).toThrow(like(outOfRange));
    expect(() => config.withStdout(2 ** 31)).toThrow(like(outOfRange));
    expect(() => config.withNanotime(() => 0n, -1)).toThrow(like(outOfRange));
    expect(() => new SockConfig().withTCPListener('localhost', 65536)).toThrow(like(outOfRange));
    expect(() => new OutputBuffer({ maxBytes: -1 })).toThrow(like(outOfRange));
    expect(() => new OutputBuffer({ max: 1 } as never)).toThrow(like(invalid));
  });
});

describe('FSConfig', () => {
  it('keeps mounts in order and does not modify the source', () => {
    const base = new FSConfig().withDirMount('/srv', '/');
    const more = base.withReadOnlyDirMount('/etc', '/config');
    expect(fieldsOf.fsConfig(base)).toEqual([{ kind: 'dir', hostDir: '/srv', guestPath: '/' }]);
    expect(fieldsOf.fsConfig(more)).toHaveLength(2);
    expect(() => base.withDirMount(1 as never, '/')).toThrow(like(invalid));
    expect(() => base.withFSMount('x' as never, '/')).toThrow(like(invalid));
    expect(() => base.withDirMount('/srv', undefined as never)).toThrow(like(invalid));
  });
});

describe('OutputBuffer', () => {
  it('is empty until something is written, without native code', () => {
    const buffer = new OutputBuffer();
    expect([buffer.byteLength, buffer.text(), buffer.bytes().byteLength]).toEqual([0, '', 0]);
    buffer.reset();
  });
});
