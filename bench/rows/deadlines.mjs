import { spawn } from 'node:child_process';
import { CoreFeatures, ModuleConfig, Runtime, RuntimeConfig, wasi } from '../../dist/index.js';
import { wat } from '../../test/support/wat.mjs';
import { emit, median, quantile, quick } from '../measure.mjs';

const group = 'Stopping guests';
const runs = quick ? 20 : 1000;
const deadlineMs = 20;
const config = new RuntimeConfig()
  .withCloseOnContextDone(true)
  .withCoreFeatures(CoreFeatures.V2 | CoreFeatures.Threads);
const runtime = new Runtime(config);
await wasi.instantiate(runtime);
await runtime
  .newHostModuleBuilder('env')
  .newFunctionBuilder()
  .withFunction(() => new Promise(() => {}), [], [])
  .export('never')
  .instantiate();
const waiting = (stdin) => new ModuleConfig().withName('').withSysNanosleep().withSysNanotime().withStdin(stdin);
const never = () => new Promise(() => {});
const kinds = {
  'a loop': wat('(module (func (export "run") (loop $l (br $l))))'),
  recursion: wat(`(module (func $f (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (call $f (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "run") (drop (call $f (i32.const 60)))))`),
  'a sleep': wat(`(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run")
      (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 3600000000000))
      (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))`),
  'a pending Promise': wat('(module (import "env" "never" (func $never)) (func (export "run") (call $never)))'),
  stdin: wat(`(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 8))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))))`),
  'an atomic wait': wat(`(module (memory 1 1 shared)
    (func (export "run") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))`),
};
for (const [kind, binary] of Object.entries(kinds)) {
  const compiled = await runtime.compileModule(binary);
  const late = [];
  for (let i = 0; i < runs; i++) {
    const module = await runtime.instantiateModule(compiled, waiting(never));
    const run = module.exportedFunction('run', [], []).withOptions({ timeoutMs: deadlineMs });
    const start = performance.now();
    await run.call().catch(() => {});
    late.push(performance.now() - start - deadlineMs);
    await module.close();
  }
  emit({
    group,
    row: `${kind}: how late it ends, 99 of 100`,
    unit: 'ms',
    ours: quantile(late, 0.99),
    bar: 5,
    absolute: true,
    note: `median ${median(late).toFixed(2)} ms`,
  });
}

// Normal calls beside two guests that never end, and beside two processes that never end.
const busy = await runtime.compileModule(kinds['a loop']);
const module = await runtime.instantiate(wat('(module (func (export "run")))'));
const run = module.exportedFunction('run');
const calls = quick ? 200 : 2000;
async function tail() {
  const times = [];
  for (let i = 0; i < calls; i++) {
    const start = performance.now();
    await run.call();
    times.push(performance.now() - start);
    await new Promise((done) => setImmediate(done));
  }
  return quantile(times, 0.99);
}
async function besideGuests() {
  const stop = new AbortController();
  const guests = await Promise.all([1, 2].map(() => runtime.instantiateModule(busy, new ModuleConfig().withName(''))));
  const ends = guests.map((each) =>
    each
      .exportedFunction('run')
      .withOptions({ signal: stop.signal })
      .call()
      .catch(() => {}),
  );
  const p99 = await tail();
  stop.abort();
  await Promise.all(ends);
  return p99;
}
async function besideProcesses() {
  const children = [1, 2].map(() => spawn(process.execPath, ['-e', 'for (;;);']));
  await new Promise((done) => setTimeout(done, 300));
  const p99 = await tail();
  for (const child of children) child.kill('SIGKILL');
  return p99;
}
const [inside, outside] = [[], []];
for (let round = 0; round < (quick ? 1 : 5); round++) {
  inside.push(await besideGuests());
  outside.push(await besideProcesses());
}
emit({
  group,
  row: 'calls beside two runaway guests, 99 of 100',
  unit: 'ms',
  against: 'beside two busy processes',
  ours: median(inside),
  peer: median(outside),
  bar: 1.5,
});
await runtime.close();
