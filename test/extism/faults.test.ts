/** What plugins of strangers do, and what must not happen then. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { aftermath, clean } from '../support/aftermath.mjs';
import { errorOf } from '../support/errors.js';
import { createPlugin, type ExtismPluginOptions, guest, recorder, withPlugin } from '../support/extism.js';
import { slowness } from '../support/slowness.js';
import { stallOf } from '../support/stalls.mjs';

afterEach(async () => expect(await aftermath()).toEqual(clean));

const user = '(import "own" "f" (func $f (param i64) (result i64)))';
const hostile = guest(
  `(data (i32.const 0) "message of a stranger")
  (func (export "spin") (loop $l (br $l)))
  (func (export "recurse") (call 60))
  (func $deep (export "deep") (call $deep))
  (func (export "blocks") (loop $l (drop (call $alloc (i64.const 100))) (br $l)))
  (func (export "pages") (loop $l (drop (memory.grow (i32.const 10))) (br $l)))
  (func (export "logs") (loop $l (call $log_error (call $block (i32.const 0) (i32.const 21))) (br $l)))
  (func (export "bigLogs") (loop $l (call $log_error (call $alloc (i64.const 900000))) (br $l)))
  (func (export "silentLogs") (loop $l (call $log_trace (call $block (i32.const 0) (i32.const 21))) (br $l)))
  (func (export "vars") (local $i i64) (local $key i64)
    (loop $l
      (local.set $key (call $alloc (i64.const 8)))
      (call $store_u64 (local.get $key) (local.get $i))
      (call $var_set (local.get $key) (local.get $key))
      (call $free (local.get $key))
      (local.set $i (i64.add (local.get $i) (i64.const 1)))
      (br $l)))
  (func (export "bigVars") (loop $l (call $var_set (call $block (i32.const 0) (i32.const 1)) (call $alloc (i64.const 500000))) (br $l)))
  (func (export "tooBigVars") (loop $l (call $var_set (call $block (i32.const 0) (i32.const 1)) (call $alloc (i64.const 2000000))) (br $l)))
  (func (export "configs") (loop $l (drop (call $config_get (call $block (i32.const 0) (i32.const 3)))) (br $l)))
  (func (export "host") (loop $l (drop (call $f (i64.const 1))) (br $l)))
  (func (export "resets") (loop $l (call $reset) (drop (call $alloc (i64.const 65536))) (br $l)))
  (func (export "hugeOutput") (call $out (call $alloc (i64.const 4000000000))))
  (func (export "hugeError") (call $error_set (call $alloc (i64.const 4000000000))))
  (func (export "ok") (call $number (i64.const 42)))`.replace('(func (export "recurse") (call 60))\n', ''),
  user,
);
const options: ExtismPluginOptions = {
  timeoutMs: 150,
  functions: { own: { f: () => 0n } },
  memory: { maxPages: 1600 },
  limits: { memoryPages: 2000 },
};

it.each([
  'spin',
  'blocks',
  'pages',
  'logs',
  'bigLogs',
  'silentLogs',
  'vars',
  'bigVars',
  'tooBigVars',
  'configs',
  'host',
  'resets',
])('%s without end ends with the deadline, the event loop is free meanwhile, and the plugin goes on', async (name) => {
  const { logger, lines } = recorder();
  await withPlugin(hostile, { ...options, logger, logLevel: 'error' }, async (plugin) => {
    const began = performance.now();
    const { error, work } = await stallOf(() => plugin.call(name));
    expect(error).toMatchObject({ code: 'ERR_EXTISM_TIMEOUT' });
    expect(performance.now() - began).toBeLessThan(1_500 * slowness);
    expect(work).toBeLessThan(60 * slowness); // 20 on a machine with nothing else to do
    lines.length = 0;
    for (let i = 0; i < 2; i++)
      expect((await plugin.call('ok', '', undefined, { timeoutMs: 10_000 }))?.getUint8(0)).toBe(42);
    expect(lines).toEqual([]);
  });
});

it('recursion without end is a stack overflow', async () => {
  await withPlugin(hostile, { ...options, timeoutMs: 10_000 }, async (plugin) => {
    expect(await errorOf(() => plugin.call('deep'))).toMatchObject({ kind: 'stack overflow' });
    expect((await plugin.call('ok'))?.getUint8(0)).toBe(42);
  });
});

it('outputs and errors larger than blocks may be are none', async () => {
  await withPlugin(hostile, options, async (plugin) => {
    for (const name of ['hugeOutput', 'hugeError']) expect((await plugin.call(name))?.byteLength ?? 0).toBe(0);
  });
});

it('vars without end stay within their limit', async () => {
  await withPlugin(hostile, { ...options, memory: { maxVarBytes: 10_000 } }, async (plugin) => {
    for (let i = 0; i < 3; i++) await errorOf(() => plugin.call('vars', '', undefined, { timeoutMs: 50 }));
    expect((await plugin.call('ok', '', undefined, { timeoutMs: 10_000 }))?.getUint8(0)).toBe(42);
  });
});

it('many at once, of which half run away, closed in the middle of it', async () => {
  const plugins = await Promise.all(
    Array.from({ length: 20 }, () => createPlugin({ wasm: [{ data: hostile }] }, { ...options, timeoutMs: 60_000 })),
  );
  const calls = plugins.map((plugin, i) => plugin.call(i % 2 ? 'spin' : 'ok'));
  const answers = Promise.allSettled(calls);
  await sleep(50);
  await Promise.all(plugins.map((plugin) => plugin.close()));
  for (const [i, answer] of (await answers).entries()) {
    if (i % 2) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'ERR_EXTISM_CLOSED' } });
    else if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'ERR_EXTISM_CLOSED' });
  }
});
