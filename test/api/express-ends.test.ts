// How asynchronous calls without Go end, as express.test.ts.
import { availableParallelism } from 'node:os';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { guest, repeatedly, world } from '../support/express-calls.js';
import { experimental, RuntimeConfig } from '../support/package.js';

describe('what ends a call from outside', () => {
  needsEdit('e2')('a signal and a close reach a guest that runs, and other guests go on meanwhile', async () => {
    await repeatedly(async (round) => {
      const { module, another } = await world(guest);
      const other = await another();
      for (let i = 0; i < 4; i++)
        await Promise.all([module.exportedFunction('loop')!.call(0), other.exportedFunction('count')!.call()]);
      const stop = new AbortController();
      const endless = module.exportedFunction('loop')!.withOptions({ signal: stop.signal }).call(1);
      const ended = errorOf(() => endless);
      if (round % 2 === 0) await sleep(round * 2);
      for (let i = 0; i < 20; i++) expect(await other.exportedFunction('count')!.call()).toBe(5 + i);
      if (round % 3 === 0) void module.close();
      else stop.abort();
      expect(await ended).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: round % 3 === 0 ? 'close' : 'abort' });
      expect(module.isClosed).toBe(true);
    });
  });

  it('a signal and a close reach a guest that waits for a host function; its late answer does not matter', async () => {
    await repeatedly(async (round) => {
      let asks = () => {};
      let release = (_: number) => {};
      const { module } = await world(
        guest,
        () =>
          new Promise<number>((resolve) => {
            release = resolve;
            asks();
          }),
      );
      for (let i = 0; i < 4; i++) await module.exportedFunction('count')!.call();
      for (let i = 0; i < 3; i++) {
        const come = new Promise<void>((resolve) => {
          asks = resolve;
        });
        const call = module.exportedFunction('ask')!.call(1);
        await come;
        release(i);
        expect(await call).toBe(i);
      }
      const come = new Promise<void>((resolve) => {
        asks = resolve;
      });
      const stop = new AbortController();
      const ended = errorOf(() => module.exportedFunction('ask')!.withOptions({ signal: stop.signal }).call(1));
      await come;
      if (round % 2 === 0) void module.close();
      else stop.abort();
      if (round % 3 === 0) release(1);
      expect(await ended).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: round % 2 === 0 ? 'close' : 'abort' });
      release(2);
    });
  });

  it('a signal in the very turn of the call ends it, or comes too late', async () => {
    const { module, another } = await world(guest);
    for (let i = 0; i < 4; i++) await module.exportedFunction('count')!.call();
    await repeatedly(async () => {
      for (let i = 0; i < 20; i++) {
        const each = await another();
        for (let n = 0; n < 4; n++) await each.exportedFunction('count')!.call();
        const stop = new AbortController();
        const call = each.exportedFunction('count')!.withOptions({ signal: stop.signal }).call();
        stop.abort();
        const error = await errorOf(() => call);
        if (error) expect((error as { code: string }).code).toMatch(/^ERR_WAZERO_(EXIT|ABORTED)$/);
        await each.close();
      }
    });
  });
});

it('a guest that cannot be interrupted holds the thread of C++, and nobody else', async () => {
  const { module, another } = await world(
    `(module (func (export "spin") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "seven") (result i32) (i32.const 7)))`,
    undefined,
    new RuntimeConfig(),
  );
  const other = await another();
  const spin = module.exportedFunction('spin')!;
  const seven = other.exportedFunction('seven')!;
  experimental.setConcurrency(2);
  try {
    for (let i = 0; i < 4; i++) await Promise.all([spin.call(1), seven.call()]);
    let spinning = true;
    const long = spin.call(600_000_000).then(() => {
      spinning = false;
    });
    let meanwhile = 0;
    while (spinning) {
      const start = performance.now();
      expect(await seven.call()).toBe(7);
      if (spinning) meanwhile++;
      expect(performance.now() - start).toBeLessThan(1_000);
      await turn();
    }
    await long;
    expect(meanwhile).toBeGreaterThan(10);
    for (let i = 0; i < 200; i++) expect(await seven.call()).toBe(7);
  } finally {
    experimental.setConcurrency(availableParallelism());
  }
});
