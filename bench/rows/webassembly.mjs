// node-wazero/webassembly against the package's own calls, and V8: what glue code pays for a WebAssembly that can be stopped.
import { ModuleConfig, Runtime, RuntimeConfig } from '../../dist/index.js';
import { createWebAssembly } from '../../dist/webassembly.js';
import { wat } from '../../test/support/wat.mjs';
import { compare, emit, own, quick, time } from '../measure.mjs';

const group = 'WebAssembly';
const binary = wat(`(module
  (import "e" "f" (func $f (param i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "loop") (param $n i32)
    (loop (drop (call $f (local.get $n))) (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))`);
const small = wat(`(module (import "e" "f" (func $f (param i32) (result i32)))
  (func (export "g") (param i32) (result i32) (call $f (local.get 0))))`);
const passing = wat('(module (func (export "pass") (param externref)))');
const imports = () => ({ e: { f: (x) => x } });

const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
const host = await runtime.hostModule('e', { f: [['i32'], ['i32'], (x) => x] });
const core = await runtime.instantiate(binary);
const plain = createWebAssembly({});
const timed = createWebAssembly({ timeoutMs: 1_000 });
const exportsOf = (namespace) => new namespace.Instance(new namespace.Module(binary), imports()).exports;

const many = quick ? 1e5 : 3e6;
const callSync = own('f.callSync(i, 1)', { f: core.exportedFunction('add') });
const against = 'callSync';
for (const [row, namespace, bar] of [
  ['an exported function (i32, i32) -> i32', plain, 1.1],
  ['the same with a deadline', timed, 2.5],
]) {
  const called = own('f(i, 1)', { f: exportsOf(namespace).add });
  await compare({ group, row, against, bar, ours: () => called(many), peer: () => callSync(many) });
}

const hosts = quick ? 1e4 : 1e6;
const coreLoop = core.exportedFunction('loop');
const { loop } = exportsOf(plain);
await compare({
  group,
  row: 'a host function (i32) -> i32, called by a guest',
  against: "the core's",
  bar: 1.2,
  ours: () => time(() => loop(hosts), 1) / hosts,
  peer: () => time(() => coreLoop.callSync(hosts), 1) / hosts,
});

const each = quick ? 100 : 1_000;
const smallModule = new plain.Module(small);
const v8Module = new WebAssembly.Module(small);
await compare({
  group,
  row: 'a new Instance of a small module with one import',
  against: "V8's",
  bar: 40_000,
  absolute: true,
  ours: () => time(() => void new plain.Instance(smallModule, imports()), each),
  peer: () => time(() => void new WebAssembly.Instance(v8Module, imports()), each),
});

const anonymous = new ModuleConfig().withName('');
for (const [count, bar] of [
  [1, 30_000],
  [50, 80_000],
])
  await compare({
    group,
    row: `a host module of ${count} function${count > 1 ? 's' : ''}, made and instantiated`,
    bar,
    absolute: true,
    ours: () =>
      time(() => {
        const builder = runtime.newHostModuleBuilder('own');
        for (let i = 0; i < count; i++)
          builder
            .newFunctionBuilder()
            .withFunction((x) => x, ['i32'], ['i32'])
            .export(`f${i}`);
        const compiled = builder.compileSync();
        runtime.instantiateModuleSync(compiled, anonymous);
        compiled.closeSync();
      }, each),
  });

// externrefs that no guest keeps
const { pass } = new plain.Instance(new plain.Module(passing)).exports;
const references = quick ? 1e5 : 1e6;
async function passed() {
  for (let i = 0; i < references; i++) {
    pass({ i });
    if (i % 10_000 === 0) await new Promise((done) => setImmediate(done));
  }
  globalThis.gc?.();
  await new Promise((done) => setTimeout(done, 50));
  return process.memoryUsage().rss;
}
await passed();
const before = await passed();
const after = await passed();
emit({
  group,
  row: `${references.toLocaleString('en')} calls with an externref each: growth of the process, bytes a call`,
  unit: 'bytes',
  ours: Math.max(0, after - before) / references,
  bar: 4,
  absolute: true,
  note: 'an object that a guest held would be 100',
});
host.closeSync();
await runtime.close();
