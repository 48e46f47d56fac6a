/** Plugins of the same kind, one after another: an instance of a plugin that was closed goes to the next one, and nothing of its owner with it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nothingOpen, open } from '../support/aftermath.mjs';
import { errorOf } from '../support/errors.js';
import {
  type CallContext,
  createPlugin,
  type ExtismPluginOptions,
  guest,
  type Plugin,
  recorder,
  withPlugin,
} from '../support/extism.js';
import { Tenant } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const modules = () => open().modules ?? 0;
const of = (data: Uint8Array) => ({ wasm: [{ data }] });
const host = '(import "host" "tell" (func $tell (param i64) (result i64)))';
const number = (output: { getBigUint64(at: number, little: boolean): bigint } | null) => output?.getBigUint64(0, true);

/** Whatever an owner can leave: `mark` leaves it, each of the others looks for a piece of it. `_initialize` counts in memory. */
const fields = `
  (data (i32.const 0) "key")
  (global $global (mut i64) (i64.const 7))
  (table $table 1 8 funcref)
  (elem declare func $mark)
  (data $dropped "dropped")
  (func (export "_initialize")
    (i64.store (i32.const 512) (i64.add (i64.load (i32.const 512)) (call $tell (i64.const 1)))))
  (func $mark (export "mark") (local $i i32)
    (loop $next
      (i32.store8 (i32.add (i32.const 65530) (local.get $i)) (i32.const 0x53))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5000))))
    (global.set $global (i64.const 0x53))
    (table.set $table (i32.const 0) (ref.func $mark))
    (drop (table.grow $table (ref.func $mark) (i32.const 3)))
    (drop (memory.grow (i32.const 2)))
    (i64.store (i32.const 200000) (i64.const 0x53))
    (data.drop $dropped)
    (call $var_set (call $block (i32.const 0) (i32.const 3)) (call $in))
    (call $out (call $in)))
  (func (export "sum") (local $i i32) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $i))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.shl (memory.size) (i32.const 16)))))
    (call $number (local.get $sum)))
  (func (export "size") (call $number (i64.extend_i32_u (memory.size))))
  (func (export "grown") (call $number (i64.extend_i32_s (memory.grow (i32.const 10)))))
  (func (export "global") (call $number (global.get $global)))
  (func (export "table") (call $number (i64.add (i64.extend_i32_u (i32.shl (table.size $table) (i32.const 1)))
    (i64.extend_i32_u (ref.is_null (table.get $table (i32.const 0)))))))
  (func (export "segment") (memory.init $dropped (i32.const 100) (i32.const 0) (i32.const 7)) (call $number (i64.load8_u (i32.const 100))))
  (func (export "var") (call $number (call $length (call $var_get (call $block (i32.const 0) (i32.const 3))))))
  (func (export "config") (call $out (call $config_get (call $block (i32.const 0) (i32.const 3)))))
  (func (export "level") (call $number (i64.extend_i32_u (call $get_log_level))))
  (func (export "silent"))
  ;; What blocks hold that nobody has written to.
  (func (export "blocks") (local $handle i64) (local $at i64) (local $sum i64)
    (local.set $handle (call $alloc (i64.const 60000)))
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (call $load_u64 (i64.add (local.get $handle) (local.get $at)))))
      (br_if $next (i64.lt_u (local.tee $at (i64.add (local.get $at) (i64.const 8))) (i64.const 60000))))
    (call $number (i64.add (local.get $sum) (call $load_u64 (i64.const 60032)))))
  (func (export "tell") (call $number (call $tell (i64.const 2))))
  (func (export "trap") (unreachable))
  (func (export "spin") (loop $again (br $again)))
  (func (export "much") (drop (memory.grow (i32.const 300))))`;
const source = guest(fields, host);
const told = (answer: (context: CallContext, what: bigint) => bigint = () => 1n) => ({ host: { tell: answer } });
const options = (own: ExtismPluginOptions = {}): ExtismPluginOptions => ({ functions: told(), ...own });

