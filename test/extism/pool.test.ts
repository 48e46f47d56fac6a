/** Several instances behind one plugin, fresh ones, and another plugin in its place. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { type CallContext, createPlugin, guest, withPlugin } from '../support/extism.js';

const user = '(import "host" "wait" (func $wait))';
const counting = (step: number) =>
  guest(
    `(data (i32.const 0) "n")
    (global $calls (mut i64) (i64.const 0))
    (func (export "calls") (global.set $calls (i64.add (global.get $calls) (i64.const ${step}))) (call $number (global.get $calls)))
    (func (export "wait") (call $wait) (global.set $calls (i64.add (global.get $calls) (i64.const ${step}))) (call $number (global.get $calls)))
    (func (export "var") (local $n i64)
      (local.set $n (call $load_u64 (call $var_get (call $block (i32.const 0) (i32.const 1)))))
      (call $number (i64.add (local.get $n) (i64.const 1)))
      (call $var_set (call $block (i32.const 0) (i32.const 1)) (call $output_offset)))
    (func (export "set") (call $var_set (call $in) (call $in)))
    (func (export "get") (call $out (call $var_get (call $in))))
    (func (export "trap") (unreachable))`,
    user,
  );
const number = (output: { getBigUint64(at: number, little: boolean): bigint } | null | undefined) =>
  output?.getBigUint64(0, true);
/** A host function that waits until it is let go. */
function gate() {
  const waiting: (() => void)[] = [];
  const wait = (_: CallContext) => new Promise<void>((resolve) => waiting.push(resolve));
  const open = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { functions: { host: { wait } }, waiting, open };
}
const until = async (condition: () => boolean) => {
  while (!condition()) await sleep(1);
};

describe('instances', () => {
  it('run at once, as many as there are; the others wait, in order', async () => {
    const { functions, waiting, open } = gate();
    await withPlugin(counting(1), { functions, instances: 3 }, async (plugin) => {
      const order: number[] = [];
      const calls = [0, 1, 2, 3, 4].map((i) =>
        plugin.call('wait').then((output) => {
          order.push(i);
          return number(output);
        }),
      );
      await until(() => waiting.length === 3);
      await sleep(20);
      expect(waiting.length).toBe(3);
      open();
      await until(() => waiting.length === 2);
      open();
      const counts = await Promise.all(calls);
      expect(counts.slice(0, 3)).toEqual([1n, 1n, 1n]);
      expect(order.slice(3).sort()).toEqual([3, 4]);
      expect(plugin.isActive()).toBe(false);
    });
  });

  it('one keeps calls in order', async () => {
    await withPlugin(counting(1), { functions: gate().functions }, async (plugin) => {
      const outputs = await Promise.all(Array.from({ length: 20 }, () => plugin.call('calls')));
      expect(outputs.map(number)).toEqual(Array.from({ length: 20 }, (_, i) => BigInt(i + 1)));
    });
  });

  it('share their vars', async () => {
    const { functions, waiting, open } = gate();
    await withPlugin(counting(1), { functions, instances: 2 }, async (plugin) => {
      for (let i = 1n; i <= 3n; i++) expect(number(await plugin.call('var'))).toBe(i);
      const held = plugin.call('wait'); // the instance that is left is the one or the other
      await until(() => waiting.length === 1);
      expect(number(await plugin.call('var'))).toBe(4n);
      open();
      await held;
      for (const key of ['a', 'b']) await plugin.call('set', key);
      const both = [plugin.call('wait'), plugin.call('get', 'a'), plugin.call('get', 'b')];
      await until(() => waiting.length === 1);
      open();
      expect((await both[1])?.text()).toBe('a');
      expect((await both[2])?.text()).toBe('b');
      expect(number(await plugin.call('var'))).toBe(5n);
      await both[0];
    });
  });

  it('are a whole number', async () => {
    for (const instances of [0, -1, 1.5, Number.NaN])
      expect(await errorOf(() => withPlugin(counting(1), { instances }, () => {}))).toBeInstanceOf(RangeError);
  });
});

