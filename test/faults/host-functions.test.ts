/** Host functions that throw, reject or answer anything at all. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import { type CallerModule, type Module, Runtime, Trap } from '../support/package.js';
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
