// Images of guests that wait in a host function, stack and all. What stands in the way is in images-waiting-refused.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { needsStacks } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  experimental,
  type Module,
  ModuleConfig,
  type ModuleImage,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const folder = mkdtempSync(join(tmpdir(), 'node-wazero-waiting-'));
afterAll(() => rmSync(folder, { recursive: true }));

// Each frame keeps values of its own across the call, and adds them up afterwards.
const guest = wat(`(module
  (import "env" "ask" (func $ask (param i32) (result i64)))
  (import "env" "pair" (func $pair (result i32 f64)))
  (memory (export "memory") 2 40)
  (global $sum (export "sum") (mut i64) (i64.const 0))
  (global $asked (export "asked") (mut i32) (i32.const 0))
  (func $down (param $n i32) (param $x i64) (param $d f64) (result i64 f64) (local $own i64) (local $v v128)
    (local.set $own (i64.mul (local.get $x) (i64.const 31)))
    (local.set $v (i64x2.splat (local.get $own)))
    (if (result i64 f64) (i32.eqz (local.get $n))
      (then (global.set $asked (i32.add (global.get $asked) (i32.const 1)))
        (call $ask (i32.const 7)) (local.get $d))
      (else (call $down (i32.sub (local.get $n) (i32.const 1)) (local.get $own) (f64.add (local.get $d) (f64.const 0.5)))))
    (local.set $d)
    (i64.add (i64.xor (local.get $own) (i64x2.extract_lane 1 (local.get $v))))
    (i64.add (local.get $x))
    (local.get $d))
  (func (export "run") (param $n i32) (result i64)
    (i64.store (i32.const 70000) (i64.const 99))
    (call $down (local.get $n) (i64.const 3) (f64.const 1))
    (drop) (global.set $sum) (global.get $sum))
  (func (export "twice") (param $n i32) (result i64)
    (drop (call $down (local.get $n) (i64.const 3) (f64.const 1)))
    (call $down (local.get $n) (i64.const 3) (f64.const 1))
    (drop) (global.set $sum (i64.add)) (global.get $sum))
  (func (export "ofPair") (result f64) (local $d f64)
    (call $pair) (local.set $d) (f64.convert_i32_s) (local.get $d) (f64.add)
    (i64.store (i32.const 8) (i64.reinterpret_f64 (f64.load (i32.const 16))))
    (local.set $d) (f64.store (i32.const 16) (local.get $d)) (local.get $d))
  (func (export "trap") (drop (call $ask (i32.const 1))) (unreachable))
  (func (export "spin") (drop (call $ask (i32.const 1))) (loop (br 0)))
  (func (export "idle") (result i32) (i32.const 5)))`);

interface Seen {
  images: ModuleImage[];
  answer: bigint;
  pair: [number, number];
  ask: ((caller: CallerModule, n: number) => unknown) | undefined;
}
async function open(config = RuntimeConfig.compiler()) {
  const runtime = new Runtime(config);
  const seen: Seen = { images: [], answer: 1n, pair: [1, 2], ask: undefined };
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(
      async (caller, n) => {
        if (seen.ask) return (await seen.ask(caller, n)) as bigint;
        return seen.answer;
      },
      ['i32'],
      ['i64'],
    )
    .export('ask')
    .newFunctionBuilder()
    .withModuleFunction(
      async (caller) => {
        seen.images.push(await caller.freeze());
        return seen.pair;
      },
      [],
      ['i32', 'f64'],
    )
    .export('pair')
    .instantiate();
  const compiled = await runtime.compileModule(guest);
  const freezing = async (caller: CallerModule) => {
    seen.ask = undefined;
    seen.images.push(await caller.freeze());
    return seen.answer;
  };
  return { runtime, seen, compiled, freezing, config: new ModuleConfig().withName('') };
}
const bytes = (text: string) => new TextEncoder().encode(text);
const sumOf = (module: Module) => module.exportedGlobal('sum')!.get() as bigint;
const call = (module: Module, name: string, ...args: number[]) =>
  module.exportedFunction(name)!.call(...args) as Promise<unknown>;

