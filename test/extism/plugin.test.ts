/** Plugins as users have them: bytes in, bytes out, with what the host gives and takes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { type CallContext, createPlugin, guest, recorder, withPlugin } from '../support/extism.js';
import { caller, echo, functions, nothing, number, store, text, user } from '../support/extism-guests.js';

describe('input and output', () => {
  it('of any length, as text, number or bytes, in both lanes', async () => {
    await withPlugin(echo, {}, async (plugin) => {
      for (const length of [1, 2, 7, 8, 9, 15, 1023, 65_535, 65_536, 65_539, 300_000]) {
        const bytes = new Uint8Array(length).map((_, i) => i * 7);
        const same = (output: { bytes(): Uint8Array } | null) => Buffer.compare(output?.bytes() ?? nothing, bytes);
        expect([same(await plugin.call('echo', bytes)), same(plugin.callSync('echo', bytes))]).toEqual([0, 0]);
      }
      expect((await plugin.call('echo', 'Grüße'))?.text()).toBe('Grüße');
      expect((await plugin.call('echo', 4711))?.string()).toBe('4711');
      expect((await plugin.call('echo', '{"a":[1]}'))?.json()).toEqual({ a: [1] });
      expect((await plugin.call('echo', new Uint8Array(new ArrayBuffer(64), 10, 3).fill(5)))?.bytes()).toEqual(
        new Uint8Array([5, 5, 5]),
      );
      expect((await plugin.call('echo', ''))?.byteLength).toBe(0);
      expect((await plugin.call('echo'))?.byteLength).toBe(0);
    });
  });

  it('an output reads as a DataView and is not written; it is a copy', async () => {
    await withPlugin(echo, {}, async (plugin) => {
      const output = await plugin.call('echo', 'abcdefgh');
      await plugin.call('echo', 'ABCDEFGH');
      expect(output?.getUint8(0)).toBe(97);
      expect(output?.arrayBuffer()).toBe(output?.buffer);
      expect(() => output?.setUint8(0, 1)).toThrow('Cannot set values on output');
      expect(() => output?.setBigUint64(0, 1n)).toThrow('Cannot set values on output');
      expect(output?.text()).toBe('abcdefgh');
    });
  });

  it('none is null, an empty one is not; what a function returns does not matter', async () => {
    await withPlugin(store, {}, async (plugin) => {
      expect(await plugin.call('nonzero')).toBe(null);
      expect((await plugin.call('empty'))?.byteLength).toBe(0);
    });
  });

  it('an error that the plugin sets is what the call rejects with', async () => {
    await withPlugin(store, {}, async (plugin) => {
      const error = await errorOf(() => plugin.call('fail', 'no such user'));
      expect(error).toMatchObject({ code: 'ERR_EXTISM_PLUGIN', message: 'Plugin-originated error: no such user' });
      expect(() => plugin.callSync('fail', 'x')).toThrow('Plugin-originated error: x');
      expect(await plugin.call('nonzero')).toBe(null);
    });
  });

  it('functions that are not there', async () => {
    await withPlugin(store, {}, async (plugin) => {
      expect(await plugin.functionExists('get')).toBe(true);
      for (const name of ['nothing', 'memory']) expect(await plugin.functionExists(name)).toBe(false);
      const message = async (name: string) => ((await errorOf(() => plugin.call(name))) as Error).message;
      expect(await message('nothing')).toBe('Plugin error: function "nothing" does not exist');
      expect(await message('memory')).toBe('Plugin error: export "memory" is not a function');
      expect((await plugin.getExports()).find(({ name }) => name === 'memory')).toEqual({
        name: 'memory',
        kind: 'memory',
      });
      expect((await plugin.getImports())[0]).toEqual({ module: 'extism:host/env', name: 'alloc', kind: 'function' });
      expect(await errorOf(() => plugin.getInstance())).toMatchObject({ code: 'ERR_EXTISM_NO_INSTANCE' });
    });
  });
});

describe('config and vars', () => {
  it('config is what the options say, of any length; keys of Object.prototype are none', async () => {
    const long = 'x'.repeat(200_000);
    await withPlugin(store, { config: { name: 'Ada', ключ: 'значение', long, none: '' } }, async (plugin) => {
      const config = async (key: string) => (await plugin.call('config', key))?.text();
      expect(await config('name')).toBe('Ada');
      expect(await config('ключ')).toBe('значение');
      expect(await config('long')).toBe(long);
      for (const key of ['none', 'nam', 'names', 'toString', '__proto__']) expect(await config(key)).toBe('');
    });
  });

  it('vars are kept from call to call, in both lanes, and are deleted', async () => {
    await withPlugin(store, {}, async (plugin) => {
      expect((await plugin.call('get', 'key'))?.text()).toBe('');
      await plugin.call('set', 'key');
      expect((await plugin.call('get', 'key'))?.text()).toBe('value');
      await plugin.reset();
      expect(plugin.callSync('get', 'key')?.text()).toBe('value');
      plugin.callSync('delete', 'key');
      expect((await plugin.call('get', 'key'))?.text()).toBe('');
      for (let i = 1n; i <= 5n; i++) expect(number(await plugin.call('count'))).toBe(i);
    });
  });

  it('vars have a limit', async () => {
    for (const [maxVarBytes, refused] of [
      [100, true],
      [1023, true],
      [1024, false],
      [undefined, false],
      [0, true],
    ] as const) {
      const { logger, lines } = recorder();
      await withPlugin(store, { memory: { maxVarBytes }, logger }, async (plugin) => {
        const error = await errorOf(() => plugin.call('big', 'key'));
        if (!refused) return void expect(error).toBe(undefined);
        expect((error as Error).message).toContain(
          `Plugin-originated error: var memory limit exceeded: 1024 bytes requested, ${maxVarBytes} allowed`,
        );
        expect(lines).toHaveLength(1);
      });
    }
  });

  it('host functions see them, and change them', async () => {
    const seen: unknown[] = [];
    const plugin = guest(
      `${text('onetwo')} (func (export "run")
        (call $var_set (call $block (i32.const 0) (i32.const 3)) (call $block (i32.const 3) (i32.const 3)))
        (drop (call $f (i64.const 0)))
        (call $out (call $var_get (call $block (i32.const 3) (i32.const 3)))))`,
      user,
    );
    const f = (context: CallContext) => {
      seen.push(context.getVariable('one')?.text(), context.getVariable('none'));
      context.setVariable('two', 'set by the host');
      context.deleteVariable('one');
      return 0n;
    };
    await withPlugin(plugin, { functions: functions(f) }, async (instance) => {
      expect((await instance.call('run'))?.text()).toBe('set by the host');
      expect(instance.callSync('run')?.text()).toBe('set by the host');
      expect(seen).toEqual(['two', null, 'two', null]);
    });
    const over = (context: CallContext) => context.setVariable('two', new Uint8Array(101));
    await withPlugin(plugin, { functions: functions(over), memory: { maxVarBytes: 100 } }, async (instance) => {
      expect(await errorOf(() => instance.call('run'))).toMatchObject({ code: 'ERR_EXTISM_VARS' });
    });
  });
});

describe('logs', () => {
  const log = guest(`${text('hello')}
    (func (export "run")
      (call $log_trace (call $block (i32.const 0) (i32.const 5))) (call $log_debug (call $block (i32.const 0) (i32.const 5)))
      (call $log_info (call $block (i32.const 0) (i32.const 5))) (call $log_warn (call $block (i32.const 0) (i32.const 5)))
      (call $log_error (call $block (i32.const 0) (i32.const 5))) (call $log_error (i64.const 99))
      (call $number (i64.extend_i32_u (call $get_log_level))))
    (func (export "huge") (call $log_info (call $alloc (i64.const 4000000))))`);

  it('are those of the level, silent by default', async () => {
    const expected = ['trace', 'debug', 'info', 'warn', 'error'].map((level) => `${level}: hello`);
    for (const [logLevel, count, told] of [
      ['trace', 5, 0n],
      ['info', 3, 2n],
      ['error', 1, 4n],
      ['silent', 0, 0x7fff_ffffn],
      [undefined, 0, 0x7fff_ffffn],
    ] as const) {
      const { logger, lines } = recorder();
      await withPlugin(log, { logger, ...(logLevel ? { logLevel } : {}) }, async (plugin) => {
        expect(number(await plugin.call('run'))).toBe(told);
        expect(lines).toEqual(expected.slice(5 - count));
      });
    }
    const error = await errorOf(() => withPlugin(log, { logLevel: 'loud' as never }, () => {}));
    expect((error as Error).message).toContain('unrecognized log level "loud"');
  });

  it('a huge message is cut', async () => {
    const { logger, lines } = recorder();
    await withPlugin(log, { logger, logLevel: 'info' }, (plugin) => plugin.call('huge'));
    expect(lines[0]?.length).toBe('info: '.length + 2 ** 20 + '...'.length);
  });
});

describe('host functions', () => {
  it('read, store and answer, synchronously and later', async () => {
    for (const later of [false, true]) {
      const f = (context: CallContext, at: bigint) => {
        const answer = () =>
          context.store(`<${context.read(at)?.text()} ${context.length(at)} ${context.hostContext()}>`);
        return later ? sleep(5).then(answer) : answer();
      };
      await withPlugin(caller, { functions: functions(f) }, async (plugin) => {
        expect((await plugin.call('run', 'input', 'context'))?.text()).toBe('<input 5 context>');
        if (!later) expect(plugin.callSync('run', 'in', 1)?.text()).toBe('<in 2 1>');
        else
          expect(() => plugin.callSync('run', 'in')).toThrow(
            expect.objectContaining({ code: 'ERR_WAZERO_WOULD_BLOCK' }),
          );
      });
    }
  });

  it('give what WebAssembly takes: what is no number is made one', async () => {
    const types = guest(
      `(func (export "run") (local $n i64)
        (local.set $n (i64.add (i64.extend_i32_s (call $a)) (call $b)))
        (call $number (i64.add (local.get $n) (i64.trunc_f64_s (call $c (i32.const 5) (i64.const 6) (f32.const 0.5))))))`,
      '(import "own" "a" (func $a (result i32))) (import "own" "b" (func $b (result i64))) (import "own" "c" (func $c (param i32 i64 f32) (result f64)))',
    );
    const args: unknown[] = [];
    const own = {
      a: () => true,
      b: () => '40',
      c: (_: CallContext, ...rest: unknown[]) => {
        args.push(...rest);
        return 1.5;
      },
    };
    await withPlugin(types, { functions: { own } }, async (plugin) => {
      expect(number(await plugin.call('run'))).toBe(42n);
      expect(args).toEqual([5, 6n, 0.5]);
    });
  });

  it('what one throws is what the call rejects with, and the next call has a new instance', async () => {
    const thrown = new Error('mine');
    for (const f of [
      () => {
        throw thrown;
      },
      () => Promise.reject(thrown),
    ]) {
      await withPlugin(caller, { functions: functions(f) }, async (plugin) => {
        expect(await errorOf(() => plugin.call('run', 'x'))).toBe(thrown);
        expect(await errorOf(() => plugin.call('run', 'x'))).toBe(thrown);
      });
    }
  });

  it('set the error of the call, the log level, and use the context after the call', async () => {
    let kept: CallContext | undefined;
    let handle = 0n;
    const f = (context: CallContext, at: bigint) => {
      kept = context;
      handle = at;
      expect(context.logLevel).toBe('silent');
      context.logLevel = 'warn';
      context.setError(new Error('by the host'));
      return 0n;
    };
    await withPlugin(caller, { functions: functions(f) }, async (plugin) => {
      expect(await errorOf(() => plugin.call('run', 'x'))).toMatchObject({
        message: 'Plugin-originated error: by the host',
      });
      expect(kept?.logLevel).toBe('warn');
      expect(kept?.read(handle)?.text()).toBe('x');
      expect(await plugin.reset()).toBe(true);
      expect(kept?.read(handle)).toBe(null);
      expect([kept?.read(0), kept?.read(-1n), kept?.length(2n ** 40n), kept?.alloc(0)]).toEqual([null, null, 0n, 0n]);
    });
  });

  it('have a signal that ends with the call', async () => {
    let signal: AbortSignal | undefined;
    const f = (context: CallContext) =>
      new Promise((_, reject) => {
        signal = context.signal;
        signal?.addEventListener('abort', () => reject(signal?.reason));
      });
    await withPlugin(caller, { functions: functions(f), timeoutMs: 30 }, async (plugin) => {
      expect(await errorOf(() => plugin.call('run'))).toMatchObject({ code: 'ERR_EXTISM_TIMEOUT' });
      expect(signal?.aborted).toBe(true);
    });
  });

  it('cannot call their own plugin, before and after an await; others they can', async () => {
    await withPlugin(echo, {}, async (other) => {
      const f = async (context: CallContext) => {
        expect((await other.call('echo', 'x'))?.text()).toBe('x');
        await sleep(1);
        return context.store((await plugin.call('run', 'again'))?.bytes() ?? 'nothing');
      };
      const plugin = await createPlugin({ wasm: [{ data: caller }] }, { functions: functions(f) });
      expect(await errorOf(() => plugin.call('run', 'x'))).toMatchObject({
        code: 'ERR_EXTISM_REENTRANT',
        message: 'plugin is not reentrant',
      });
      await plugin.close();
    });
  });

  it('replace functions of the kernel', async () => {
    const plugin = guest('(func (export "run") (result i32) (call $out (call $config_get (call $in))) (i32.const 0))');
    const config_get = (context: CallContext, key: bigint) => context.store(`${context.read(key)?.text()}!`);
    await withPlugin(plugin, { functions: { 'extism:host/env': { config_get } } }, async (instance) => {
      expect((await instance.call('run', 'key'))?.text()).toBe('key!');
    });
  });

  it('are functions', async () => {
    const error = await errorOf(() => withPlugin(caller, { functions: functions(1 as never) }, () => {}));
    expect(error).toBeInstanceOf(TypeError);
  });
});
