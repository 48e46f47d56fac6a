// The channels of node:diagnostics_channel (docs/observability.md); wazero has nothing of the kind.
import { spawnSync } from 'node:child_process';
import { tracingChannel } from 'node:diagnostics_channel';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { CompileError, Runtime, Trap } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module $guest
  (import "env" "twice" (func $twice (param i32) (result i32)))
  (func (export "run") (param i32) (result i32) (call $twice (local.get 0)))
  (func (export "trap") unreachable))`);

const kinds = ['compile', 'instantiate', 'call', 'host'] as const;
type Heard = [kind: string, event: string, message: Record<string, unknown>];
const undo: (() => void)[] = [];
afterEach(() => {
  for (const stop of undo.splice(0)) stop();
});

/** What was heard on the channels: each message as it was at the event. */
function listen(...chosen: readonly (typeof kinds)[number][]): Heard[] {
  const heard: Heard[] = [];
  for (const kind of chosen) {
    const hear = (event: string) => (message: object) => {
      const { progress, ...rest } = message as Record<string, unknown>;
      heard.push([kind, event, rest]);
    };
    const subscribers = {
      start: hear('start'),
      end: hear('end'),
      asyncStart: hear('asyncStart'),
      asyncEnd: hear('asyncEnd'),
      error: hear('error'),
    };
    tracingChannel(`wazero:${kind}`).subscribe(subscribers);
    undo.push(() => tracingChannel(`wazero:${kind}`).unsubscribe(subscribers));
  }
  return heard;
}

async function withGuest<T>(twice: (value: number) => unknown, use: (runtime: Runtime) => Promise<T>): Promise<T> {
  await using runtime = new Runtime();
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(twice as (value: number) => number, ['i32'], ['i32'])
    .export('twice')
    .instantiate();
  return await use(runtime);
}

describe('tracing channels', () => {
  it('wazero:compile and wazero:instantiate tell of both lanes, and hand out nothing of the inside', async () => {
    await withGuest(
      (n) => n * 2,
      async (runtime) => {
        const heard = listen('compile', 'instantiate');
        await runtime.instantiate(guest);
        const compile = { byteLength: guest.byteLength, workers: 1 };
        expect(heard).toEqual([
          ['compile', 'start', compile],
          ['compile', 'end', compile],
          ['compile', 'asyncStart', { ...compile, result: undefined }],
          ['compile', 'asyncEnd', { ...compile, result: undefined }],
          ['instantiate', 'start', { module: 'guest' }],
          ['instantiate', 'end', { module: 'guest' }],
          ['instantiate', 'asyncStart', { module: 'guest', result: undefined }],
          ['instantiate', 'asyncEnd', { module: 'guest', result: undefined }],
        ]);
        heard.length = 0;
        runtime.compileModuleSync(guest).closeSync();
        expect(heard.map(([kind, event]) => [kind, event])).toEqual([
          ['compile', 'start'],
          ['compile', 'end'],
        ]);
        heard.length = 0;
        await expect(runtime.compileModule(new Uint8Array(3))).rejects.toThrow(CompileError);
        expect(heard.map(([, event]) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
        expect(heard.at(-1)?.[2].error).toBeInstanceOf(CompileError);
      },
    );
  });

  it.each(['call', 'callSync', 'exclusive'] as const)(
    '%s: context reaches wazero:call and wazero:host',
    async (lane) => {
      await withGuest(
        (n) => n * 2,
        async (runtime) => {
          const module = await runtime.instantiate(guest);
          const run = module.exportedFunction('run', ['i32'], ['i32']).withOptions({ context: 'tenant 1' });
          for (let i = 0; i < 5; i++) await (lane === 'callSync' ? run.callSync(1) : run.call(1)); // entered without Go, too
          const heard = listen('call', 'host');
          if (lane === 'exclusive')
            await module.exclusive((lent) => lent.exportedFunction('run', ['i32'], ['i32']).call(4), {
              context: 'tenant 1',
            });
          else expect(await run[lane](4)).toBe(8);
          expect(new Set(heard.map(([kind]) => kind))).toEqual(new Set(['call', 'host']));
          for (const [kind, event, message] of heard)
            expect([kind, event, message.context]).toEqual([kind, event, 'tenant 1']);
        },
      );
    },
  );

  it('wazero:call tells of each call, its context, result and error', async () => {
    await withGuest(
      (n) => n * 2,
      async (runtime) => {
        const module = await runtime.instantiate(guest);
        const heard = listen('call');
        const run = module.exportedFunction('run', ['i32'], ['i32']).withOptions({ context: 'tenant 1' });
        expect(await run.call(4)).toBe(8);
        const call = { module: 'guest', function: 'run', context: 'tenant 1' };
        expect(heard.map(([, event]) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
        expect(heard[0]?.[2]).toEqual(call);
        const number = expect.any(Number);
        const cost = { ranMs: number, waitedMs: number, memoryBytes: number };
        expect(heard[3]?.[2]).toEqual({ ...call, ...cost, result: 8 });
        heard.length = 0;
        expect(run.callSync(5)).toBe(10);
        expect(heard).toEqual([
          ['call', 'start', call],
          ['call', 'end', { ...call, ...cost, result: 10 }],
        ]);
        heard.length = 0;
        expect(() => module.exportedFunction('trap')?.callSync()).toThrow(Trap);
        expect(heard.map(([, event]) => event)).toEqual(['start', 'error', 'end']);
        heard.length = 0;
        const stack = new BigUint64Array([3n]);
        run.callWithStackSync(stack);
        await run.callWithStack(stack);
        expect(stack[0]).toBe(12n);
        expect(heard.filter(([, event]) => event === 'start')).toHaveLength(2);
      },
    );
  });

  it.each(['async', 'sync'] as const)('wazero:host tells of each host call (%s)', async (lane) => {
    await withGuest(
      (n) => n * 2,
      async (runtime) => {
        const run = (await runtime.instantiate(guest)).exportedFunction('run', ['i32'], ['i32']);
        const heard = listen('host');
        expect(lane === 'sync' ? run.callSync(2) : await run.call(2)).toBe(4);
        expect(heard).toEqual([
          ['host', 'start', { module: 'env', function: 'twice' }],
          ['host', 'end', { module: 'env', function: 'twice', result: 4 }],
        ]);
      },
    );
  });

  it('wazero:host follows a Promise, and asks a thenable once', async () => {
    let asked = 0;
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: that is the case
      then(resolve: (value: number) => void) {
        asked++;
        resolve(42);
      },
    };
    await withGuest(
      (n) => (n === 0 ? Promise.reject(new Error('no')) : thenable),
      async (runtime) => {
        const run = (await runtime.instantiate(guest)).exportedFunction('run', ['i32'], ['i32']);
        const heard = listen('host');
        expect(await run.call(1)).toBe(42);
        expect(asked).toBe(1);
        expect(heard.map(([, event]) => event)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
        expect(heard.at(-1)?.[2].result).toBe(42);
        heard.length = 0;
        await expect(run.call(0)).rejects.toThrow(Trap);
        expect(heard.map(([, event]) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
        expect(heard.at(-1)?.[2].error).toEqual(new Error('no'));
      },
    );
  });

  needsEdit('e9progress')('the message of a compilation says how far it is', async () => {
    const body = '(local.set 0 (i32.add (local.get 0) (i32.const 1)))'.repeat(200);
    const many = wat(`(module ${`(func (param i32) ${body})`.repeat(400)})`);
    const seen: { done: number; functions: number }[] = [];
    let compiling = true;
    const start = (message: object) => {
      const { progress } = message as { progress(): { done: number; functions: number } };
      const look = () => {
        seen.push(progress());
        if (compiling) setTimeout(look, 1);
      };
      look();
    };
    const subscribers = { start } as Parameters<ReturnType<typeof tracingChannel>['subscribe']>[0];
    tracingChannel('wazero:compile').subscribe(subscribers);
    undo.push(() => tracingChannel('wazero:compile').unsubscribe(subscribers));
    const counts: typeof seen = [];
    // On a busy machine a compilation may have ended before the first look.
    for (let i = 0; i < 20 && counts.length === 0; i++) {
      await using runtime = new Runtime();
      seen.length = 0;
      compiling = true;
      await runtime.compileModule(many);
      compiling = false;
      expect(seen[0]).toEqual({ done: 0, functions: 0 });
      counts.push(...seen.filter(({ functions }) => functions > 0));
    }
    for (const { done, functions } of counts) {
      expect(functions).toBe(400);
      expect(done).toBeGreaterThan(0);
      expect(done).toBeLessThanOrEqual(400);
    }
    expect(counts.map(({ done }) => done)).toEqual(counts.map(({ done }) => done).sort((a, b) => a - b));
    expect(counts.length).toBeGreaterThan(0);
  });

  it('NODE_DEBUG=wazero writes a line for each that has ended', () => {
    const script = fileURLToPath(new URL('../fixtures/processes/traced.mjs', import.meta.url));
    const env = { ...process.env, NODE_DEBUG: 'wazero' };
    const { status, stderr } = spawnSync(process.execPath, [script], { env, encoding: 'utf8', timeout: 30_000 });
    expect(status).toBe(0);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => line.replace(/^WAZERO \d+: /, '').replace(/[\d.]+ ms/, 'T ms'));
    expect(lines).toEqual([
      'instantiate "env", T ms',
      `compile ${guest.byteLength} bytes, T ms`,
      'instantiate "guest", T ms',
      'host env.twice, T ms',
      'call guest.run, T ms',
      'call guest.trap, T ms: Trap: wasm error: unreachable',
    ]);
  });
});
