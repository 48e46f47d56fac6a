/** RuntimeConfig as guests see it, on both engines (wazero: config_test.go, runtime_test.go); core features have a file of their own. */
import { describe, expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { experimental, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

/** Exports its memory, and `grow`. */
const memory = (limits: string) =>
  wat(`(module (memory (export "memory") ${limits})
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))) (func (export "size") (result i32) (memory.size)))`);

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  const config = () => RuntimeConfig[engine]();
  const lanes = {
    instantiate: async (runtime: Runtime, bytes: Uint8Array) =>
      runtime.instantiate(bytes, new ModuleConfig().withName('')),
    instantiateSync: async (runtime: Runtime, bytes: Uint8Array) =>
      runtime.instantiateSync(bytes, new ModuleConfig().withName('')),
  };
  describe.each(Object.entries(lanes))('%s', (_lane, instantiate) => {
    it('withMemoryLimitPages: no memory grows past it', async () => {
      await using runtime = new Runtime(config().withMemoryLimitPages(3));
      const { callSync, call } = bound(await instantiate(runtime, memory('1')), 'grow');
      expect([callSync(1), await call(2), callSync(1), await call(1)]).toEqual([1, -1, 2, -1]);
    });
    it('withMemoryLimitPages: each memory has its own', async () => {
      await using runtime = new Runtime(config().withMemoryLimitPages(2));
      for (let i = 0; i < 3; i++) expect(bound(await instantiate(runtime, memory('1')), 'grow').callSync(1)).toBe(1);
    });
    it('withMemoryLimitPages: a module that needs more cannot be compiled', async () => {
      await using runtime = new Runtime(config().withMemoryLimitPages(3));
      const error = await errorOf(() => instantiate(runtime, memory('4')));
      expect(error).toMatchObject({
        code: 'ERR_WAZERO_LIMIT',
        limit: 'memoryPages',
        message: expect.stringContaining('min 4 pages (256 Ki) over limit of 3 pages (192 Ki)'),
      });
    });
    it('withMemoryLimitPages: a maximum that is higher is lowered', async () => {
      await using runtime = new Runtime(config().withMemoryLimitPages(3));
      const module = await instantiate(runtime, memory('1 10'));
      expect([
        module.memory!.definition.max,
        bound(module, 'grow').callSync(3),
        bound(module, 'grow').callSync(2),
      ]).toEqual([3, -1, 1]);
    });
    needsEdit('e7capacity')(
      'withMemoryLimitPages and withMemoryCapacityFromMax: there, too, it is lowered',
      async () => {
        await using runtime = new Runtime(config().withMemoryLimitPages(3).withMemoryCapacityFromMax(true));
        const module = await instantiate(runtime, memory('1 10'));
        expect([
          module.memory!.definition.max,
          bound(module, 'grow').callSync(2),
          bound(module, 'grow').callSync(1),
        ]).toEqual([3, 1, -1]);
      },
    );
    it('withMemoryLimitPages(0): none at all', async () => {
      await using runtime = new Runtime(config().withMemoryLimitPages(0));
      expect(bound(await instantiate(runtime, memory('0')), 'grow').callSync(1)).toBe(-1);
      expect(await errorOf(() => instantiate(runtime, memory('1')))).toMatchObject({ code: 'ERR_WAZERO_LIMIT' });
    });
    it('withMemoryCapacityFromMax: the guest sees the same memory, which never moves', async () => {
      for (const enabled of [true, false]) {
        await using runtime = new Runtime(config().withMemoryCapacityFromMax(enabled));
        const module = await instantiate(runtime, memory('1 100'));
        module.memory!.writeByte(7, 42);
        expect([
          bound(module, 'size').callSync(),
          await bound(module, 'grow').call(99),
          bound(module, 'grow').callSync(1),
        ]).toEqual([1, 1, -1]);
        expect([module.memory!.readByte(7), module.memory!.size()]).toEqual([42, 100 * 65536]);
      }
    });
  });

  it('withCustomSections: none unless asked for', async () => {
    const bytes = new Uint8Array([...memory('1'), 0, 3, 1, 120, 9]);
    for (const [enabled, sections] of [
      [false, []],
      [true, [{ name: 'x', data: Uint8Array.of(9) }]],
    ] as const) {
      await using runtime = new Runtime(config().withCustomSections(enabled));
      expect((await runtime.compileModule(bytes)).customSections().filter(({ name }) => name === 'x')).toEqual(
        sections,
      );
    }
  });
  it('withCloseOnContextDone: false refuses a deadline, true keeps it', async () => {
    const loop = wat('(module (func (export "run") (param i32) (loop $l (br_if $l (local.get 0)))))');
    const options = { timeoutMs: 50 };
    await using off = new Runtime(config().withCloseOnContextDone(false));
    const endless = (await off.instantiate(loop)).exportedFunction('run')!;
    expect(await errorOf(() => endless.withOptions(options).call(1))).toMatchObject({
      code: 'ERR_WAZERO_NOT_INTERRUPTIBLE',
    });
    expect(await endless.call(0)).toBeUndefined();
    await using on = new Runtime(config().withCloseOnContextDone(true));
    for (const lane of ['call', 'callSync'] as const) {
      const module = await on.instantiate(loop);
      const { error } = await endingOnceBegun(() => module.exportedFunction('run')!.withOptions(options)[lane](1));
      expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout', exitCode: 0xefffffff });
      expect(module.isClosed).toBe(true);
    }
  });
  it('withLimits: memory of all modules together', async () => {
    await using runtime = new Runtime(config().withLimits({ totalMemoryBytes: 4 * 65536 }));
    const first = await runtime.instantiate(memory('2'));
    expect(bound(first, 'grow').callSync(1)).toBe(2);
    expect(await errorOf(() => runtime.instantiate(memory('2')))).toMatchObject({ code: 'ERR_WAZERO_LIMIT' });
    await first.close();
    await runtime.instantiate(memory('2'));
    expect(experimental.stats().modules).toBe(1);
  });
});

function bound(module: { exportedFunction(name: string): unknown }, name: string) {
  const fn = module.exportedFunction(name) as {
    call(...args: number[]): Promise<number>;
    callSync(...args: number[]): number;
  };
  return { call: (...args: number[]) => fn.call(...args), callSync: (...args: number[]) => fn.callSync(...args) };
}
