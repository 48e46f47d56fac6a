/** What a plugin may take: on whose account it is, how long it may run, how much it may execute. */
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { createPlugin, guest, withPlugin } from '../support/extism.js';
import { Tenant } from '../support/package.js';

const source = guest(
  `(global $calls (mut i64) (i64.const 0))
  (func (export "calls") (global.set $calls (i64.add (global.get $calls) (i64.const 1))) (call $number (global.get $calls)))
  (func (export "spin") (loop $again (br $again)))
  (func (export "grow") (call $number (i64.extend_i32_s (memory.grow (i32.const 100)))))`,
);
const initialized = guest('(func (export "_initialize") (loop $again (br $again)))');
const number = (output: { getBigInt64(at: number, little: boolean): bigint } | null) => output?.getBigInt64(0, true);

describe('tenant', () => {
  it('has all modules of its plugins on its account, and they are bounded by it', async () => {
    const tenant = new Tenant('acme', { memoryBytes: 4 * 2 ** 20 });
    for (const fresh of [false, true])
      await withPlugin(source, { tenant, fresh }, async (plugin) => {
        expect(tenant.usage().instances).toBeGreaterThanOrEqual(2); // the kernel is one
        expect(number(await plugin.call('calls'))).toBe(1n);
        expect(number(await plugin.call('grow'))).toBe(-1n);
      });
    expect(tenant.usage()).toMatchObject({ instances: 0, memoryBytes: 0 });
    await tenant.close();
    expect(await errorOf(() => createPlugin({ wasm: [{ data: source }] }, { tenant }))).toMatchObject({
      code: 'ERR_WAZERO_CLOSED',
    });
  });
});

describe('cpuTimeMs', () => {
  const stopped = { code: 'ERR_WAZERO_EXIT', reason: 'cpu' };
  it('of a plugin ends what runs for longer, also in its initialization; the next call has a new instance', async () => {
    await withPlugin(source, { cpuTimeMs: 50 }, async (plugin) => {
      await plugin.call('calls');
      expect(await errorOf(() => plugin.call('spin'))).toMatchObject(stopped);
      expect(number(await plugin.call('calls'))).toBe(1n);
      expect(await errorOf(() => plugin.callSync('spin'))).toMatchObject(stopped);
    });
    const options = { cpuTimeMs: 50 };
    expect(await errorOf(() => createPlugin({ wasm: [{ data: initialized }] }, options))).toMatchObject(stopped);
  });
  it('of a call', async () => {
    await withPlugin(source, {}, async (plugin) => {
      expect(await errorOf(() => plugin.call('spin', '', undefined, { cpuTimeMs: 50 }))).toMatchObject(stopped);
      expect(number(await plugin.call('calls'))).toBe(1n);
    });
  });
});

describe('fuel', () => {
  const empty = { name: 'Trap', kind: 'out of fuel' };
  const test = needsEdit('e12fuel');
  test('of a plugin ends what executes more, in both lanes, also in its initialization', async () => {
    for (const fresh of [false, true])
      await withPlugin(source, { fuel: 100_000n, fresh }, async (plugin) => {
        expect(number(await plugin.call('calls'))).toBe(1n);
        expect(await errorOf(() => plugin.call('spin'))).toMatchObject(empty);
        expect(number(await plugin.call('calls'))).toBe(1n);
        expect(await errorOf(() => plugin.callSync('spin'))).toMatchObject(empty);
        expect(number(plugin.callSync('calls'))).toBe(1n);
      });
    const options = { fuel: 100_000n };
    expect(await errorOf(() => createPlugin({ wasm: [{ data: initialized }] }, options))).toMatchObject(empty);
  });
  test('of a call costs the same each time', async () => {
    const costs = new Set<number>();
    for (let i = 0; i < 3; i++)
      await withPlugin(source, { fuel: 1_000_000n, fresh: true }, async (plugin) => {
        let [low, high] = [0, 10_000]; // the least that is enough
        while (low < high) {
          const middle = (low + high) >> 1;
          const error = await plugin.call('calls', '', undefined, { fuel: BigInt(middle) }).catch((thrown) => thrown);
          if (error instanceof Error) low = middle + 1;
          else high = middle;
        }
        costs.add(low);
      });
    expect([...costs]).toEqual([expect.any(Number)]);
    expect([...costs][0]).toBeLessThan(10_000);
  });
  it('of a call of a plugin that does not count', async () => {
    await withPlugin(source, {}, async (plugin) => {
      expect(await errorOf(() => plugin.call('calls', '', undefined, { fuel: 10n }))).toBeInstanceOf(TypeError);
      expect(number(await plugin.call('calls'))).toBe(1n);
    });
  });
});