/** As many as it takes until instances are kept. */
async function warm(own: ExtismPluginOptions = {}, data = source) {
  for (let i = 0; i < 3; i++) await withPlugin(data, options(own), (plugin) => plugin.call('silent'));
}
/** Of one that is made, used and closed: how many modules more there are while it is open, and afterwards. */
async function kept(own: ExtismPluginOptions, use: string, data = source) {
  const before = modules();
  const plugin = await createPlugin(of(data), options(own));
  const more = modules() - before;
  await errorOf(() => plugin.call(use));
  await plugin.close();
  return { more, left: modules() - before };
}

describe('an instance of a plugin that was closed', () => {
  it('goes to the next one of its kind, which finds nothing of its owner', async () => {
    await nothingOpen();
    const secret = 'S'.repeat(50_000);
    let after = 0;
    for (let owner = 0; owner < 8; owner++) {
      const before = modules();
      const config = { key: `config of ${owner}` };
      const asked: bigint[] = [];
      const functions = told((_, what) => {
        asked.push(what);
        return BigInt(100 + owner);
      });
      const plugin = await createPlugin(of(source), { config, functions, logLevel: owner % 2 ? 'warn' : 'silent' });
      if (owner >= 3) expect(modules() - before).toBe(0); // it was there
      expect(asked).toEqual([1n]); // it was initialized
      const sum = [...'key'].reduce((all, letter) => all + letter.charCodeAt(0), 100 + owner);
      expect(number(await plugin.call('sum'))).toBe(BigInt(sum));
      expect(number(await plugin.call('size'))).toBe(2n);
      expect(number(plugin.callSync('global'))).toBe(7n);
      expect(number(await plugin.call('table'))).toBe(3n);
      expect(number(await plugin.call('segment'))).toBe(0x64n);
      expect(number(await plugin.call('var'))).toBe(0n);
      expect((await plugin.call('config'))?.text()).toBe(`config of ${owner}`);
      expect(number(await plugin.call('level'))).toBe(owner % 2 ? 3n : 0x7fffffffn);
      expect(await plugin.call('silent')).toBeNull();
      expect(number(await plugin.call('blocks'))).toBe(0n);
      expect(number(await plugin.call('tell'))).toBe(BigInt(100 + owner));
      expect((await plugin.call('mark', secret))?.text()).toBe(secret);
      if (owner % 3 === 0) expect(plugin.callSync('mark', secret)?.text()).toBe(secret);
      await plugin.close();
      if (owner >= 3) expect(modules()).toBe(after); // and is there again
      after = modules();
    }
    expect(await nothingOpen()).toEqual({}); // for a while
  });

  it('is not reached any more by what its owner has kept', async () => {
    await warm();
    let context: CallContext | undefined;
    const functions = told((mine) => {
      context = mine;
      return 1n;
    });
    const first = await createPlugin(of(source), { functions });
    await first.call('mark', 'of the first');
    await first.close();
    const second = await createPlugin(of(source), options({ config: { key: 'of the second' } }));
    await second.call('config');
    const closed = { code: 'ERR_EXTISM_CLOSED' };
    for (const use of [
      () => context?.read(8n),
      () => context?.alloc(8),
      () => context?.store('x'),
      () => context?.getVariable('key'),
      () => context?.setVariable('key', 'x'),
      () => context?.setError('x'),
      () => context?.logLevel,
    ])
      expect(use).toThrow(expect.objectContaining(closed));
    expect(await errorOf(() => first.call('silent'))).toMatchObject(closed);
    expect(await errorOf(() => first.reset())).toMatchObject(closed);
    expect(number(await second.call('var'))).toBe(0n);
    await second.close();
  });

  it('has the limits of its new owner for blocks and vars', async () => {
    await warm();
    const bounded = { memory: { maxPages: 1, maxVarBytes: 4 } };
    await withPlugin(source, options({ ...bounded, logger: recorder().logger }), async (plugin) => {
      expect(await errorOf(() => plugin.call('mark', 'x'.repeat(70_000)))).toMatchObject({ code: 'ERR_EXTISM_MEMORY' });
    });
    await withPlugin(source, options(), async (plugin) => {
      expect((await plugin.call('mark', 'x'.repeat(70_000)))?.text().length).toBe(70_000);
      expect(number(await plugin.call('var'))).toBe(70_000n);
    });
  });
});

