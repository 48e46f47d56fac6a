/** What goes wrong in a plugin, and what is left of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { type CallContext, createPlugin, guest, recorder, withPlugin } from '../support/extism.js';
import { caller, functions, number, store } from '../support/extism-guests.js';

describe('what goes wrong', () => {
  it('a runaway ends with its deadline, the plugin goes on with its vars, and whoever waited runs', async () => {
    await withPlugin(store, { timeoutMs: 50 }, async (plugin) => {
      await plugin.call('set', 'key');
      const all = [plugin.call('loop'), plugin.call('get', 'key'), plugin.call('calls')];
      expect(plugin.isActive()).toBe(true);
      expect(await plugin.reset()).toBe(false);
      expect(await errorOf(() => all[0])).toMatchObject({
        code: 'ERR_EXTISM_TIMEOUT',
        message: 'EXTISM: call canceled due to timeout',
      });
      expect((await all[1])?.text()).toBe('value');
      expect(number((await all[2]) ?? null)).toBe(1n);
      expect(plugin.isActive()).toBe(false);
      expect(() => plugin.callSync('loop')).toThrow('EXTISM: call canceled due to timeout');
      expect(plugin.callSync('get', 'key')?.text()).toBe('value');
      await errorOf(() => plugin.call('count_and_loop', 'set before the loop', undefined, { timeoutMs: 30 }));
      expect((await plugin.call('get', 'set before the loop'))?.text()).toBe('set before the loop');
      expect((await plugin.call('get', 'key'))?.text()).toBe('value');
    });
  });

  it('a trap is a Trap, and the next call has a new instance', async () => {
    await withPlugin(store, {}, async (plugin) => {
      await plugin.call('calls');
      expect(number(await plugin.call('calls'))).toBe(2n);
      expect(await errorOf(() => plugin.call('trap'))).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
      expect(number(await plugin.call('calls'))).toBe(1n);
    });
  });

  it('a signal ends what runs and what waits', async () => {
    await withPlugin(store, {}, async (plugin) => {
      const [running, waiting] = [new AbortController(), new AbortController()];
      const first = plugin.call('loop', '', undefined, { signal: running.signal });
      const second = plugin.call('nonzero', '', undefined, { signal: waiting.signal });
      const third = plugin.call('calls');
      waiting.abort();
      expect(await errorOf(() => second)).toMatchObject({ code: 'ERR_EXTISM_ABORTED', name: 'AbortError' });
      await sleep(20);
      running.abort(new Error('enough'));
      expect(await errorOf(() => first)).toMatchObject({ name: 'AbortError', cause: { message: 'enough' } });
      expect(number(await third)).toBe(1n);
      expect(await errorOf(() => plugin.call('calls', '', undefined, { signal: AbortSignal.abort() }))).toMatchObject({
        name: 'AbortError',
      });
    });
  });

  it('the deadline counts for instantiating, too', async () => {
    const endless = guest('(func $l (loop $l (br $l))) (start $l)');
    const initialize = guest('(func (export "_initialize") (loop $l (br $l)))');
    for (const data of [endless, initialize])
      expect(await errorOf(() => createPlugin({ wasm: [{ data }], timeoutMs: 50 }))).toMatchObject({
        code: 'ERR_EXTISM_TIMEOUT',
        message: 'EXTISM: timed out while waiting for plugin to instantiate',
      });
  });

  it('close ends what runs, and what waits; after it nothing goes', async () => {
    const plugin = await createPlugin({ wasm: [{ data: store }] });
    const calls = [plugin.call('loop'), plugin.call('calls')];
    await sleep(20);
    const closed = plugin.close();
    for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[])
      expect([status, reason.code]).toEqual(['rejected', 'ERR_EXTISM_CLOSED']);
    await closed;
    await plugin.close();
    for (const use of [
      () => plugin.call('calls'),
      () => plugin.reset(),
      () => plugin.functionExists('calls'),
      async () => plugin.callSync('calls'),
    ])
      expect(await errorOf(use)).toMatchObject({ code: 'ERR_EXTISM_CLOSED', message: 'plugin is closed' });
  });

  it('blocks have a limit of pages; the plugin has its own', async () => {
    const hungry = guest(`(func (export "blocks") (if (i64.eqz (call $alloc (i64.const 131072))) (then (unreachable))))
      (func (export "grow") (call $number (i64.extend_i32_s (memory.grow (i32.const 100)))))`);
    const { logger, lines } = recorder();
    await withPlugin(hungry, { memory: { maxPages: 2 }, logger }, async (plugin) => {
      expect(await errorOf(() => plugin.call('blocks'))).toMatchObject({ kind: 'unreachable' });
      expect(number(await plugin.call('grow'))).toBe(2n);
      expect(await errorOf(() => plugin.call('grow', new Uint8Array(200_000)))).toMatchObject({
        code: 'ERR_EXTISM_MEMORY',
      });
    });
    expect(lines).toEqual(['error: memory limit exceeded: 2 pages allowed']);
    await withPlugin(hungry, { memory: { maxPages: 3 }, limits: { memoryPages: 50 } }, async (plugin) => {
      await plugin.call('blocks');
      expect(BigInt.asIntN(64, number(await plugin.call('grow')) as bigint)).toBe(-1n);
    });
  });

  it('a call in the other lane meanwhile is told so', async () => {
    await withPlugin(store, { timeoutMs: 50 }, async (plugin) => {
      const call = plugin.call('loop');
      expect(() => plugin.callSync('calls')).toThrow(expect.objectContaining({ code: 'ERR_EXTISM_BUSY' }));
      await errorOf(() => call);
    });
  });

  it('a host function whose time is over hears so from the kernel, and it is a timeout; what it throws of its own is passed on', async () => {
    let over = 0;
    const late = (context: CallContext) => {
      while (performance.now() < over);
      context.setError('too late');
      return 0n;
    };
    // Native code may not have told of it yet: in a few of these.
    await withPlugin(caller, { functions: functions(late), timeoutMs: 5 }, async (plugin) => {
      for (let i = 0; i < 60; i++) {
        over = performance.now() + 5 + (i % 20) / 20;
        const error = await errorOf(() => (i % 2 === 0 ? plugin.call('run', 'x') : plugin.callSync('run', 'x')));
        expect((error as { code: string }).code).toMatch(/^ERR_EXTISM_(TIMEOUT|PLUGIN)$/);
      }
    });
    const own = Object.assign(new Error('of another call'), { name: 'TimeoutError', code: 'ERR_WAZERO_ABORTED' });
    const throwing = () => {
      throw own;
    };
    await withPlugin(caller, { functions: functions(throwing), timeoutMs: 10_000 }, async (plugin) => {
      expect(await errorOf(() => plugin.call('run', 'x'))).toBe(own);
      expect(await errorOf(() => plugin.callSync('run', 'x'))).toBe(own);
    });
  });
});
