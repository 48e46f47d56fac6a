/** Host functions that throw, reject or answer anything at all. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { ending, expectAftermath, expectEnding } from '../support/faults.js';
import { type CallerModule, CompilationCache, type Module, Runtime, RuntimeConfig, Trap } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
const guest = wat(`(module (import "env" "host" (func $host (param i32) (result i32)))
  (func (export "callHost") (param i32) (result i32) (call $host (local.get 0))))`);
const invalid = { code: 'ERR_WAZERO_INVALID_ARGUMENT' };
const outOfRange = { code: 'ERR_WAZERO_OUT_OF_RANGE' };

let runtime: Runtime;
let host: (caller: CallerModule, value: number) => unknown;
let module: Module;
beforeEach(async () => {
  runtime = new Runtime();
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction((caller, value) => host(caller, value) as number, ['i32'], ['i32'])
    .export('host')
    .instantiate();
  module = await runtime.instantiate(guest);
});
afterEach(() => runtime.close());

describe('host functions', () => {
  const call = () => module.exportedFunction('callHost', ['i32'], ['i32']);
  const broken = () => {
    throw new Error('broken');
  };
  class Pretended extends Error {
    code = 'ERR_WAZERO_EXIT';
    exitCode = 3;
  }
  // Behind functions: what prints the titles looks at everything.
  it.each<[string, () => unknown]>([
    ['an Error', () => new Error('broken')],
    ['null', () => null],
    ['undefined', () => undefined],
    ['a string', () => 'text'],
    ['a number', () => 3],
    ['a symbol', () => Symbol('thrown')],
    ['a frozen object', () => Object.freeze({})],
    ['a frozen Error', () => Object.freeze(new Error('frozen'))],
    ['what looks like an error of this package', () => new Pretended()],
    [
      'an Error whose properties throw',
      () =>
        Object.defineProperties(new Error(), {
          stack: { get: broken },
          message: { get: broken },
          code: { get: broken },
        }),
    ],
    ['a proxy', () => new Proxy({}, { get: broken, getPrototypeOf: broken, has: broken })],
    [
      'a revoked proxy',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
  ])('H1: that throw %s: ERR_WAZERO_TRAP with that very cause, the module stays open', async (_name, make) => {
    const thrown = make();
    host = () => {
      throw thrown;
    };
    for (const lane of ['callSync', 'call'] as const) {
      const error = (await errorOf(() => call()[lane](1))) as Trap;
      expect(error).toBeInstanceOf(Trap);
      expect(error.code).toBe('ERR_WAZERO_TRAP');
      expect(error.kind).toBe('host function');
      expect(error.cause === thrown).toBe(true);
    }
    expect(module.isClosed).toBe(false);
    host = (_caller, value) => value + 1;
    expect(await call().call(1)).toBe(2);
    expect(call().callSync(1)).toBe(2);
  });
  it('H1: that reject, with anything: the same', async () => {
    for (const reason of [{ why: 'rejected' }, null, undefined, 0, Object.freeze(new Error('frozen')), Symbol('s')]) {
      host = () => Promise.reject(reason);
      const error = (await errorOf(() => call().call(1))) as Trap;
      expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'host function' });
      expect(error.cause === reason).toBe(true);
    }
    expect(module.isClosed).toBe(false);
  });
  it('H1: that answer what throws when it is looked at: the same, and the process lives', async () => {
    const thrown = { why: 'a getter' };
    const trapped = () => {
      throw thrown;
    };
    const answers = [
      Object.defineProperty({}, 'then', { get: trapped }),
      new Proxy({}, { get: trapped, getPrototypeOf: trapped, ownKeys: trapped, has: trapped }),
      { [Symbol.toPrimitive]: trapped, valueOf: trapped },
      // biome-ignore lint/suspicious/noThenProperty: that is the fault
      { then: trapped },
    ];
    for (const answer of answers) {
      host = () => answer;
      for (const lane of ['callSync', 'call'] as const) {
        const error = (await errorOf(() => call()[lane](1))) as Trap;
        expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'host function' });
        const ours = (error.cause as { code?: string } | undefined)?.code;
        expect(error.cause === thrown || /^ERR_WAZERO_(INVALID_ARGUMENT|WOULD_BLOCK)$/.test(String(ours))).toBe(true);
      }
    }
    expect(module.isClosed).toBe(false);
  });
  it.each<[string, unknown, string]>([
    ['nothing', undefined, invalid.code],
    ['NaN', Number.NaN, invalid.code],
    ['half a number', 1.5, invalid.code],
    ['2^53', 2 ** 53, outOfRange.code],
    ['an empty array', [], invalid.code],
    ['a boolean', true, invalid.code],
    ['null', null, invalid.code],
    ['a bigint', 1n, invalid.code],
    ['a string', '1', invalid.code],
    ['too many', [1, 2], invalid.code],
    ['too large a number', 2 ** 32, outOfRange.code],
    ['an object', {}, invalid.code],
  ])('H2: that return %s for an i32: ERR_WAZERO_TRAP with that error as cause', async (_name, value, code) => {
    host = () => value;
    for (const lane of ['callSync', 'call'] as const)
      expect(await errorOf(() => call()[lane](1))).toMatchObject({ code: 'ERR_WAZERO_TRAP', cause: { code } });
    host = async () => value;
    expect(await errorOf(() => call().call(1))).toMatchObject({ code: 'ERR_WAZERO_TRAP', cause: { code } });
  });
  it('H2: that return too few of several values: ERR_WAZERO_TRAP with ERR_WAZERO_INVALID_ARGUMENT as cause', async () => {
    await using other = new Runtime();
    await other
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction((() => [1]) as never, [], ['i32', 'i64'])
      .export('two')
      .instantiate();
    const two = await other.instantiate(
      wat('(module (import "env" "two" (func $two (result i32 i64))) (func (export "f") (call $two) (drop) (drop)))'),
    );
    for (const lane of ['callSync', 'call'] as const)
      expect(await errorOf(() => two.exportedFunction('f')![lane]())).toMatchObject({
        code: 'ERR_WAZERO_TRAP',
        cause: invalid,
      });
  });
  it('H3: that answer later in the sync lane: ERR_WAZERO_TRAP with ERR_WAZERO_WOULD_BLOCK as cause', async () => {
    host = async () => 1;
    expect(await errorOf(() => call().callSync(1))).toMatchObject({
      code: 'ERR_WAZERO_TRAP',
      cause: { code: 'ERR_WAZERO_WOULD_BLOCK' },
    });
    host = () => Promise.reject(new Error('nobody hears this, and nothing is unhandled'));
    expect(await errorOf(() => call().callSync(1))).toMatchObject({ cause: { code: 'ERR_WAZERO_WOULD_BLOCK' } });
  });
  it('that are none, or of types that are none: ERR_WAZERO_INVALID_ARGUMENT', async () => {
    const builder = () => runtime.newHostModuleBuilder('other').newFunctionBuilder();
    for (const use of [
      () => builder().withFunction(3 as never, [], []),
      () => builder().withFunction((() => {}) as never, ['i8'] as never, []),
      () => builder().withFunction((() => {}) as never, [], 'i32' as never),
      () => runtime.newHostModuleBuilder(3 as never),
      () => builder().export('without a function'),
    ]) {
      expect(await errorOf(use as () => unknown), String(use)).toMatchObject(invalid);
    }
  });
});

describe('answers and calls at the wrong time', () => {
  const guarded = wat(`(module (import "env" "host" (func $host (param i32) (result i32))) (memory (export "memory") 1)
    (func (export "f") (param i32) (result i32) (call $host (local.get 0))))`);
  const signature = [['i32'], ['i32']] as const;
  async function withHost(
    fn: (caller: CallerModule, value: number, other: Runtime) => unknown,
    use: (instance: Module, other: Runtime) => Promise<void>,
    config = new RuntimeConfig(),
  ): Promise<void> {
    await using other = new Runtime(config.withCloseOnContextDone(true));
    await other
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction((caller, value) => fn(caller, value, other) as number, ...signature)
      .export('host')
      .instantiate();
    await use(await other.instantiate(guarded), other);
  }

  it('H2: a v128 of the wrong length or kind: ERR_WAZERO_TRAP with ERR_WAZERO_INVALID_ARGUMENT as cause', async () => {
    await using other = new Runtime();
    let answer: unknown;
    await other
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction((() => answer) as never, [], ['v128'])
      .export('vector')
      .instantiate();
    const instance = await other.instantiate(
      wat('(module (import "env" "vector" (func $v (result v128))) (func (export "f") (result v128) (call $v)))'),
    );
    const detached = new Uint8Array(16);
    structuredClone(detached, { transfer: [detached.buffer] });
    for (answer of [new Uint8Array(15), new Uint8Array(17), Array(16).fill(0), new Uint16Array(8), 1n, detached]) {
      for (const lane of ['call', 'callSync'] as const) {
        const how = await ending(() => instance.exportedFunction('f')![lane]());
        expectEnding(how, { code: 'ERR_WAZERO_TRAP', cause: expect.objectContaining(invalid) });
        expect(((how.error as Error).cause as Error).message).toMatch(/env\.vector|vector/);
      }
    }
    answer = new Uint8Array(16).fill(1);
    expect(instance.exportedFunction('f')!.callSync()).toEqual(answer);
  });

  it('H3: a thenable that answers twice: the first one counts', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is the fault
    const twice = { then: (take: (value: unknown) => void, fail: (e: unknown) => void) => [take(7), take(8), fail(9)] };
    await withHost(
      () => twice,
      async (instance) => {
        expect(await instance.exportedFunction('f', ...signature).call(1)).toBe(7);
        expect(await instance.exportedFunction('f', ...signature).call(1)).toBe(7);
      },
    );
  });

  it.each(['call', 'callSync'] as const)(
    'H4: that compiles, instantiates, calls another guest and closes the cache (%s)',
    async (lane) => {
      const cache = new CompilationCache();
      await withHost(
        (_caller, value, other) => {
          if (lane === 'callSync') {
            const compiled = other.compileModuleSync(guest);
            void cache.close();
            if (value === 0) return 5;
            return other
              .instantiateModuleSync(compiled)
              .exportedFunction('callHost', ...signature)
              .callSync(value - 1);
          }
          return (async () => {
            const compiled = await other.compileModule(guest);
            await cache.close();
            if (value === 0) return 5;
            return (await other.instantiateModule(compiled)).exportedFunction('callHost', ...signature).call(value - 1);
          })();
        },
        async (instance) => {
          const how = await ending(() =>
            instance
              .exportedFunction('f', ...signature)
              .withOptions({ timeoutMs: 20_000 })
              [lane](3),
          );
          expectEnding(how, undefined, 5_000);
          expect(how.value).toBe(5);
        },
        new RuntimeConfig().withCompilationCache(cache),
      );
      await cache.close();
    },
  );

  it.each(['call', 'callSync'] as const)(
    'H5: that posts and keeps buffer, and writes while the guest is parked (%s)',
    async (lane) => {
      const { port1, port2 } = new MessageChannel();
      const stale: ArrayBuffer[] = [];
      await withHost(
        (caller) => {
          const { buffer } = caller.memory!;
          stale.push(buffer);
          port1.postMessage(buffer); // a copy
          try {
            port1.postMessage(0, [caller.memory!.buffer]); // given away, copied or refused: as Node likes
          } catch (error) {
            expect((error as Error).name).toBe('DataCloneError');
          }
          caller.memory!.writeUint32Le(100, 0x1234);
          return caller.memory!.readUint32Le(100);
        },
        async (instance) => {
          expect(await instance.exportedFunction('f', ...signature)[lane](1)).toBe(0x1234);
          expect(instance.memory!.readUint32Le(100)).toBe(0x1234);
          instance.memory!.grow(1);
          expect(stale.map(({ byteLength }) => byteLength)).toEqual([0]);
          expect(instance.memory!.buffer.byteLength).toBe(2 * 65_536);
        },
      );
      port1.close();
      port2.close();
    },
  );
});
