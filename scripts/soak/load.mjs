// One round of the mixed load: everything that a plugin host does, from a seed, and everything that is opened is closed again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { memfs } from 'memfs';
import {
  CompilationCache,
  experimental,
  FSConfig,
  ModuleConfig,
  OutputBuffer,
  RuntimeConfig,
} from '../../dist/index.js';
import { native } from '../../dist/internal.js';
import { Random } from '../../test/fuzz/random.mjs';
import { wat } from '../../test/support/wat.mjs';
import { openRuntime } from './runtime.mjs';
import { workersUntil } from './workers.mjs';

const guest = wat(`(module (import "env" "host" (func $host (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 1 32) (data (i32.const 0) "\\10\\00\\00\\00\\40\\00\\00\\00") (data (i32.const 128) "file.txt")
  (func $deep (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "deep") (param i32) (result i32) (call $deep (local.get 0)))
  (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (i32.const 4)))
  (func (export "trap") (param i32) (result i32) (unreachable))
  (func (export "forever") (param i32) (result i32) (loop $l (br $l)) (i32.const 0))
  (func (export "print") (param i32) (result i32)
    (loop $l (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32.const 0))
  (func (export "file") (param i32) (result i32)
    (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 128) (i32.const 8) (i32.const 9) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 256)))
      (then (drop (call $write (i32.load (i32.const 256)) (i32.const 0) (i32.const 1) (i32.const 8))) (drop (call $close (i32.load (i32.const 256))))))
    (i32.const 0)))`);

export const collect = () => native().collect();
/** What is open natively. Those of the queue to this thread stay: they belong to the environment. */
export function handles() {
  const {
    runtimes,
    compiledModules,
    modules,
    images,
    callEngines,
    memoryReservations,
    references,
    threadsafeFunctions,
  } = experimental.stats();
  return (
    runtimes + compiledModules + modules + images + callEngines + memoryReservations + references + threadsafeFunctions
  );
}

const outcomes = /^ERR_WAZERO_(TRAP|EXIT|ABORTED)$/;
const calls = ['deep', 'host', 'host', 'grow', 'trap', 'forever', 'print', 'file'];

/** How often each thing happened is added to `counts`. */
export async function round(seed, number, milliseconds, counts) {
  const random = new Random(seed, number);
  const end = performance.now() + milliseconds;
  const directory = mkdtempSync(join(tmpdir(), 'wazero-soak-'));
  writeFileSync(join(directory, 'file.txt'), 'text');
  const cache = new CompilationCache();
  const runtimes = await Promise.all(
    ['compiler', 'compiler', 'interpreter'].map((engine) =>
      openRuntime(RuntimeConfig[engine]().withCompilationCache(cache), waiting),
    ),
  );
  const count = (what) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  /** Images of guests that waited in a host function. */
  const images = [];
  async function waiting(caller, runtime) {
    try {
      images.push({ runtime, image: await caller.freeze() });
      count('waiting images');
    } catch (error) {
      // The interpreter, other processors, and a caller whose time is over meanwhile.
      if (!/^ERR_WAZERO_(LINK|ABORTED|CLOSED|EXIT)$/.test(error.code)) throw error;
    }
  }
  const config = () => {
    const stdout = random.pick([
      () => 'ignore',
      () => new OutputBuffer(),
      () => new PassThrough().resume(),
      () => () => {},
    ])();
    const mounts = random.oneIn(2)
      ? new FSConfig().withDirMount(directory, '/')
      : new FSConfig().withSysFSMount(memfs({ '/file.txt': '' }).fs, '/');
    return new ModuleConfig().withName('').withStdout(stdout).withFSConfig(mounts).withStdin(Buffer.from('in'));
  };
  /** Modules of an image, which begin where another one is, or waits. What is left open goes with its runtime. */
  async function forked(runtime, image, options) {
    for (let n = random.below(4); n > 0; n--) {
      const clone = random.oneIn(2)
        ? runtime.instantiateModuleSync(image, config(), options)
        : await runtime.instantiateModule(image, config(), options);
      count('clones');
      if (clone.exportedFunction('deep').callSync(n) !== n) throw new Error('a module of an image went wrong');
      if (!options && random.oneIn(2)) await clone.reset();
      if (!random.oneIn(4)) await clone.close();
    }
    if (!random.oneIn(4)) await image.close();
  }
  async function forkedWaiting() {
    const { runtime, image } = images.pop();
    await forked(runtime, image, { answer: [random.below(100)] });
  }
  async function client() {
    while (performance.now() < end) {
      const runtime = random.pick(runtimes);
      // Bytes that were never seen before are compiled, others come out of the cache.
      const unseen = random.oneIn(4)
        ? [0, 6, 4, ...Buffer.from(random.u32().toString(36).padStart(4, '0').slice(-4)), 1]
        : [];
      const module = await runtime.instantiate(Uint8Array.from([...guest, ...unseen]), config());
      count('instances');
      for (let n = random.below(12); n > 0 && !module.isClosed; n--) {
        const name = random.pick(calls);
        // Synchronous calls without a deadline go without Go, after a few.
        const endless = name !== 'forever' && random.oneIn(2);
        const options = {
          ...(!endless && { timeoutMs: name === 'forever' ? 3 : 10_000 }),
          ...(random.oneIn(10) && { signal: AbortSignal.timeout(2) }),
        };
        const f = module.exportedFunction(name, ['i32'], ['i32']).withOptions(options);
        count(name);
        try {
          if (options.signal || random.oneIn(2) || name === 'host') await f.call(1 + random.below(500));
          else f.callSync(1 + random.below(500));
        } catch (error) {
          if (!outcomes.test(error.code)) throw error;
          count(error.code);
        }
      }
      if (!module.isClosed && random.oneIn(3)) await forked(runtime, await module.freeze());
      if (images.length > 0 && random.oneIn(2)) await forkedWaiting();
      if (!module.isClosed) module.memory.write(0, new Uint8Array(module.memory.buffer.slice(0, 16)));
      // What is left open goes with its runtime.
      if (!random.oneIn(4)) await module.close();
    }
  }
  const worker = () =>
    new Worker(new URL('worker.mjs', import.meta.url), { workerData: { guest, seed, number: random.u32() } });
  const workers = () => workersUntil(end, random, count, worker);
  await Promise.all([client(), client(), client(), client(), workers()]);
  for (const runtime of runtimes) await runtime.close();
  await cache.close();
  rmSync(directory, { recursive: true });
}
