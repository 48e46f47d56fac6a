import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { CompilationCache, ModuleConfig, Runtime, RuntimeConfig } from '../../dist/index.js';
import { compare, emit, guest, quick, timeAsync } from '../measure.mjs';

const group = 'Instances';
const binary = guest('plugin.wat');
const anonymous = new ModuleConfig().withName('');
const status = () => {
  const text = readFileSync('/proc/self/status', 'utf8');
  const field = (name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)[1]);
  return { rss: field('VmRSS') * 1024, threads: field('Threads') };
};

const tenantHost = (runtime) =>
  runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => 1, [], ['i32'])
    .export('tenant')
    .instantiate();

// a new tenant
const cache = new CompilationCache();
const keep = new Runtime(new RuntimeConfig().withCompilationCache(cache));
const held = await keep.compileModule(binary); // code that nobody holds is collected, and the row would be that of compiling
async function tenant() {
  const runtime = new Runtime(new RuntimeConfig().withCompilationCache(cache));
  await tenantHost(runtime);
  const module = await runtime.instantiate(binary);
  await module.exportedFunction('run').call(1);
  await runtime.close();
}
const worker = () =>
  new Promise((resolve, reject) => {
    const started = new Worker('require("node:worker_threads").parentPort.postMessage(1)', { eval: true });
    started.once('message', () => started.terminate().then(resolve, reject)).once('error', reject);
  });
await compare({
  group,
  row: 'a new tenant: runtime, host module, instance, a call, close',
  against: 'starting a Worker',
  bar: 1 / 20,
  note: 'a third is making the host module, which Go compiles anew in each runtime, a third compiling from the cache and instantiating, on the JS thread, for it is a little module without a name; a tenth making the runtime',
  ours: () => timeAsync(tenant, quick ? 20 : 100),
  peer: () => timeAsync(worker, quick ? 3 : 10),
});
await held.close();
await keep.close();
await cache.close();

// instantiate and a first call, beside 10,000 that live
const live = quick ? 1_000 : 10_000;
const runtime = new Runtime(new RuntimeConfig().withGuardPages(false));
await tenantHost(runtime);
const compiled = await runtime.compileModule(binary);
const v8Module = new WebAssembly.Module(binary);
const imports = { env: { tenant: () => 1 } };
const v8Kept = [];
// V8 takes 10 GiB of address space for each, so that nearly nothing is left: ours compare.
for (let i = 0; i < live; i++) v8Kept.push(new WebAssembly.Instance(v8Module, imports));
const kept = [];
for (let i = 0; i < live; i++) kept.push(runtime.instantiateModuleSync(compiled, anonymous));
const each = quick ? 100 : 1000;
await compare({
  group,
  row: `instantiate and a first call, beside ${live.toLocaleString('en')} live instances`,
  against: "V8's WebAssembly",
  bar: 1 / 4,
  note: 'two thirds are making the instance, half of that in Go; tried: no seed, no JSON, no error for a missing _start, one hidden class for each public class, no tables for one thing, a first call without Go: together 0.54 to 0.31 x',
  ours: async () => {
    const made = [];
    const start = process.hrtime.bigint();
    for (let i = 0; i < each; i++) {
      const module = runtime.instantiateModuleSync(compiled, anonymous);
      module.exportedFunction('run').callSync(1);
      made.push(module);
    }
    const ns = Number(process.hrtime.bigint() - start) / each;
    for (const module of made) module.closeSync();
    return ns;
  },
  peer: () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < each; i++) new WebAssembly.Instance(v8Module, imports).exports.run(1);
    return Number(process.hrtime.bigint() - start) / each;
  },
});
v8Kept.length = 0;

// as many as fit
const most = quick ? 10_000 : 100_000;
globalThis.gc?.();
const before = status().rss;
const began = kept.length;
while (kept.length < most) kept.push(runtime.instantiateModuleSync(compiled, anonymous));
const bytes = (status().rss - before) / (most - began);
emit({
  group,
  row: `${most.toLocaleString('en')} live instances, KiB each`,
  unit: 'KiB',
  ours: bytes / 1024,
  bar: 24,
  absolute: true,
  note: 'V8 stops at about 13,000',
});
await runtime.close();

// guests that wait for a Promise
const waiting = quick ? 5_000 : 50_000;
const other = new Runtime(new RuntimeConfig());
const release = [];
await other
  .newHostModuleBuilder('env')
  .newFunctionBuilder()
  .withFunction(() => new Promise((done) => release.push(done)), [], [])
  .export('later')
  .instantiate();
const later = await other.compileModule(guest('later.wat'));
const rssBefore = status().rss;
const calls = [];
for (let i = 0; i < waiting; i++) {
  const module = other.instantiateModuleSync(later, anonymous);
  calls.push(module.exportedFunction('run').call(1));
}
while (release.length < waiting) await new Promise((done) => setTimeout(done, 10));
const { rss, threads } = status();
emit({
  group,
  row: `${waiting.toLocaleString('en')} suspended guests, KiB each`,
  unit: 'KiB',
  ours: (rss - rssBefore) / waiting / 1024,
  bar: 30,
  absolute: true,
  note: `${threads} threads`,
});
emit({ group, row: 'threads with them', unit: 'threads', ours: threads, bar: 63, absolute: true });
for (const done of release) done();
await Promise.all(calls);
await other.close();