describe('an instance is not kept', () => {
  it('after a trap, a deadline, or with much memory', async () => {
    await warm();
    expect(await kept({}, 'silent')).toEqual({ more: 0, left: 0 });
    for (const [use, own] of [
      ['trap', {}],
      ['spin', { timeoutMs: 20 }],
      ['much', {}],
    ] as const) {
      await warm();
      expect(await kept(own, use)).toEqual({ more: 0, left: -2 });
    }
  });

  it('for a plugin with other limits, functions or settings of WASI; it has what it was given', async () => {
    await warm();
    expect((await kept({ limits: { memoryPages: 5 } }, 'silent')).more).toBe(2);
    for (let i = 0; i < 3; i++)
      await withPlugin(source, options({ limits: { memoryPages: 5 } }), async (plugin) => {
        expect(number(await plugin.call('grown'))).toBe(0xffff_ffff_ffff_ffffn);
      });
    await withPlugin(source, options(), async (plugin) => expect(number(await plugin.call('grown'))).toBe(2n));
    expect(await errorOf(() => createPlugin(of(source), {}))).toMatchObject({ code: 'ERR_EXTISM_LINK' });
  });

  it('of a tenant, with mounts, with a start section, or where a host function could keep a reference into it', async () => {
    const files = guest(
      '(func (export "silent"))',
      '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))',
    );
    const starts = guest('(func $start) (start $start) (func (export "silent"))');
    const refers = guest(
      '(func (export "silent"))',
      '(import "host" "tell" (func $tell (param funcref) (result i64)))',
    );
    const tenant = new Tenant('acme');
    for (const [own, data] of [
      [{ tenant }, source],
      [{ useWasi: true, allowedPaths: { '/': '.' } }, files],
      [{}, starts],
      [{}, refers],
    ] as const) {
      await warm(own, data);
      expect(await kept(own, 'silent', data)).toEqual({ more: 2, left: 0 });
    }
    expect(tenant.usage()).toMatchObject({ instances: 0, memoryBytes: 0 });
    await tenant.close();
    await warm({ useWasi: true }, files);
    expect(await kept({ useWasi: true }, 'silent', files)).toEqual({ more: 0, left: 0 });
  });

  it('beyond a few of a kind, and for long', async () => {
    expect(await nothingOpen()).toEqual({});
    await warm();
    const before = modules();
    const plugins = await Promise.all(Array.from({ length: 20 }, () => createPlugin(of(source), options())));
    await Promise.all(plugins.map((plugin) => plugin.close()));
    expect(modules() - before).toBe(2 * 7); // one was there
    await sleep(2500);
    expect(modules()).toBe(0);
  });

  it('where memory runs out', async () => {
    expect(await nothingOpen()).toEqual({});
    await warm();
    const before = modules();
    const large = wat('(module (memory 65536) (func (export "silent")))');
    const plugins: Plugin[] = [];
    const error = await errorOf(async () => {
      for (;;) plugins.push(await createPlugin(of(large)));
    });
    expect(error).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'totalMemoryBytes' });
    expect(modules()).toBe(before - 2 + 2 * plugins.length); // the one that was kept is gone
    await Promise.all(plugins.map((plugin) => plugin.close()));
    await withPlugin(source, options(), (plugin) => plugin.call('silent'));
  });
});
