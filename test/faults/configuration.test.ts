/** Arguments, environments and options that are none or far too much: one sentence, or wazero's own; configurations stay as they are. */
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { ModuleConfig, OutputBuffer, Runtime, RuntimeConfig, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const invalid = { code: 'ERR_WAZERO_INVALID_ARGUMENT' };
const outOfRange = { code: 'ERR_WAZERO_OUT_OF_RANGE' };
/** Exits with what args_sizes_get (environ_sizes_get) says: the count, and the bytes in a memory that is read afterwards. */
const counting = wat(`(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "count") (result i32 i32 i32 i32)
    (drop (call $args (i32.const 0) (i32.const 4))) (drop (call $environ (i32.const 8) (i32.const 12)))
    (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.load (i32.const 8)) (i32.load (i32.const 12))))`);
async function counts(config: ModuleConfig) {
  await using runtime = new Runtime();
  await wasi.instantiate(runtime);
  const module = await runtime.instantiate(counting, config.withName(''));
  return module.exportedFunction('count', [], ['i32', 'i32', 'i32', 'i32']).callSync();
}

describe('F4: arguments and environment', () => {
  it.each<[string, () => ModuleConfig]>([
    ['a NUL in an argument', () => new ModuleConfig().withArgs('a\0b')],
    ['a NUL in a value', () => new ModuleConfig().withEnv('KEY', 'a\0b')],
    ['a NUL in a key', () => new ModuleConfig().withEnv('K\0', 'a')],
    ['= in a key', () => new ModuleConfig().withEnv('K=', 'a')],
    ['an empty key', () => new ModuleConfig().withEnv('', 'a')],
    ['an argument that is no string', () => new ModuleConfig().withArgs(1 as never)],
    ['a value that is no string', () => new ModuleConfig().withEnv('K', undefined as never)],
    ['a key that throws when it is made a string', () => new ModuleConfig().withEnv({ toString: boom } as never, '')],
  ])('%s is refused: when it is set, or by wazero when it is used', async (_what, make) => {
    const error = await errorOf(async () => counts(make()));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_WAZERO_/) });
    expect((error as Error).message).not.toBe('boom');
  });
  it('an option whose getter throws: that error, and nothing happened', async () => {
    const options = {
      get timeoutMs(): number {
        return boom();
      },
    };
    await using runtime = new Runtime();
    expect(await errorOf(() => runtime.instantiate(counting, undefined, options))).toMatchObject({ message: 'boom' });
    expect(() => runtime.instantiateSync(counting, undefined, options)).toThrow('boom');
  });
  it('lone surrogates become U+FFFD, and __proto__ is a key like any other', async () => {
    const config = new ModuleConfig().withArgs('\ud800').withEnv('__proto__', 'x');
    expect(await counts(config)).toEqual([1, 4, 1, 12]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
  it('100,000 arguments, one of 16 MiB and 2,000 variables arrive as a whole', async () => {
    let config = new ModuleConfig().withArgs('x'.repeat(2 ** 24));
    for (let i = 0; i < 2_000; i++) config = config.withEnv(`K${i}`, 'v');
    expect(await counts(config)).toEqual([1, 2 ** 24 + 1, 2_000, 14_890]);
    const many = new ModuleConfig().withArgs(...Array.from({ length: 100_000 }, (_, i) => String(i)));
    expect(await counts(many)).toEqual([100_000, 588_890, 0, 0]);
  }, 60_000);
  it('a clone does not change what it came from, and the last value of a key counts', async () => {
    const base = new ModuleConfig().withEnv('A', '1');
    const [one, two] = [base.withEnv('B', '2'), base.withEnv('A', 'three').withArgs('x')];
    expect(await counts(base)).toEqual([0, 0, 1, 4]);
    expect(await counts(one)).toEqual([0, 0, 2, 8]);
    expect(await counts(two)).toEqual([1, 2, 1, 8]);
    expect(await counts(base)).toEqual([0, 0, 1, 4]);
  });
});
function boom(): never {
  throw new Error('boom');
}

describe('F6: numbers out of range, unknown options', () => {
  const numbers = [-1, Number.NaN, 1.5, 2 ** 53, Number.POSITIVE_INFINITY, '1', 1n, null, {}];
  const uses: [string, (value: never) => unknown][] = [
    ['withMemoryLimitPages', (value) => new RuntimeConfig().withMemoryLimitPages(value)],
    ['moduleBytes', (value) => new RuntimeConfig().withLimits({ moduleBytes: value })],
    ['callStackBytes', (value) => new RuntimeConfig().withLimits({ callStackBytes: value })],
    ['openFiles', (value) => new ModuleConfig().withLimits({ openFiles: value })],
    ['tableElements', (value) => new ModuleConfig().withLimits({ tableElements: value })],
    ['maxBytes', (value) => new OutputBuffer({ maxBytes: value })],
    ['the resolution of a clock', (value) => new ModuleConfig().withWalltime(() => [0n, 0] as never, value)],
  ];
  it.each(uses)('%s: one form of sentence', async (_name, use) => {
    for (const value of numbers) {
      const error = (await errorOf(() => use(value as never))) as Error & { code: string };
      if (error === undefined && [2 ** 53, Number.POSITIVE_INFINITY].includes(value as number)) continue; // where it is allowed
      expect([invalid.code, outOfRange.code], `${String(value)}: ${error}`).toContain(error?.code);
      expect(error.message, String(value)).toMatch(/^Expected .+ but received .+/);
    }
  });
  it('unknown limits are refused by name', () => {
    for (const make of [
      () => new RuntimeConfig().withLimits({ memory: 1 } as never),
      () => new ModuleConfig().withLimits({ pages: 1 } as never),
    ])
      expect(make).toThrow(/^Expected .*(memory|pages)/);
  });
});
