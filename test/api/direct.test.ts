// Synchronous calls without Go (edit e5): after a few calls a function is entered by C++. Whatever happens in a call is the same before and
// after that, so every scenario here runs several times, and says the same each time.
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hosted, repeatedly, thrown, world } from '../support/direct-calls.js';
import { type CallerModule, Trap } from '../support/package.js';

describe('values', () => {
  const echo = (type: string) => `(func (export "${type}") (param ${type}) (result ${type}) (local.get 0))`;
  it('cross as they are', async () => {
    const { call } = await world(`(module ${['i32', 'i64', 'f32', 'f64'].map(echo).join('')}
      (func (export "many") (param i32 i64 f32 f64) (result f64 f32 i64 i32) (local.get 3) (local.get 2) (local.get 1) (local.get 0))
      (func (export "none")))`);
    repeatedly(() => {
      for (const [given, want] of [
        [0, 0],
        [-1, -1],
        [2 ** 31, -(2 ** 31)],
        [2 ** 32 - 1, -1],
        [-0, 0],
      ])
        expect(call('i32', given)).toBe(want);
      for (const given of [0n, -(2n ** 63n), 2n ** 63n - 1n]) expect(call('i64', given)).toBe(given);
      expect(call('i64', 2n ** 64n - 1n)).toBe(-1n);
      for (const given of [1.5, -0, Number.NaN, Infinity]) expect(call('f32', given)).toBe(given);
      for (const given of [0.1, -0, Number.NaN, Number.MAX_VALUE]) expect(call('f64', given)).toBe(given);
      expect(call('many', -5, -6n, 0.5, 0.1)).toEqual([0.1, 0.5, -6n, -5]);
      expect(call('none')).toBeUndefined();
    });
  });

  it('that are wrong are refused in the same words', async () => {
    const { call } = await world(`(module ${['i32', 'i64', 'f32', 'f64'].map(echo).join('')})`);
    for (const [type, value] of [
      ['i32', 1.5],
      ['i32', 2 ** 32],
      ['i32', '1'],
      ['i32', Number.NaN],
      ['i64', 1],
      ['i64', 2n ** 64n],
      ['f32', 1n],
      ['f64', null],
      ['f64'],
    ]) {
      const messages = new Set<string>();
      const args = value === undefined && type === 'f64' ? [] : [value];
      for (let i = 0; i < 4; i++) call(type as string, ...(type === 'i64' ? [1n] : [1]));
      for (let i = 0; i < 4; i++) messages.add(String(thrown(() => call(type as string, ...args))));
      expect(messages.size).toBe(1);
    }
  });

  it('of reference types and v128 cross, too', async () => {
    const { call } = await world(`(module ${echo('externref')}
      (func (export "v128") (param v128) (result v128) (local.get 0)))`);
    const value = {};
    repeatedly(() => {
      expect(call('externref', value)).toBe(value);
      expect(call('externref', null)).toBe(null);
      expect(
        call(
          'v128',
          Uint8Array.from({ length: 16 }, (_, i) => i),
        ),
      ).toEqual(Uint8Array.from({ length: 16 }, (_, i) => i));
    });
  });
});

describe('a host function', () => {
  it('answers, throws and is refused as through Go', async () => {
    let answer: unknown = 5;
    const { call } = await world(hosted, {
      f: [
        ['i32'],
        ['i32'],
        (x: number) =>
          answer instanceof Error
            ? (() => {
                throw answer;
              })()
            : answer === 'x'
              ? x + 1
              : answer,
      ],
    });
    repeatedly(() => {
      answer = 'x';
      expect(call('twice', 7)).toBe(16);
      for (const wrong of [1.5, undefined, 'no', 2n]) {
        answer = wrong;
        const trap = thrown(() => call('twice', 7)) as Trap;
        expect(trap).toBeInstanceOf(Trap);
        expect(trap.kind).toBe('host function');
        expect((trap.cause as Error).message).toContain('the result of env.f');
        expect(trap.frames.map((frame) => frame.function)).toEqual(['env.f', '.$1']);
      }
      answer = new RangeError('mine');
      expect((thrown(() => call('twice', 7)) as Trap).cause).toBe(answer);
      answer = Promise.reject(new Error('late'));
      const late = thrown(() => call('twice', 7)) as Trap;
      expect(late.cause).toMatchObject({ code: 'ERR_WAZERO_WOULD_BLOCK' });
    });
  });

  it('may call the module again, through any handle, as deep as it likes', async () => {
    const { module, call } = await world(hosted, {
      f: [
        ['i32'],
        ['i32'],
        (n: number) => (n === 0 ? 100 : (module.exportedFunction('one')!.callSync(n - 1) as number) + 1),
      ],
    });
    repeatedly(() => {
      expect(call('one', 20)).toBe(120);
      expect(call('twice', 1)).toBe(202);
    });
  });

  it('and its caller: nested calls end in time, and a lease ends with the answer', async () => {
    let kept: CallerModule | undefined;
    const { call } = await world(
      `(module (import "env" "lent" (func $f (param i32) (result i32))) (memory (export "memory") 1)
        (func (export "store") (param i32) (i32.store (i32.const 0) (local.get 0)))
        (func (export "run") (param i32) (result i32) (drop (call $f (local.get 0))) (i32.load (i32.const 0))))`,
      {
        lent: [
          ['i32'],
          ['i32'],
          (caller: CallerModule, n: number) => {
            kept = caller;
            caller.exportedFunction('store')!.callSync(...([n * 2] as never[]));
            return caller.memory!.readUint32Le(0);
          },
        ],
      },
    );
    repeatedly((round) => {
      expect(call('run', round)).toBe(round * 2);
      expect(thrown(() => kept!.exportedFunction('store')!.callSync(...([1] as never[])))).toMatchObject({
        code: 'ERR_WAZERO_CLOSED',
      });
    });
  });

  it('sees a memory that the guest has grown, and grows it', async () => {
    const { module, call } = await world(
      `(module (import "env" "f" (func $f (param i32) (result i32))) (memory (export "memory") 1 100)
        (func (export "grow") (param i32) (result i32)
          (drop (memory.grow (i32.const 1))) (drop (call $f (i32.const 0)))
          (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)) (local.get 0)) (memory.size)))`,
      { f: [[`i32`], ['i32'], () => module.memory!.grow(1)] },
    );
    repeatedly((round) => {
      const old = module.memory!.buffer;
      expect(call('grow', round)).toBe(3 + 2 * round);
      expect(old.byteLength).toBe(0);
      const { buffer } = module.memory!;
      expect(new Uint32Array(buffer).at(-1)).toBe(round);
    });
  });

  it('queues a call() that starts when this one has ended', async () => {
    const pending: Promise<unknown>[] = [];
    const { module, call } = await world(hosted, {
      f: [
        ['i32'],
        ['i32'],
        (x: number) => {
          if (x === 0) pending.push(module.exportedFunction('one')!.call(...([41] as never[])));
          return x + 1;
        },
      ],
    });
    repeatedly(() => expect(call('one', 5)).toBe(6));
    expect(call('one', 0)).toBe(1);
    expect(thrown(() => call('one', 1))).toMatchObject({ code: 'ERR_WAZERO_BUSY' });
    expect(await Promise.all(pending)).toEqual([42]);
    await turn();
    expect(call('one', 5)).toBe(6);
  });
});
