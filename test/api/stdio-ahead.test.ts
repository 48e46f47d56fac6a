/** What a guest of the asynchronous lane writes goes ahead of its sink: nothing is lost, the order is kept, errors are told, all is bounded. */

import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CompiledModule,
  type Module,
  ModuleConfig,
  type OutputSink,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

// write(fd, size) answers the errno; many(fd, size, times) the first one; the others write and then do something else.
const bytes = wat(`(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "env" "hello" (func $hello))
  (memory (export "memory") 2)
  (func $write (export "write") (param i32 i32) (result i32)
    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (local.get 1))
    (call $fd_write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 16)))
  (func $many (export "many") (param $fd i32) (param $size i32) (param $times i32) (result i32) (local $errno i32)
    (loop $more (result i32)
      (i32.store (i32.const 1024) (local.get $times))
      (local.set $errno (call $write (local.get $fd) (local.get $size)))
      (if (local.get $errno) (then (return (local.get $errno))))
      (br_if $more (local.tee $times (i32.sub (local.get $times) (i32.const 1))))
      (i32.const 0)))
  (func (export "writeAndClose") (result i32)
    (drop (call $write (i32.const 1) (i32.const 4))) (call $fd_close (i32.const 1)))
  (func (export "writeAndExit") (param $times i32)
    (drop (call $many (i32.const 1) (i32.const 4) (local.get $times))) (call $proc_exit (i32.const 3)))
  (func (export "writeAndTrap") (param $times i32)
    (drop (call $many (i32.const 1) (i32.const 4) (local.get $times))) unreachable)
  (func (export "everything")
    (drop (call $write (i32.const 1) (i32.const 1))) (drop (call $write (i32.const 2) (i32.const 2)))
    (drop (call $write (i32.const 1) (i32.const 3))) (call $hello) (drop (call $write (i32.const 2) (i32.const 4)))))`);
const [EIO, ENOSPC] = [29, 51];
let runtime: Runtime;
let compiled: CompiledModule;
let hello = () => {};
beforeAll(async () => {
  runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  await wasi.instantiate(runtime);
  const env = runtime.newHostModuleBuilder('env');
  await env
    .newFunctionBuilder()
    .withFunction(() => hello(), [], [])
    .export('hello')
    .instantiate();
  compiled = await runtime.compileModule(bytes);
});
afterAll(() => runtime.close());

const guest = (stdout: OutputSink, stderr: OutputSink = 'ignore') =>
  runtime.instantiateModule(compiled, new ModuleConfig().withName('').withStdout(stdout).withStderr(stderr));
const call = (module: Module, name: string, ...args: number[]) => module.exportedFunction(name)!.call(...args);
const write = (module: Module, size = 4) => call(module, 'write', 1, size);
const numberIn = (piece: Uint8Array) => new DataView(piece.buffer, piece.byteOffset).getUint32(0, true);
async function quietly<T>(action: () => Promise<T>): Promise<T> {
  const ignore = () => {};
  process.on('warning', ignore);
  try {
    return await action();
  } finally {
    await sleep(1);
    process.off('warning', ignore);
  }
}

