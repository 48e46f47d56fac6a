/** The bytes of a module are copied before anybody else sees them: hundreds of MiB in pieces, for which the event loop is not held. */
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import { experimental, Runtime, RuntimeConfig } from '../support/package.js';
import { stallOf } from '../support/stalls.mjs';
import { wat } from '../support/wat.mjs';

expectAftermath();

const MiB = 2 ** 20;
const small = wat('(module (func (export "f") (result i32) i32.const 7))');
/** With a custom section of that size at its end. */
function large(size: number): Uint8Array<ArrayBuffer> {
  const length = [
    (size & 0x7f) | 0x80,
    ((size >> 7) & 0x7f) | 0x80,
    ((size >> 14) & 0x7f) | 0x80,
    ((size >> 21) & 0x7f) | 0x80,
    (size >> 28) & 0x7f,
  ];
  const bytes = new Uint8Array(small.length + 6 + size).fill(0x61);
  bytes.set([...small, 0, ...length, 1, 0x78]);
  return bytes;
}

describe('large bytes', () => {
  it('are compiled as small ones are, and leave the event loop to others', async () => {
    await using runtime = new Runtime();
    const bytes = large(160 * MiB + 3);
    let shortest = Infinity;
    for (let attempt = 0; attempt < 3 && shortest > 20; attempt++) {
      const { error, value, stall } = await stallOf(() => runtime.compileModule(bytes));
      expect(error).toBeUndefined();
      await value?.close();
      shortest = Math.min(shortest, stall);
    }
    // copied at once: over 150 ms; other tests have the machine, too
    expect(shortest).toBeLessThan(60);
    const module = await runtime.instantiate(bytes);
    expect(module.exportedFunction('f')?.callSync()).toBe(7);
  }, 60_000);

  it('may be heard by a listener that chooses', async () => {
    await using runtime = new Runtime();
    const heard: string[] = [];
    const listener = {
      filter: () => true,
      before: ({ definition }: { definition: { debugName: string } }) => void heard.push(definition.debugName),
    };
    const compiled = await runtime.compileModule(large(9 * MiB), { listener });
    const module = await runtime.instantiateModule(compiled);
    module.exportedFunction('f')?.callSync();
    expect(heard).toHaveLength(1);
  });

  it('of which nothing is left are refused', async () => {
    await using runtime = new Runtime();
    const bytes = large(40 * MiB);
    const compiling = errorOf(() => runtime.compileModule(bytes));
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(await compiling).toMatchObject({
      code: 'ERR_WAZERO_INVALID_ARGUMENT',
      message: expect.stringMatching(/detached/),
    });
  });

  it('are left alone where they are over the limit', async () => {
    await using runtime = new Runtime(new RuntimeConfig().withLimits({ moduleBytes: 8 * MiB }));
    for (const size of [MiB, 8 * MiB, 64 * MiB]) {
      const error = await errorOf(() => runtime.compileModule(large(size)));
      if (size === MiB) expect(error).toBeUndefined();
      else expect(error).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'moduleBytes' });
    }
    expect(() => runtime.compileModuleSync(large(9 * MiB))).toThrow(/over the limit moduleBytes/);
  });

  it('are let go with their deadline, their signal and their runtime', async () => {
    const bytes = large(64 * MiB);
    const runtime = new Runtime();
    expect(await errorOf(() => runtime.compileModule(bytes, { timeoutMs: 5 }))).toMatchObject({
      code: 'ERR_WAZERO_ABORTED',
    });
    const controller = new AbortController();
    const stopped = errorOf(() => runtime.compileModule(bytes, { signal: controller.signal }));
    setImmediate(() => controller.abort());
    expect(await stopped).toMatchObject({ code: 'ERR_WAZERO_ABORTED' });
    const closed = errorOf(() => runtime.compileModule(bytes));
    await new Promise((resolve) => setImmediate(resolve));
    await runtime.close();
    expect(await closed).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(experimental.stats().goroutines).toBe(0);
  });
});
