/** RuntimeConfig.withFuel: what calls cost, exactly, in every lane and on both engines, and what becomes of those that would cost more than they may. */
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { closedAfterEach, interruptible } from '../support/guests.js';
import { type CallerModule, type Module, Runtime, RuntimeConfig, type Trap } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const runtimes = closedAfterEach();
const test = needsEdit('e12fuel');
const outOfFuel = { name: 'Trap', code: 'ERR_WAZERO_TRAP', kind: 'out of fuel' };

type Host = (caller: CallerModule, value: number) => unknown;
async function guestOf(text: string, config: RuntimeConfig, host: Host = (_, value) => value): Promise<Module> {
  const runtime = new Runtime(config.withFuel(true));
  runtimes.push(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(host as never, ['i32'], ['i32'])
    .export('host')
    .instantiate();
  return runtime.instantiate(wat(text));
}

type Lane = 'call' | 'callSync';
const ends = async (module: Module, lane: Lane, fuel: bigint, name: string, ...args: unknown[]) => {
  try {
    await module
      .exportedFunction(name)!
      .withOptions({ fuel })
      [lane](...(args as []));
    return true;
  } catch (error) {
    if ((error as Trap).kind !== 'out of fuel') throw error;
    return false;
  }
};
/** The least that the call ends with. */
async function cost(module: Module, lane: Lane, name: string, ...args: unknown[]): Promise<bigint> {
  let most = 1n;
  while (!(await ends(module, lane, most, name, ...args))) most *= 2n;
  let least = 0n;
  while (least < most) {
    const middle = (least + most) / 2n;
    if (await ends(module, lane, middle, name, ...args)) most = middle;
    else least = middle + 1n;
  }
  return least;
}

// Each entry of a function costs 1; nop, drop, block, loop, else, end, return and unreachable cost nothing, all else 1.
const costs = `(module (import "env" "host" (func $host (param i32) (result i32)))
  (memory 1) (table 10 funcref) (type $v (func (result i32))) (elem (i32.const 0) $seven)
  (global $g (mut i32) (i32.const 0))
  (func $seven (result i32) (i32.const 7))
  (func (export "empty"))
  (func (export "free") (nop) (block (block (drop (i32.const 1)))) (return))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "loop") (param i32) (local i32)
    (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (nop))
  (func (export "while") (param i32)
    (block $end (loop $l (br_if $end (i32.eqz (local.get 0))) (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br $l)))
    (global.set $g (i32.const 1)))
  (func (export "if") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 2)))) (i32.clz))
  (func (export "unless") (param i32) (if (local.get 0) (then (global.set $g (i32.const 1)) (return))) (global.set $g (i32.const 2)) (global.set $g (i32.const 3)))
  (func (export "switch") (param i32)
    (block $c (block $b (block $a (br_table $a $b $c (local.get 0))) (global.set $g (i32.const 1)) (br $c))
      (global.set $g (i32.const 1)) (global.set $g (i32.const 1))))
  (func (export "fill") (param i32) (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))
  (func (export "copy") (param i32) (memory.copy (i32.const 0) (i32.const 1) (local.get 0)))
  (func (export "tables") (param i32) (table.copy (i32.const 1) (i32.const 0) (local.get 0)))
  (func (export "grow") (drop (memory.grow (i32.const 1))))
  (func (export "indirect") (drop (call_indirect (type $v) (i32.const 0))))
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func $tail (export "tail") (param i32) (if (local.get 0) (then (return_call $tail (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "hosts") (param i32) (drop (call $host (call $host (local.get 0)))))
  (func $endless (export "endless") (loop $l (br $l)))
  (func (export "recurse") (call $recurse)) (func $recurse (call $recurse)))`;
const exact: [name: string, args: number[], cost: bigint][] = [
  ['empty', [], 1n],
  ['free', [], 2n],
  ['add', [1, 2], 4n],
  ['loop', [1], 10n],
  ['loop', [100], 901n],
  ['while', [0], 6n],
  ['while', [10], 6n + 80n],
  ['if', [1], 5n],
  ['if', [0], 7n],
  ['unless', [1], 5n],
  ['unless', [0], 7n],
  ['switch', [0], 6n],
  ['switch', [1], 7n],
  ['switch', [2], 3n],
  ['fill', [0], 5n],
  ['fill', [15], 5n],
  ['fill', [16], 6n],
  ['fill', [1600], 105n],
  ['copy', [1600], 105n],
  ['tables', [8], 13n],
  ['grow', [], 3n],
  ['indirect', [], 5n],
  ['fib', [1], 6n],
  ['fib', [10], 1766n],
  ['tail', [10], 3n + 10n * 7n],
  ['hosts', [3], 4n],
];

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  const config = () => interruptible(engine);

  test('a dozen guests cost what they should, with polls and without, on the JS thread and off it', async () => {
    for (const each of [config(), config().withCloseOnContextDone(false)]) {
      const module = await guestOf(costs, each);
      for (const lane of ['callSync', 'call'] as const)
        for (const [name, args, expected] of exact)
          expect(await cost(module, lane, name, ...args), `${lane} ${name}(${args})`).toBe(expected);
    }
  });

  test('usage has what was executed, in each lane; of a Trap what was charged, and no more than its budget', async () => {
    const module = await guestOf(costs, config(), (caller, value) => {
      if (value === 77) caller.chargeFuel(100n);
      return value;
    });
    let fuel = 0n;
    for (const lane of ['callSync', 'call'] as const)
      for (let round = 0; round < 7; round++) {
        for (const [name, args, cost] of exact) {
          if (name === 'grow') continue;
          await module.exportedFunction(name)![lane](...args);
          fuel += cost;
          expect(module.usage().fuel, `${lane} ${name}`).toBe(fuel);
        }
        await module.exportedFunction('hosts')![lane](77);
        fuel += 204n;
        await errorOf(() => module.exportedFunction('endless')!.withOptions({ fuel: 1000n })[lane]());
        fuel += 1000n;
        expect(module.usage().fuel).toBe(fuel);
      }
  });

  test('out of fuel: a Trap with frames, the module stays open; with withCloseOnTrap it is closed', async () => {
    const module = await guestOf(costs, config());
    for (const lane of ['callSync', 'call'] as const)
      for (let round = 0; round < 6; round++)
        for (const name of ['endless', 'recurse']) {
          const trap = (await errorOf(() =>
            module.exportedFunction(name)!.withOptions({ fuel: 1000n })[lane](),
          )) as Trap;
          expect(trap).toMatchObject(outOfFuel);
          expect(trap.message).toMatch(/^wasm error: out of fuel\nwasm stack trace:\n\t/);
          expect(trap.frames[0]!.function).toContain(name);
          expect(module.isClosed).toBe(false);
          expect(module.exportedFunction('add')!.callSync(1, 2)).toBe(3);
        }
    const closing = await guestOf(costs, config().withCloseOnTrap(true));
    await expect(closing.exportedFunction('endless')!.withOptions({ fuel: 1n }).call()).rejects.toMatchObject(
      outOfFuel,
    );
    expect(closing.isClosed).toBe(true);
  });

  test('0 is allowed; what is no budget is refused; without withFuel(true) there is none', async () => {
    const module = await guestOf(costs, config());
    const f = module.exportedFunction('empty')!;
    expect(() => f.withOptions({ fuel: 0n }).callSync()).toThrow(expect.objectContaining(outOfFuel));
    f.withOptions({ fuel: 2n ** 63n - 2n }).callSync();
    for (const fuel of [-1n, 2n ** 63n - 1n, -1, Number.NaN])
      expect(() => f.withOptions({ fuel: fuel as bigint })).toThrow(RangeError);
    for (const fuel of [1, '1', null]) expect(() => f.withOptions({ fuel: fuel as never })).toThrow(TypeError);
    const runtime = new Runtime(config());
    runtimes.push(runtime);
    const plain = await runtime.instantiate(
      wat(costs.replace('(import "env" "host" (func', '(func').replace(')))', ') (local.get 0))')),
    );
    expect(() => plain.exportedFunction('empty')!.withOptions({ fuel: 1n })).toThrow(
      expect.objectContaining({
        code: 'ERR_WAZERO_INVALID_ARGUMENT',
        message: expect.stringContaining('withFuel(true)'),
      }),
    );
  });

  test('a host function charges: before the work, and what it catches changes nothing', async () => {
    const caught: unknown[] = [];
    const module = await guestOf(costs, config(), (caller, value) => {
      try {
        caller.chargeFuel(BigInt(value));
      } catch (error) {
        caught.push(error);
      }
      return value;
    });
    for (const lane of ['callSync', 'call'] as const) {
      expect(await cost(module, lane, 'hosts', 50)).toBe(104n);
      caught.length = 0;
      for (let round = 0; round < 6; round++) {
        const call = module.exportedFunction('hosts')!.withOptions({ fuel: 60n });
        expect(await errorOf(() => call[lane](50))).toMatchObject({
          ...outOfFuel,
          frames: [{ function: expect.any(String) }, { function: expect.any(String) }],
        });
      }
      expect(caught.length).toBe(6);
      expect(caught[0]).toMatchObject(outOfFuel);
    }
    let kept: CallerModule | undefined;
    const wrong = await guestOf(costs, config(), (caller) => {
      kept = caller;
      expect(() => caller.chargeFuel(-1n)).toThrow(RangeError);
      expect(() => caller.chargeFuel(1 as never)).toThrow(TypeError);
      return 0;
    });
    wrong.exportedFunction('hosts')!.callSync(1);
    expect(() => kept!.chargeFuel(1n)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  });

  test('calls that are nested in a host function share the budget, or have a smaller one of their own', async () => {
    let inner: bigint | undefined;
    const seen: unknown[] = [];
    const nested: Record<Lane, Host> = {
      callSync: (caller, value) => {
        const f = caller.exportedFunction('loop')!;
        try {
          (inner === undefined ? f : f.withOptions({ fuel: inner })).callSync(value);
        } catch (error) {
          seen.push((error as Trap).kind);
        }
        return value;
      },
      call: async (caller, value) => {
        const f = caller.exportedFunction('loop')!;
        try {
          await (inner === undefined ? f : f.withOptions({ fuel: inner })).call(value);
        } catch (error) {
          seen.push((error as Trap).kind);
        }
        return value;
      },
    };
    for (const lane of ['callSync', 'call'] as const) {
      const module = await guestOf(costs, config(), nested[lane]);
      inner = undefined;
      expect(await cost(module, lane, 'hosts', 10)).toBe(4n + 2n * 91n);
      inner = 5n; // both nested calls run out of their own, which is all that they cost
      seen.length = 0;
      expect(await cost(module, lane, 'hosts', 10)).toBe(4n + 2n * 5n);
      inner = 1_000_000n; // which is more than there is
      expect(await cost(module, lane, 'hosts', 10)).toBe(4n + 2n * 91n);
      expect(new Set(seen)).toEqual(new Set(['out of fuel']));
    }
  });

  test('the calls of a conversation share its fuel', async () => {
    const module = await guestOf(costs, config());
    const add = await cost(module, 'call', 'add', 1, 2);
    const calls = async (fuel: bigint, most = 10, own?: bigint) => {
      let done = 0;
      const error = await errorOf(() =>
        module.exclusive(
          async (lent) => {
            const fn = lent.exportedFunction('add', ['i32', 'i32'], ['i32']);
            const limited = own === undefined ? fn : fn.withOptions({ fuel: own });
            for (; done < most; done++) await limited.call(1, 2);
            throw new Error('as many as were wanted');
          },
          { fuel },
        ),
      );
      return [done, (error as Trap).kind];
    };
    expect(await calls(3n * add)).toEqual([3, 'out of fuel']);
    expect(await calls(4n * add - 1n)).toEqual([3, 'out of fuel']);
    expect(await calls(10n * add)).toEqual([10, undefined]);
    expect(await calls(0n)).toEqual([0, 'out of fuel']);
    expect(await calls(10n * add, 10, add - 1n)).toEqual([0, 'out of fuel']); // its own is less
    expect(await calls(3n * add, 10, 100n * add)).toEqual([3, 'out of fuel']);
    // Whatever a conversation had is no matter to the next, and one in another shares with that.
    const nested = await module.exclusive(
      (lent) =>
        lent.exclusive(
          async (inner) => {
            await inner.exportedFunction('add')!.call(1, 2);
            return errorOf(() => inner.exportedFunction('add')!.call(1, 2));
          },
          { fuel: 100n * add },
        ),
      { fuel: 2n * add - 1n },
    );
    expect(nested).toMatchObject(outOfFuel);
    expect(await cost(module, 'callSync', 'add', 1, 2)).toBe(add);
  });

  test('start functions, and modules of an image', async () => {
    const text = `(module (import "env" "host" (func (param i32) (result i32)))
      (memory 1) (func $start (local i32) (local.set 0 (i32.const 10)) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (start $start) (func (export "ok")))`;
    await guestOf(costs, config());
    const runtime = runtimes.at(-1)!;
    const compiled = await runtime.compileModule(wat(text));
    const start = 1n + 2n + 10n * 5n;
    const make = (fuel: bigint) => runtime.instantiateModule(compiled, undefined, { fuel });
    await (await make(start)).close();
    await expect(make(start - 1n)).rejects.toMatchObject(outOfFuel);
    const image = await (await make(start)).freeze({ fuel: 0n }); // which executes nothing, as reset
    const clone = await runtime.instantiateModule(image);
    expect(await cost(clone, 'callSync', 'ok')).toBe(1n);
    await clone.reset({ fuel: 0n });
    await clone.exportedFunction('ok')!.call(); // and leaves none behind
    await using other = new Runtime();
    const uncounted = await other.instantiate(wat('(module)'));
    for (const refused of [uncounted.freeze({ fuel: 1n }), uncounted.exclusive(() => 0, { fuel: 1n })])
      await expect(refused).rejects.toThrow(TypeError);
    expect(await cost(clone, 'call', 'ok')).toBe(1n);
    image.close();
  });
});

it('withFuel takes a boolean', () => {
  expect(() => new RuntimeConfig().withFuel(1 as never)).toThrow(TypeError);
});