describe('fresh', () => {
  it('each call has an instance of its own, and the vars of those before', async () => {
    await withPlugin(counting(1), { functions: gate().functions, fresh: true }, async (plugin) => {
      for (let i = 1n; i <= 5n; i++) {
        expect(number(await plugin.call('calls'))).toBe(1n);
        expect(number(await plugin.call('var'))).toBe(i);
      }
      expect(await errorOf(() => plugin.call('trap'))).toMatchObject({ kind: 'unreachable' });
      const all = await Promise.all(Array.from({ length: 10 }, () => plugin.call('calls')));
      expect(all.map(number)).toEqual(Array(10).fill(1n));
    });
  });

  it('in the other lane, too', async () => {
    await withPlugin(counting(1), { functions: gate().functions, fresh: true }, async (plugin) => {
      for (let i = 0; i < 3; i++) expect(number(plugin.callSync('calls'))).toBe(1n);
      expect(number(await plugin.call('calls'))).toBe(1n);
    });
  });

  // Pages of its memory, its globals, and the kernel's blocks: all are as they were when the plugin had been initialized, which it is once.
  it('begins as the plugin was when it had been initialized, however much the call before has written', async () => {
    const begins: number[] = [];
    const functions = { host: { wait: () => void begins.push(1) } };
    const source = guest(
      `(global $ready (mut i64) (i64.const 0))
      (func (export "_initialize") (call $wait) (drop (memory.grow (i32.const 1))) (i64.store (i32.const 70000) (i64.const 40)) (global.set $ready (i64.const 2)))
      (func (export "sum") (call $number (i64.add (global.get $ready) (i64.load (i32.const 70000)))))
      (func (export "fill")
        (memory.fill (i32.const 65536) (i32.const 255) (i32.const 65536)) (global.set $ready (i64.const -1))
        (drop (memory.grow (i32.const 8))) (call $number (i64.const 1)))`,
      user,
    );
    await withPlugin(source, { functions, fresh: true }, async (plugin) => {
      for (let i = 0; i < 20; i++) {
        expect(number(await plugin.call('sum'))).toBe(42n);
        await plugin.call('fill');
        expect(number(plugin.callSync('sum'))).toBe(42n);
        plugin.callSync('fill');
      }
    });
    expect(begins).toHaveLength(1);
  });

  it('a context that a host function has kept is not that of the next call', async () => {
    const kept: CallContext[] = [];
    const functions = { host: { wait: (context: CallContext) => void kept.push(context) } };
    await withPlugin(counting(1), { functions, fresh: true }, async (plugin) => {
      for (let i = 0; i < 4; i++) await plugin.call('wait');
      for (const context of kept)
        expect(await errorOf(() => context.getVariable('n'))).toMatchObject({ code: 'ERR_EXTISM_CLOSED' });
    });
  });

  it('of a plugin that cannot be frozen, too', async () => {
    const functions = { host: { wait: () => {} } };
    const main = guest('(func (export "calls") (call $other))', '(import "other" "calls" (func $other))');
    const wasm = [
      { data: counting(1), name: 'other' },
      { data: main, name: 'main' },
    ];
    const plugin = await createPlugin({ wasm }, { functions, fresh: true });
    for (let i = 0; i < 3; i++) expect(number(await plugin.call('calls'))).toBe(1n);
    await plugin.close();
  });
});

describe('shared by plugins of the same bytes', () => {
  it('each has its own host functions', async () => {
    const all = await Promise.all(
      [1, 2, 3].map(async (n) => {
        const said: number[] = [];
        const plugin = await createPlugin(
          { wasm: [{ data: counting(1) }] },
          { functions: { host: { wait: () => void said.push(n) } } },
        );
        return { plugin, said };
      }),
    );
    for (const { plugin } of all) await plugin.call('wait');
    for (const { plugin } of all) plugin.callSync('wait');
    expect(all.map(({ said }) => said)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    await Promise.all(all.map(({ plugin }) => plugin.close()));
  });
});

describe('replace', () => {
  it('calls that run end on the old one, those that wait and come have the new one, none is lost', async () => {
    const { functions, waiting, open } = gate();
    await withPlugin(counting(1), { functions }, async (plugin) => {
      await plugin.call('set', 'kept');
      await plugin.call('calls');
      const running = plugin.call('wait');
      const waits = plugin.call('calls');
      await until(() => waiting.length === 1);
      await plugin.replace({ wasm: [{ data: counting(100) }] });
      const comes = plugin.call('calls');
      open();
      expect(number(await running)).toBe(2n);
      expect([number(await waits), number(await comes)]).toEqual([100n, 200n]);
      expect((await plugin.call('get', 'kept'))?.text()).toBe('kept');
    });
  });

  it('under load, again and again', async () => {
    await withPlugin(counting(1), { functions: gate().functions, instances: 2 }, async (plugin) => {
      let stop = false;
      let calls = 0;
      const load = Array.from({ length: 4 }, async () => {
        while (!stop) {
          expect(await plugin.call('calls')).not.toBe(null);
          calls++;
        }
      });
      for (let i = 0; i < 10; i++) {
        await plugin.replace({ wasm: [{ data: counting(i + 2) }] });
        await sleep(5);
      }
      stop = true;
      await Promise.all(load);
      expect(calls).toBeGreaterThan(10);
    });
  });

  it('one that cannot be made changes nothing', async () => {
    await withPlugin(counting(1), { functions: gate().functions }, async (plugin) => {
      await plugin.call('calls');
      const bad = [
        new Uint8Array([0, 1]),
        guest('(func $s (unreachable)) (start $s)'),
        guest('', '(import "no" "no" (func))'),
      ];
      for (const data of bad) expect(await errorOf(() => plugin.replace({ wasm: [{ data }] }))).toBeInstanceOf(Error);
      expect(number(await plugin.call('calls'))).toBe(2n);
    });
    const plugin = await createPlugin({ wasm: [{ data: counting(1) }] }, { functions: gate().functions });
    await plugin.close();
    expect(await errorOf(() => plugin.replace({ wasm: [] }))).toMatchObject({ code: 'ERR_EXTISM_CLOSED' });
  });
});
