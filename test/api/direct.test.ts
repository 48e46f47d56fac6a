// Synchronous calls without Go (edit e5): after a few calls a function is entered by C++. Whatever happens in a call is the same before and
// after that, so every scenario here runs several times, and says the same each time.
import { setImmediate as turn } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { hasEdit, needsEdit } from '../support/edits.js';
import { closedAfterEach } from '../support/guests.js';
import {
  binding,
  type CallerModule,
  type ExitError,
  type Module,
  Runtime,
  RuntimeConfig,
  Trap,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** How often C++ was asked to enter a function. */
let entered = 0;
beforeAll(() => {
  const native = binding() as { directCall(): string | undefined };
  const { directCall } = native;
  native.directCall = () => {
    entered++;
    return directCall();
  };
});

const runtimes = closedAfterEach();

type Fn = (...args: never[]) => unknown;
interface World {
  runtime: Runtime;
  module: Module;
  call(name: string, ...args: unknown[]): unknown;
}
/** A guest with host functions `env.f`; those of `lent` get their caller first. */
async function world(
  text: string,
  types: { f?: [string[], string[], Fn]; lent?: [string[], string[], Fn] } = {},
  config = new RuntimeConfig(),
) {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  const builder = runtime.newHostModuleBuilder('env');
  if (types.f)
    builder
      .newFunctionBuilder()
      .withFunction(types.f[2] as never, types.f[0] as never, types.f[1] as never)
      .export('f');
  if (types.lent)
    builder
      .newFunctionBuilder()
      .withModuleFunction(types.lent[2] as never, types.lent[0] as never, types.lent[1] as never)
      .export('lent');
  await builder.instantiate();
  const module = await runtime.instantiate(wat(text));
  const call = (name: string, ...args: unknown[]) => module.exportedFunction(name)!.callSync(...(args as []));
  return { runtime, module, call } satisfies World;
}

/** The same action several times; with e5 the last ones are entered by C++. */
function repeatedly(action: (round: number) => void, direct = hasEdit('e5')): void {
  const before = entered;
  for (let round = 0; round < 7; round++) action(round);
  expect(entered > before).toBe(direct && process.env.WAZERO_NODE_DIRECT !== '0');
}
const interruptible = () => new RuntimeConfig().withCloseOnContextDone(true);

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

const hosted = `(module (import "env" "f" (func $f (param i32) (result i32))) (memory (export "memory") 1 10)
  (func (export "twice") (param i32) (result i32) (i32.add (call $f (call $f (local.get 0))) (local.get 0)))
  (func (export "one") (param i32) (result i32) (call $f (local.get 0))))`;

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

describe('an end', () => {
  it('by a trap has the same message and frames', async () => {
    const { call } = await world(`(module (memory 1) (func $inner (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "load") (param i32) (result i32) (call $inner (local.get 0)))
      (func $deep (export "deep") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))`);
    const messages = new Set<string>();
    repeatedly(() => {
      expect(call('load', 8)).toBe(0);
      const trap = thrown(() => call('load', 65_536)) as Trap;
      messages.add(trap.message + trap.frames.map((frame) => frame.function));
      for (const depth of [10, 1000, 20_000, 100_000]) expect(call('deep', depth)).toBe(depth);
      expect((thrown(() => call('deep', 1e9)) as Trap).kind).toBe('stack overflow');
    });
    expect(messages.size).toBe(1);
  });

  it('at the limit of the call stack comes at the same depth', async () => {
    const guest = `(module (global $n (export "n") (mut i32) (i32.const 0)) (func $deep (export "deep") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $deep) (global.set $n (global.get $n))))`;
    for (const callStackBytes of [20_000, 100_000, 400_000]) {
      const { call, module } = await world(guest, {}, new RuntimeConfig().withLimits({ callStackBytes }));
      const depths: number[] = [];
      repeatedly(() => {
        module.exportedGlobal('n')!.set(0);
        expect((thrown(() => call('deep')) as Trap).kind).toBe('stack overflow');
        depths.push(module.exportedGlobal('n')!.get() as number);
      });
      expect(Math.max(...depths) - Math.min(...depths)).toBeLessThanOrEqual(4); // what the first stack does not use for alignment
    }
  });

  it.each([true, false])('by close() in a host function (closeOnContextDone %s)', async (closeOnContextDone) => {
    for (const rounds of [0, 5]) {
      let close = false;
      const { module, call } = await world(
        hosted,
        {
          f: [
            ['i32'],
            ['i32'],
            (x: number) => {
              if (close) void module.closeWithExitCode(3);
              return x + 1;
            },
          ],
        },
        new RuntimeConfig().withCloseOnContextDone(closeOnContextDone),
      );
      for (let i = 0; i < rounds; i++) expect(call('twice', 1)).toBe(4);
      close = true;
      if (closeOnContextDone)
        expect(thrown(() => call('twice', 1))).toMatchObject({
          code: 'ERR_WAZERO_EXIT',
          exitCode: 3,
          reason: 'close',
        });
      else expect(call('twice', 1)).toBe(4);
      expect(module.isClosed).toBe(true);
      expect(thrown(() => call('twice', 1))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    }
  });

  needsEdit('e5')('by the guest itself, after calls that were entered directly', async () => {
    for (const exitCode of [0, 7]) {
      const runtime = new Runtime(interruptible());
      runtimes.push(runtime);
      await wasi.instantiate(runtime);
      const module = await runtime.instantiate(
        wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "maybe") (param i32) (result i32) (if (i32.ge_s (local.get 0) (i32.const 0)) (then (call $exit (local.get 0)))) (i32.const 1)))`),
      );
      const maybe = module.exportedFunction('maybe', ['i32'], ['i32']);
      repeatedly(() => expect(maybe.callSync(-1)).toBe(1));
      const error = thrown(() => maybe.callSync(exitCode)) as ExitError;
      expect([error.exitCode, error.reason]).toEqual([exitCode, 'exit']);
      expect(module.isClosed).toBe(true);
      await turn();
      expect(thrown(() => maybe.callSync(-1))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    }
  });

  it('by the exit of a nested call ends the outer one', async () => {
    for (const rounds of [0, 5]) {
      const runtime = new Runtime();
      runtimes.push(runtime);
      await wasi.instantiate(runtime);
      let exit = false;
      const module: Module = await (async () => {
        await runtime
          .newHostModuleBuilder('env')
          .newFunctionBuilder()
          .withFunction(
            () => {
              if (exit) thrown(() => module.exportedFunction('exit')!.callSync());
            },
            [],
            [],
          )
          .export('f')
          .instantiate();
        return runtime.instantiate(
          wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (import "env" "f" (func $f))
          (func (export "exit") (call $exit (i32.const 9))) (func (export "run") (result i32) (call $f) (call $f) (i32.const 1)))`),
        );
      })();
      const run = module.exportedFunction('run', [], ['i32']);
      for (let i = 0; i < rounds; i++) expect(run.callSync()).toBe(1);
      exit = true;
      expect(thrown(() => run.callSync())).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: 9, reason: 'exit' });
    }
  });
});

