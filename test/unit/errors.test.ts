/** Errors as they are made from what Go says. */
import { describe, expect, it } from 'vitest';
import { CompileError, ExitError, isWazeroError, LimitError, LinkError, Trap, WazeroError } from '../../src/errors.js';
import { abortedError, invalidArgument, makeError, outOfRange } from '../../src/values/errors.js';
import { show } from '../../src/values/validate.js';

describe('makeError', () => {
  it.each([
    ['ERR_WAZERO_COMPILE', CompileError, 'CompileError'],
    ['ERR_WAZERO_LINK', LinkError, 'LinkError'],
    ['ERR_WAZERO_LIMIT', LimitError, 'LimitError'],
    ['ERR_WAZERO_EXIT', ExitError, 'ExitError'],
    ['ERR_WAZERO_TRAP', Trap, 'Trap'],
    ['ERR_WAZERO_CLOSED', WazeroError, 'WazeroError'],
    ['ERR_WAZERO_INVALID_ARGUMENT', TypeError, 'TypeError'],
    ['ERR_WAZERO_OUT_OF_RANGE', RangeError, 'RangeError'],
  ] as const)('%s', (code, of, name) => {
    const error = makeError({ code, message: 'its text' });
    expect(error).toBeInstanceOf(of);
    expect(error).toMatchObject({ code, message: 'its text', name });
    expect(error.stack).toContain('its text');
    expect(isWazeroError(error)).toBe(true);
    expect(Object.keys(error)).toContain('code');
  });

  it('names a deadline and a signal, and gives the reason of the signal', () => {
    const timeout = makeError({ code: 'ERR_WAZERO_EXIT', message: 'm', exitCode: 0xefffffff, reason: 'timeout' });
    expect(timeout).toMatchObject({ name: 'TimeoutError', exitCode: 0xefffffff, reason: 'timeout' });
    expect(Object.hasOwn(timeout, 'cause')).toBe(false);
    const cause = new Error('why');
    const abort = makeError({ code: 'ERR_WAZERO_EXIT', message: 'm', reason: 'abort' }, { abort: { cause } });
    expect(abort).toMatchObject({ name: 'AbortError', cause });
    expect(abort).toBeInstanceOf(ExitError);
    expect(makeError({ code: 'ERR_WAZERO_EXIT', message: 'm', exitCode: 3 })).toMatchObject({
      reason: 'exit',
      name: 'ExitError',
    });
  });

  it.each([null, undefined, 0, 'text', new Error('boom'), Object.create(null)])(
    'keeps what a host function threw: %s',
    (value) => {
      const error = makeError(
        { code: 'ERR_WAZERO_TRAP', message: 'host function (recovered by wazero)', kind: 'host function', host: true },
        { parked: { value } },
      );
      expect(Object.hasOwn(error, 'cause')).toBe(true);
      expect(error.cause).toBe(value);
      if (value instanceof Error) expect(error.message).toBe('boom (recovered by wazero)');
    },
  );

  it('freezes the frames of a trap', () => {
    const trap = makeError({
      code: 'ERR_WAZERO_TRAP',
      message: 'm',
      kind: 'unreachable',
      frames: [{ function: 'a.b' }],
    }) as Trap;
    expect(trap.frames).toEqual([{ function: 'a.b' }]);
    expect(Object.isFrozen(trap.frames) && Object.isFrozen(trap.frames[0])).toBe(true);
    expect((makeError({ code: 'ERR_WAZERO_TRAP', message: 'm' }) as Trap).frames).toEqual([]);
  });
});

describe('isWazeroError', () => {
  it('knows ours, of any copy of the package, and no others', () => {
    expect(isWazeroError(invalidArgument('m'))).toBe(true);
    expect(isWazeroError(outOfRange('m'))).toBe(true);
    expect(isWazeroError(Object.assign(new Error(), { [Symbol.for('node-wazero.error')]: true }))).toBe(true);
    const others = [
      null,
      undefined,
      1,
      'x',
      new Error(),
      new TypeError(),
      { code: 'ERR_WAZERO_EXIT' },
      makeError({ code: 'ERR_WAZERO_NOT_IMPLEMENTED', message: 'x' }),
    ];
    expect(others.map(isWazeroError)).toEqual(others.map(() => false));
  });

  it('an aborted call says so', () => {
    expect(abortedError('the call', { reason: 'timeout' })).toMatchObject({
      code: 'ERR_WAZERO_ABORTED',
      name: 'TimeoutError',
    });
    expect(abortedError('the call', { reason: 'abort', cause: 7 })).toMatchObject({ name: 'AbortError', cause: 7 });
  });
});

describe('show', () => {
  it('shows a value in few words and never runs code of its own', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    );
    const shown: [unknown, string][] = [
      ['x', '"x"'],
      [1, '1'],
      [-0, '-0'],
      [1n, '1n'],
      [null, 'null'],
      [undefined, 'undefined'],
      [Symbol('s'), 'a symbol'],
      [() => {}, 'a function'],
      [new Map(), 'an instance of Map'],
      [Object.create(null), 'an instance of Object'],
      [hostile, 'an instance of Object'],
      ['y'.repeat(100), `"${'y'.repeat(40)}..."`],
    ];
    for (const [value, text] of shown) expect(show(value)).toBe(text);
  });
});
