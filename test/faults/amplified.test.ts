/** What a few bytes of a module or one instruction make the host do: bounded, off the JS thread, and over at the deadline. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { endingOnceBegun } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  assemblyscript,
  ExitError,
  experimental,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  SockConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

for (const engine of ['compiler', 'interpreter'] as const)
  needsEdit('e8compile')(
    `${engine}: 20,000 names for one function, and as many functions as names: described in time and memory in their order`,
    async () => {
      await using runtime = new Runtime(RuntimeConfig[engine]());
      const names = (of: (i: number) => number) =>
        Array.from({ length: 20_000 }, (_, i) => `(export "e${i}" (func ${of(i)}))`).join('');
      const one = wat(`(module (func) ${names(() => 0)})`);
      const many = wat(`(module ${'(func)'.repeat(20_000)} ${names((i) => 19_999 - i)})`);
      for (const [binary, names] of [
        [one, 20_000],
        [many, 1],
      ] as const) {
        const before = process.memoryUsage.rss();
        const started = performance.now();
        const module = await runtime.instantiate(binary, new ModuleConfig().withName(''));
        expect(performance.now() - started).toBeLessThan(5_000);
        expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 2 ** 20);
        expect(module.exportedFunction('e7')!.definition.exportNames).toHaveLength(names);
        expect(module.exportedFunctionDefinitions().size).toBe(20_000);
      }
    },
  );

it.each([
  ['secure', 'secure'],
  ['wazero’s own', undefined],
] as const)('random numbers for 512 MiB at once (%s) end at the deadline', async (_, source) => {
  await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  await wasi.instantiate(runtime);
  const module = await runtime.instantiate(
    wat(`(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32))) (memory (export "memory") 8192)
      (func (export "run") (loop $again (drop (call $random (i32.const 0) (i32.const 0x1fffffff))) (br $again))))`),
    new ModuleConfig().withRandSource(source),
  );
  const run = module.exportedFunction('run')!.withOptions({ timeoutMs: 100 });
  const started = performance.now();
  expect((await endingOnceBegun(() => run.call())).error).toBeInstanceOf(ExitError);
  expect(performance.now() - started).toBeLessThan(2_000);
});

needsEdit('e8')('tables of a module share tableElements', async () => {
  await using runtime = new Runtime(new RuntimeConfig().withLimits({ tableElements: 1_000 }));
  const module = await runtime.instantiate(
    wat(`(module (table $a 100 externref) (table $b 100 externref)
      (func (export "a") (param i32) (result i32) (table.grow $a (ref.null extern) (local.get 0)))
      (func (export "b") (param i32) (result i32) (table.grow $b (ref.null extern) (local.get 0))))`),
  );
  const [a, b] = ['a', 'b'].map((name) => module.exportedFunction(name, ['i32'], ['i32']));
  expect([a!.callSync(500), b!.callSync(301), b!.callSync(300), a!.callSync(1)]).toEqual([100, -1, 100, -1]);
});

needsEdit('e2i')('the interpreter ends recursion by what its locals take', async () => {
  await using runtime = new Runtime(RuntimeConfig.interpreter().withLimits({ callStackBytes: 2 ** 20 }));
  const module = await runtime.instantiate(
    wat(`(module (func $f (local ${'i64 '.repeat(10_000)}) (call $f)) (func (export "run") (call $f)))`),
  );
  const before = process.memoryUsage.rss();
  const error = await errorOf(() => module.exportedFunction('run')!.call());
  expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'stack overflow' });
  expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20); // 2,000 frames would take 160 MB
});

needsEdit('e9sockets')('accepted connections count as open files until they are closed', async () => {
  await using runtime = new Runtime(new RuntimeConfig().withLimits({ openFiles: 2 }));
  await wasi.instantiate(runtime);
  const module = await runtime.instantiate(
    wat(`(module (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32))) (memory (export "memory") 1)
      (func (export "accept") (result i32) (call $accept (i32.const 3) (i32.const 0) (i32.const 0)))
      (func (export "close") (result i32) (call $close (i32.load (i32.const 0)))))`),
    new ModuleConfig().withSockConfig(new SockConfig().withTCPListener('127.0.0.1', 0)),
  );
  const { port } = experimental.tcpAddresses(module)[0]!;
  const peers: Socket[] = [];
  for (let i = 0; i < 4; i++) {
    peers.push(connect(port, '127.0.0.1'));
    await once(peers[i]!, 'connect');
  }
  const [accept, close] = ['accept', 'close'].map((name) => module.exportedFunction(name, [], ['i32']));
  const EMFILE = 33;
  const answers = [];
  for (const call of [accept!, accept!, accept!, close!, accept!, accept!]) answers.push(await call.call());
  expect(answers).toEqual([0, 0, EMFILE, 0, 0, EMFILE]);
  for (const peer of peers) peer.destroy();
});

needsEdit('e8bulk')('AssemblyScript strings of more than 1 MiB are not copied', async () => {
  await using runtime = new Runtime();
  await assemblyscript.instantiate(runtime, { trace: 'stdout' });
  const stdout = new OutputBuffer({ maxBytes: 4 * 2 ** 20 });
  const module = await runtime.instantiate(
    wat(`(module (import "env" "trace" (func $trace (param i32 i32 f64 f64 f64 f64 f64))) (memory 1024)
      (func (export "trace") (param $bytes i32) (i32.store (i32.const 0) (local.get $bytes))
        (memory.fill (i32.const 4) (i32.const 32) (local.get $bytes))
        (call $trace (i32.const 4) (i32.const 0) (f64.const 0) (f64.const 0) (f64.const 0) (f64.const 0) (f64.const 0))))`),
    new ModuleConfig().withStdout(stdout),
  );
  const trace = module.exportedFunction('trace', ['i32'], []);
  await trace.call(2 ** 20);
  const { length } = stdout.bytes();
  expect(length).toBeGreaterThan(2 ** 19);
  for (const bytes of [2 ** 20 + 2, 60 * 2 ** 20]) await trace.call(bytes);
  expect(stdout.bytes()).toHaveLength(length);
});

const EINVAL = 28;
const FAULT = 21;

needsEdit('e8poll')(
  'poll_oneoff takes 4,096 subscriptions, and one that waits an hour ends at the deadline',
  async () => {
    await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    await wasi.instantiate(runtime);
    // subscriptions to the monotonic clock, 48 bytes each, from 65536 on; events from 2 MiB on
    const module = await runtime.instantiate(
      wat(`(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 64)
      (func (export "poll") (param $count i32) (param $ns i64) (result i32) (local $i i32) (local $at i32)
        (local.set $at (i32.const 65536))
        (loop $more
          (i32.store offset=16 (local.get $at) (i32.const 1))
          (i64.store offset=24 (local.get $at) (local.get $ns))
          (local.set $at (i32.add (local.get $at) (i32.const 48)))
          (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
        (call $poll (i32.const 65536) (i32.const 0x200000) (local.get $count) (i32.const 0)))
      (func (export "ready") (result i32) (i32.load (i32.const 0))))`),
      new ModuleConfig().withSysNanotime().withSysNanosleep(),
    );
    const poll = module.exportedFunction('poll', ['i32', 'i64'], ['i32']);
    const ready = module.exportedFunction('ready', [], ['i32']);
    expect(await poll.call(4_096, 0n)).toBe(0);
    expect(await ready.call()).toBe(4_096);
    for (const count of [4_097, 0x5555556, -1]) expect(await poll.call(count, 0n), `${count}`).toBe(EINVAL);
    const started = performance.now();
    const { error } = await endingOnceBegun(() => poll.withOptions({ timeoutMs: 100 }).call(4_096, 3_600_000_000_000n));
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_WAZERO_EXIT' });
    expect(performance.now() - started).toBeLessThan(2_000);
  },
);

needsEdit('e8bulk')(
  'fd_write and fd_read take 1,024 buffers and move 256 MiB at once, whatever the guest lists',
  async () => {
    await using runtime = new Runtime();
    await wasi.instantiate(runtime);
    const module = await runtime.instantiate(
      wat(`(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 17)
      ;; so many buffers, all of them the same mebibyte
      (func $list (local $at i32) (local.set $at (i32.const 16))
        (loop $more
          (i32.store (local.get $at) (i32.const 65536))
          (i32.store offset=4 (local.get $at) (i32.const 0x100000))
          (br_if $more (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 16384)))))
      (func (export "write") (param $count i32) (result i32) (call $list)
        (call $write (i32.const 1) (i32.const 16) (local.get $count) (i32.const 0)))
      (func (export "read") (param $count i32) (result i32) (call $list)
        (call $read (i32.const 0) (i32.const 16) (local.get $count) (i32.const 0)))
      (func (export "moved") (result i32) (i32.load (i32.const 0))))`),
      new ModuleConfig().withStdout('ignore'),
    );
    const [write, read] = ['write', 'read'].map((name) => module.exportedFunction(name, ['i32'], ['i32']));
    const moved = module.exportedFunction('moved', [], ['i32']);
    expect(await write!.call(1_024)).toBe(0);
    expect(await moved.call()).toBe(256 * 2 ** 20);
    expect(await read!.call(1_024)).toBe(0);
    for (const call of [write!, read!]) {
      expect(await call.call(1_025)).toBe(EINVAL);
      expect(await call.call(0x1fff_ffff), 'more than memory has').toBe(FAULT);
    }
  },
);