it('a deadline takes the call through Go, and the next one is direct again', async () => {
  const { module } = await world(
    '(module (func (export "run") (param i32) (loop $l (br_if $l (local.get 0)))))',
    {},
    interruptible(),
  );
  const run = module.exportedFunction('run', ['i32'], []);
  repeatedly(() => {
    run.callSync(0);
    run.withOptions({ timeoutMs: 1000 }).callSync(0);
  });
  expect((await endingOnceBegun(() => run.withOptions({ timeoutMs: 20 }).callSync(1))).error).toMatchObject({
    reason: 'timeout',
  });
});

it('context reaches the host function', async () => {
  const seen: unknown[] = [];
  const { module } = await world('(module (import "env" "lent" (func $f)) (func (export "run") (call $f)))', {
    lent: [[], [], (caller: CallerModule) => void seen.push(caller.context)],
  });
  repeatedly((round) => module.exportedFunction('run')!.withOptions({ context: round }).callSync());
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

it('a linked module asks as itself, and functions that are exported again go through Go', async () => {
  const names: string[] = [];
  const { runtime } = await world('(module)', {
    lent: [[], [], (caller: CallerModule) => void names.push(caller.name)],
  });
  const inner = '(module (import "env" "lent" (func $f)) (func (export "ask") (call $f)))';
  const { ModuleConfig } = await import('../support/package.js');
  await runtime.instantiate(wat(inner), new ModuleConfig().withName('inner'));
  const outer = await runtime.instantiate(
    wat('(module (import "inner" "ask" (func $ask)) (export "again" (func $ask)) (func (export "run") (call $ask)))'),
    new ModuleConfig().withName('outer'),
  );
  repeatedly(() => outer.exportedFunction('run')!.callSync());
  repeatedly(() => outer.exportedFunction('again')!.callSync(), false);
  expect(new Set(names)).toEqual(new Set(['inner']));
});
