/** Memory, Table, Global and Tag: made by JavaScript or by a guest, and given to others. */
import { describe, expect, it } from 'vitest';
import { both, exportsOf, withWebAssembly } from '../support/webassembly.js';

const outcome = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return (error as Error).name;
  }
};

describe('memories', () => {
  it('made by JavaScript are seen by a guest, and the other way round', async () => {
    const text = `(module (import "m" "mem" (memory 1 4)) (export "mem" (memory 0))
      (func (export "load") (param i32) (result i32) local.get 0 i32.load8_u)
      (func (export "grow") (result i32) i32.const 1 memory.grow))`;
    const [ours, theirs] = await both((W) => {
      const memory = new W.Memory({ initial: 1, maximum: 4 });
      const exports = exportsOf(W, text, { m: { mem: memory } });
      const before = memory.buffer;
      new Uint8Array(before)[7] = 99;
      return [
        exports.mem === memory,
        exports.load(7),
        memory.buffer === before,
        exports.grow(),
        before.byteLength,
        memory.buffer.byteLength,
        memory.grow(2),
        exports.load(7),
        outcome(() => memory.grow(1)),
        outcome(() => memory.grow(-1)),
      ];
    });
    expect(ours).toEqual(theirs);
  });

  it('descriptors are read as V8 reads them', async () => {
    const wrong = [
      undefined,
      null,
      1,
      {},
      { initial: -1 },
      { initial: 2, maximum: 1 },
      { initial: 65537 },
      { initial: NaN },
      { initial: '1' },
      { initial: 1, shared: true },
    ];
    const [ours, theirs] = await both((W) => wrong.map((one) => outcome(() => new W.Memory(one).buffer.byteLength)));
    expect(ours).toEqual(theirs);
  });
});

describe('tables', () => {
  it('of functions and of values: get, set, grow, length', async () => {
    const text = `(module (import "m" "t" (table 2 funcref)) (func $f (export "f") (result i32) i32.const 42)
      (func (export "call") (param i32) (result i32) local.get 0 call_indirect (result i32)))`;
    const [ours, theirs] = await both((W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 2, maximum: 5 });
      const { f, call } = exportsOf(W, text, { m: { t: table } });
      table.set(1, f);
      const values = new W.Table({ element: 'externref', initial: 2 }, 'x');
      values.set(0);
      return [
        [table.length, table.get(0), table.get(1) === f, call(1), outcome(() => call(0))],
        [table.grow(1, f), table.length, call(2), outcome(() => table.grow(9))],
        [outcome(() => table.set(9, null)), outcome(() => table.get(9)), outcome(() => table.set(0, () => {}))],
        [values.get(0), values.get(1), values.grow(1), values.get(2), values.length],
      ];
    });
    expect(ours).toEqual(theirs);
  });

  it('large, of one value: filled at once, not element by element', async () => {
    const value = {};
    const [ours, theirs] = await both((W) => {
      const { f } = exportsOf(W, '(module (func (export "f")))');
      const last = (element: string, ...given: unknown[]) =>
        new W.Table({ element, initial: 3_000_000 }, ...given).get(2_999_999);
      return [last('externref'), last('externref', value) === value, last('anyfunc', f) === f];
    });
    expect(ours).toEqual(theirs);
    expect(ours).toEqual([undefined, true, true]);
  });

  it('two instances call each other through one', async () => {
    await withWebAssembly({}, (W) => {
      const table = new W.Table({ element: 'anyfunc', initial: 2 });
      const a = exportsOf(W, '(module (func (export "f") (result i32) i32.const 1))');
      const b = exportsOf(W, '(module (func (export "f") (result i32) i32.const 2))');
      table.set(0, a.f);
      table.set(1, b.f);
      expect([table.get(0), table.get(1)]).toEqual([a.f, b.f]);
      const { call } = exportsOf(
        W,
        `(module (import "m" "t" (table 2 funcref))
        (func (export "call") (param i32) (result i32) local.get 0 call_indirect (result i32)))`,
        { m: { t: table } },
      );
      expect([call(0), call(1)]).toEqual([1, 2]);
    });
  });
});