describe('nothing is lost, and nothing overtakes', () => {
  const down = (from: number) => Array.from({ length: from }, (_, i) => from - i);
  it.each([
    [4, 5000],
    [65_536, 100],
  ])('pieces of %i bytes come in their order, and all of them before the call has ended', async (size, times) => {
    const seen: number[] = [];
    const sink = (piece: Uint8Array) => void seen.push(numberIn(piece));
    expect(await call(await guest(sink), 'many', 1, size, times)).toBe(0);
    expect(seen).toEqual(down(times));
  });

  it.each(['writeAndExit', 'writeAndTrap'])('%s: likewise', async (name) => {
    const seen: number[] = [];
    const module = await guest((piece) => void seen.push(numberIn(piece)));
    const error = await errorOf(() => call(module, name, 1000));
    expect(error).toMatchObject(name === 'writeAndExit' ? { exitCode: 3 } : { code: 'ERR_WAZERO_TRAP' });
    expect(seen).toEqual(down(1000));
  });

  it('each piece is a copy of its own', async () => {
    const pieces = new Set<ArrayBufferLike>();
    await call(await guest((piece) => void pieces.add(piece.buffer)), 'many', 1, 2000, 50);
    expect(pieces.size).toBe(50);
    for (const buffer of pieces) expect(buffer.byteLength).toBe(2000);
  });

  it('a sink that begins to answer later gets one piece at a time, and the call ends after the last', async () => {
    let [at, busy, most] = [0, 0, 0];
    const sink: OutputSink = (piece) => {
      if (++at < 10) return undefined;
      most = Math.max(most, ++busy);
      return sleep(1).then(() => {
        busy--;
        expect(numberIn(piece)).toBe(31 - at);
      });
    };
    expect(await call(await guest(sink), 'many', 1, 4, 30)).toBe(0);
    expect([at, busy, most]).toEqual([30, 0, 1]);
  });

  it('likewise where a call has left C++ for its first write', async () => {
    const seen: number[] = [];
    let pieces = 0;
    const sink: OutputSink = (piece) => {
      const taken = () => void seen.push(numberIn(piece));
      return ++pieces % 10 === 1 ? taken() : sleep(1).then(taken);
    };
    const module = await guest(sink);
    for (let calls = 1; calls <= 5; calls++) {
      expect(await call(module, 'many', 1, 4, 10)).toBe(0);
      expect(seen.splice(0)).toEqual(down(10));
    }
  });

  it.each([false, true])(
    'two sinks and a host function hear of a guest in its order; they answer later: %s',
    async (late) => {
      const heard: unknown[] = [];
      const sink =
        (name: string): OutputSink =>
        (piece) => {
          if (!late) return void heard.push(name + piece.byteLength);
          return sleep(1).then(() => void heard.push(name + piece.byteLength));
        };
      hello = () => void heard.push('hello');
      const module = await guest(sink('out'), sink('err'));
      for (let i = 0; i < 3; i++) await call(module, 'everything');
      const once = ['out1', 'err2', 'out3', 'hello', 'err4'];
      expect(heard).toEqual([...once, ...once, ...once]);
    },
  );
});

describe('errors', () => {
  function failingAt(...pieces: number[]) {
    let at = 0;
    return () => {
      if (pieces.includes(++at)) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    };
  }
  needsEdit('e7errno')('of the first piece and of one after an error: at once', async () => {
    const module = await guest(failingAt(1, 2));
    await quietly(async () =>
      expect([await write(module), await write(module), await write(module)]).toEqual([ENOSPC, ENOSPC, 0]),
    );
  });
  needsEdit('e7errno')('of one that went ahead: the next write tells, once', async () => {
    const module = await guest(failingAt(2));
    await quietly(async () =>
      expect([await write(module), await write(module), await write(module), await write(module)]).toEqual([
        0,
        0,
        ENOSPC,
        0,
      ]),
    );
  });
  needsEdit('e8stdio')('or closing', async () => {
    const module = await guest((piece) => {
      if (numberIn(piece) !== 7) throw new Error('mine');
    });
    module.memory!.writeUint32Le(1024, 7);
    expect(await write(module)).toBe(0);
    module.memory!.writeUint32Le(1024, 8);
    await quietly(async () => expect(await call(module, 'writeAndClose')).toBe(EIO));
  });
  it('a guest that pours into a sink that fails hears of it soon', async () => {
    let pieces = 0;
    const module = await guest(() => {
      if (++pieces > 1) throw new Error('mine');
    });
    await quietly(async () => expect(await call(module, 'many', 1, 65_536, 1000)).toBe(EIO));
    expect(pieces).toBeLessThanOrEqual(17); // 1 MiB, and the first
  });
});

describe('what is ahead is bounded', () => {
  it('of a stream that takes no more, and the deadline ends the wait', async () => {
    let pieces = 0;
    const stuck = new Writable({
      highWaterMark: 1,
      write: (_piece, _encoding, done) => {
        if (++pieces === 1) done();
      },
    });
    const module = await guest(stuck);
    const pouring = module.exportedFunction('many')!.withOptions({ timeoutMs: 100 }).call(1, 65_536, 1000);
    expect(await errorOf(() => pouring)).toMatchObject({ name: 'TimeoutError' });
    expect(stuck.writableLength).toBeLessThanOrEqual(2 ** 20);
  });
  it('of a sink whose Promise never settles: what waits for it is dropped with the call', async () => {
    let pieces = 0;
    const module = await guest(() => (++pieces === 1 ? undefined : new Promise<void>(() => {})));
    const pouring = module.exportedFunction('many')!.withOptions({ timeoutMs: 100 }).call(1, 65_536, 1000);
    expect(await errorOf(() => pouring)).toMatchObject({ name: 'TimeoutError' });
    expect(pieces).toBe(2);
  });
});