describe.each([
  ['without deadlines', RuntimeConfig.compiler()],
  ['with deadlines', RuntimeConfig.compiler().withCloseOnContextDone(true)],
] as const)('%s', (_, config) => {
  needsStacks('modules go on from where it waited, each with its own answer', async () => {
    const { runtime, seen, compiled, freezing, config: plain } = await open(config);
    await using _runtime = runtime;
    const expected = async (depth: number, answer: bigint) => {
      const module = await runtime.instantiateModule(compiled, plain);
      seen.answer = answer;
      return (await call(module, 'run', depth)) as bigint;
    };
    for (const depth of [0, 1, 30, 3000]) {
      const source = await runtime.instantiateModule(compiled, plain);
      seen.ask = freezing;
      seen.answer = 1000n;
      expect(await call(source, 'run', depth)).toBe(await expected(depth, 1000n));
      const image = seen.images.pop()!;
      await source.close();
      for (const answer of [5n, -7n]) {
        const module = await runtime.instantiateModule(image, plain, { answer: [answer] });
        expect(sumOf(module)).toBe(await expected(depth, answer));
        expect(module.memory!.readUint32Le(70_000)).toBe(99);
        expect(await call(module, 'idle')).toBe(5);
      }
      expect(sumOf(runtime.instantiateModuleSync(image, plain, { answer: [5n] }))).toBe(await expected(depth, 5n));
      expect(sumOf(await runtime.instantiateModule(image, plain))).toBe(await expected(depth, 0n));
      await image.close();
    }
    expect(seen.images).toEqual([]);
  });
});

needsStacks('in the synchronous lane, before and after the call is one that C++ makes', async () => {
  await using runtime = new Runtime();
  const images: Promise<ModuleImage>[] = [];
  let freeze = false;
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(
      (caller) => {
        if (freeze) images.push(caller.freeze());
        return 40n;
      },
      ['i32'],
      ['i64'],
    )
    .export('ask')
    .newFunctionBuilder()
    .withFunction(() => [1, 2] as const, [], ['i32', 'f64'])
    .export('pair')
    .instantiate();
  const compiled = await runtime.compileModule(guest);
  const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
  const run = module.exportedFunction('run', ['i32'], ['i64']);
  const result = run.callSync(9);
  const other = runtime.instantiateModuleSync(compiled, new ModuleConfig().withName(''));
  freeze = true;
  for (let i = 0; i < 6; i++) expect(run.callSync(9)).toBe(result);
  freeze = false;
  expect(images).toHaveLength(6);
  for (const image of images) {
    const clone = runtime.instantiateModuleSync(await image, new ModuleConfig().withName(''), { answer: [40n] });
    expect(sumOf(clone)).toBe(result);
    expect(sumOf(other)).toBe(0n); // has its own
  }
});