describe('globals', () => {
  it('of every type, immutable or not', async () => {
    const values: Record<string, unknown[]> = {
      i32: [7, 1.5, undefined],
      i64: [7n, undefined],
      f32: [0.1, undefined],
      f64: [0.1, undefined],
      anyfunc: [null],
    };
    const [ours, theirs] = await both((W) =>
      Object.entries(values).flatMap(([value, list]) =>
        list.flatMap((initial) =>
          [true, false].map((mutable) => {
            const global = new W.Global({ value, mutable }, initial);
            return [global.value, global.valueOf(), outcome(() => (global.value = initial)), global.value];
          }),
        ),
      ),
    );
    expect(ours).toEqual(theirs);
  });

  it('are one with those of a guest', async () => {
    const text = `(module (import "m" "g" (global $g (mut i64))) (export "g" (global $g)) (global (export "own") (mut i32) (i32.const 5))
      (func (export "bump") global.get $g i64.const 1 i64.add global.set $g))`;
    const [ours, theirs] = await both((W) => {
      const g = new W.Global({ value: 'i64', mutable: true }, 41n);
      const exports = exportsOf(W, text, { m: { g } });
      exports.bump();
      exports.own.value = 6;
      return [g.value, exports.g === g, exports.own.value, outcome(() => (g.value = 1))];
    });
    expect(ours).toEqual(theirs);
  });
});

describe('tags and exceptions', () => {
  it('hold what they are made with', async () => {
    const [ours, theirs] = await both((W) => {
      const tag = new W.Tag({ parameters: ['i32', 'f32', 'externref'] });
      const made = new W.Exception(tag, ['3', 0.1, 'x']);
      return [
        [0, 1, 2].map((i) => made.getArg(tag, i)),
        made.is(tag),
        made.is(new W.Tag({ parameters: [] })),
        made instanceof Error,
        typeof made.stack,
        Object.getOwnPropertyNames(made),
        /^Error\n {4}at /.test(new W.Exception(tag, [1, 2, 3], { traceStack: true }).stack),
        outcome(() => new W.Exception(tag, [1, 2, 3], 5)),
        outcome(() => made.getArg(tag, 3)),
        outcome(() => new W.Tag({ parameters: ['x'] })),
      ];
    });
    expect(ours).toEqual(theirs);
  });
});

describe('exceptions of JavaScript in guests', () => {
  it('any value is one of JSTag to catch_all, a trap is none, and both come out as they were', async () => {
    // (func (export "all") (result i32) block try_table (catch_all 0) call $f end i32.const 0 return end i32.const 1), (func (export "through") call $f)
    const code = [
      ...[
        0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 8, 2, 0x60, 0, 0, 0x60, 0, 1, 0x7f, 2, 7, 1, 1, 0x6d, 1, 0x66, 0, 0, 3, 3,
        2, 1, 0,
      ],
      ...[7, 17, 2, 3, 0x61, 0x6c, 0x6c, 0, 1, 7, 0x74, 0x68, 0x72, 0x6f, 0x75, 0x67, 0x68, 0, 2],
      ...[
        10, 25, 2, 18, 0, 0x02, 0x40, 0x1f, 0x40, 1, 2, 0, 0x10, 0, 0x0b, 0x41, 0, 0x0f, 0x0b, 0x41, 1, 0x0b, 4, 0,
        0x10, 0, 0x0b,
      ],
    ];
    await withWebAssembly({}, (W) => {
      const module = new W.Module(new Uint8Array(code));
      const { trap } = exportsOf(W, '(module (func (export "trap") unreachable))');
      const tag = new W.Tag({ parameters: ['i32'] });
      for (const thrown of [new Error('x'), 'text', undefined, new W.Exception(tag, [1])]) {
        const { all, through } = new W.Instance(module, {
          m: {
            f: () => {
              throw thrown;
            },
          },
        }).exports;
        expect(all()).toBe(1);
        let caught: unknown = 'nothing';
        try {
          through();
        } catch (error) {
          caught = error;
        }
        expect(caught).toBe(thrown);
      }
      const { all } = new W.Instance(module, { m: { f: trap } }).exports;
      expect(() => all()).toThrow(W.RuntimeError);
      const nested = new W.Instance(module, { m: { f: () => trap() } }).exports;
      expect(() => nested.all()).toThrow(W.RuntimeError);
    });
  });
});

it('a function that nobody exported is imported by another guest', async () => {
  const owner = `(module (table (export "t") 1 funcref) (elem (i32.const 0) $hidden)
    (func $hidden (param i32) (result i32) (i32.add (local.get 0) (i32.const 40))))`;
  const user = `(module (import "m" "f" (func $f (param i32) (result i32))) (export "f" (func $f))
    (func (export "call") (param i32) (result i32) (call $f (local.get 0))))`;
  const [ours, theirs] = await both((W) => {
    const hidden = exportsOf(W, owner).t.get(0);
    const exports = exportsOf(W, user, { m: { f: hidden } });
    return [
      exports.call(2),
      exports.f === hidden,
      hidden(1),
      outcome(() => exportsOf(W, user.replaceAll('(result i32)', '(result i64)'), { m: { f: hidden } })),
    ];
  });
  expect(ours).toEqual(theirs);
});