needsStacks('several results; the instantiation settles when the guest waits again', async () => {
  const { runtime, seen, compiled, freezing, config } = await open();
  await using _runtime = runtime;
  const module = await runtime.instantiateModule(compiled, config);
  expect(await call(module, 'ofPair')).toBe(3);
  const image = seen.images.pop()!;
  const clone = await runtime.instantiateModule(image, config, { answer: [10, 0.25] });
  expect(clone.memory!.readFloat64Le(16)).toBe(10.25);

  seen.ask = freezing;
  await call(module, 'twice', 4);
  const first = seen.images.pop()!;
  let goOn: (answer: bigint) => void = () => {};
  seen.ask = async (caller) => {
    seen.images.push(await caller.freeze());
    return new Promise((resolve) => {
      goOn = resolve;
    });
  };
  const waiting = await runtime.instantiateModule(first, config, { answer: [1n] });
  seen.ask = undefined;
  expect(waiting.exportedGlobal('asked')!.get()).toBe(2);
  const second = seen.images.pop()!;
  const ended = await runtime.instantiateModule(second, config, { answer: [100n] });
  const later = call(waiting, 'idle'); // waits until the call has ended
  goOn(100n);
  expect(await later).toBe(5);
  expect(sumOf(waiting)).toBe(sumOf(ended));

  // One that is closed while it waits again, and one that traps then.
  seen.ask = async (caller) => {
    await caller.freeze();
    return new Promise<bigint>((resolve, reject) => {
      goOn = () => reject(new Error('no answer'));
      caller.signal.addEventListener('abort', () => resolve(0n));
    });
  };
  const failing = await runtime.instantiateModule(first, config, { answer: [1n] });
  goOn(0n);
  expect(await errorOf(() => call(failing, 'idle'))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  expect(failing.isClosed).toBe(true);
});

needsStacks('traps, deadlines and closes', async () => {
  const { runtime, seen, compiled, freezing, config } = await open(
    RuntimeConfig.compiler().withCloseOnContextDone(true),
  );
  await using _runtime = runtime;
  const imageOf = async (name: string) => {
    const module = await runtime.instantiateModule(compiled, config);
    seen.ask = freezing;
    const failed = errorOf(() => module.exportedFunction(name)!.withOptions({ timeoutMs: 50 }).call());
    await failed;
    return seen.images.pop()!;
  };
  const traps = await imageOf('trap');
  expect(await errorOf(() => runtime.instantiateModule(traps, config))).toMatchObject({
    code: 'ERR_WAZERO_TRAP',
    kind: 'unreachable',
    frames: [expect.objectContaining({ function: '.$6' })],
  });
  expect(await errorOf(() => runtime.instantiateModuleSync(traps, config))).toMatchObject({ kind: 'unreachable' });
  const spins = await imageOf('spin');
  expect(await errorOf(() => runtime.instantiateModule(spins, config, { timeoutMs: 50 }))).toMatchObject({
    code: 'ERR_WAZERO_EXIT',
    reason: 'timeout',
  });
  expect(await errorOf(() => runtime.instantiateModuleSync(spins, config, { timeoutMs: 50 }))).toMatchObject({
    reason: 'timeout',
  });
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  expect(await errorOf(() => runtime.instantiateModule(spins, config, { signal: stop.signal }))).toMatchObject({
    reason: 'abort',
  });
});

needsStacks(
  'after many short calls, which a thread of C++ makes; and where the stack is longer than a call may have',
  async () => {
    const { runtime, seen, compiled, freezing, config } = await open();
    await using _runtime = runtime;
    const module = await runtime.instantiateModule(compiled, config);
    const results = new Set<unknown>();
    for (let i = 0; i < 200; i++) results.add(await call(module, 'run', 3));
    seen.ask = freezing;
    results.add(await call(module, 'run', 3));
    expect(results.size).toBe(1);
    const clone = await runtime.instantiateModule(seen.images.pop()!, config, { answer: [1n] });
    expect(sumOf(clone)).toBe([...results][0]);
    expect(await call(clone, 'run', 3)).toBe([...results][0]);

    seen.ask = freezing;
    await call(module, 'run', 5000);
    const deep = seen.images.pop()!;
    const error = await errorOf(() => runtime.instantiateModule(deep, config.withLimits({ callStackBytes: 100_000 })));
    expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'stack overflow' });
  },
);

needsStacks('saved and loaded, but not by another kind of runtime', async () => {
  const path = join(folder, 'call.img');
  const { runtime, seen, compiled, freezing, config } = await open();
  let result: unknown;
  {
    await using _runtime = runtime;
    const module = await runtime.instantiateModule(compiled, config);
    seen.ask = freezing;
    seen.answer = 12n;
    result = await call(module, 'run', 20);
    await seen.images[0]!.save(path);
  }
  const other = await open();
  await using _other = other.runtime;
  const image = await other.runtime.loadImage(path, other.compiled);
  const clone = await other.runtime.instantiateModule(image, config, { answer: [12n] });
  expect(sumOf(clone)).toBe(result);
  for (const config of [RuntimeConfig.compiler().withCloseOnContextDone(true), RuntimeConfig.interpreter()]) {
    const third = await open(config);
    await using _third = third.runtime;
    expect(await errorOf(() => third.runtime.loadImage(path, third.compiled))).toMatchObject({
      code: 'ERR_WAZERO_LINK',
      message: expect.stringContaining('the stack of a call'),
    });
  }
});

// A command that writes, reads stdin once and writes what it has read, with a loop around.
const command = wat(`(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "begun\\n")
  (global $times (export "times") (mut i32) (i32.const 0))
  (func $echo (param $n i32) (result i32) (local $got i32)
    (if (local.get $n) (then (return (i32.add (i32.const 1) (call $echo (i32.sub (local.get $n) (i32.const 1)))))))
    (i32.store (i32.const 0) (i32.const 200)) (i32.store (i32.const 4) (i32.const 64))
    (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable)))
    (local.set $got (i32.load (i32.const 8)))
    (i32.store (i32.const 4) (local.get $got))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (local.get $got))
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (global.set $times (call $echo (i32.const 5)))
    (if (i32.eq (i32.load8_u (i32.const 200)) (i32.const 0x78)) (then (call $exit (i32.const 3))))
    (if (i32.eq (i32.load8_u (i32.const 200)) (i32.const 0x30)) (then (call $exit (i32.const 0))))))`);

for (const sync of [false, true])
  needsStacks(`a command is left at its first read of stdin (${sync ? 'sync' : 'async'})`, async () => {
    await using runtime = new Runtime();
    await wasi.instantiate(runtime);
    const compiled = await runtime.compileModule(command);
    const make = async (...args: Parameters<Runtime['instantiateModule']>) =>
      sync ? runtime.instantiateModuleSync(...args) : runtime.instantiateModule(...args);
    const begun = new OutputBuffer();
    const config = new ModuleConfig().withName('');
    const module = await make(compiled, config.withStdout(begun).withStdin(bytes('never read')), { freezeAt: 'stdin' });
    expect([begun.text(), module.exportedGlobal('times')!.get()]).toEqual(['begun\n', 0]);
    const image = sync ? module.freezeSync() : await module.freeze();
    await module.close();
    for (const text of ['one', 'and another']) {
      const out = new OutputBuffer();
      const clone = await make(image, config.withStdin(bytes(text)).withStdout(out));
      expect([out.text(), clone.exportedGlobal('times')!.get()]).toEqual([text, 5 + text.length]);
      expect(await errorOf(() => clone.reset())).toBeInstanceOf(TypeError);
    }
    expect(await errorOf(() => make(image, config.withStdin(bytes('x'))))).toMatchObject({ exitCode: 3 });
    expect((await make(image, config.withStdin(bytes('0')))).isClosed).toBe(true);
    for (const options of [{ freezeAt: 'stdin' as const }, { answer: [1] }])
      expect(await errorOf(() => make(image, config, options))).toBeInstanceOf(TypeError);
    const path = join(folder, `stdin-${sync}.img`);
    await image.save(path);
    await image.close();
    const loaded = await runtime.loadImage(path, compiled);
    const out = new OutputBuffer();
    await make(loaded, config.withStdin(bytes('from a file')).withStdout(out));
    expect(out.text()).toBe('from a file');
  });

needsStacks('wrong answers, and options for other sources', async () => {
  const { runtime, seen, compiled, freezing, config } = await open();
  await using _runtime = runtime;
  const module = await runtime.instantiateModule(compiled, config);
  const atRest = await module.freeze();
  seen.ask = freezing;
  await call(module, 'run', 2);
  const image = seen.images.pop()!;
  for (const answer of [[], [1], [1n, 2n], ['1'], 5n, {}])
    expect(
      await errorOf(() => runtime.instantiateModule(image, config, { answer } as never)),
      String(answer),
    ).toBeInstanceOf(TypeError);
  for (const source of [compiled, atRest])
    expect(await errorOf(() => runtime.instantiateModule(source, config, { answer: [1n] }))).toBeInstanceOf(TypeError);
  expect(
    await errorOf(() => runtime.instantiateModule(compiled, config, { freezeAt: 'exit' as never })),
  ).toBeInstanceOf(TypeError);
  expect(experimental.stats().images).toBe(2);
});
