/** Programs that others' glue code was made for, packages of npm unchanged: what they say over our WebAssembly is, byte for byte, what they say over V8's. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import loadWabt from 'wabt';
import { createWebAssembly, v8 } from '../support/webassembly.js';

const run = promisify(execFile);
const file = (path: string) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));

// V8's half without threads of V8's own: at the end of a process Node may wait for one that waits for it (nodejs/node#54918, seen here in Node 20).
async function both(name: string, ...args: string[]): Promise<[ours: unknown, theirs: unknown]> {
  const [theirs, ours] = await Promise.all(
    [['--single-threaded'], ['--import', 'node-wazero/webassembly/register']].map(async (flags) => {
      const { stdout } = await run(process.execPath, [...flags, file(`processes/producers/${name}.mjs`), ...args]);
      return JSON.parse(stdout) as { v8: boolean; out: object };
    }),
  );
  expect([theirs?.v8, ours?.v8]).toEqual([true, false]);
  expect(Object.keys(theirs?.out ?? {}).length).toBeGreaterThan(1);
  return [ours?.out, theirs?.out];
}

it.each([
  ['emscripten', 'wabt, Lua'],
  ['sql', 'sql.js'],
  ['tree-sitter', 'web-tree-sitter and a grammar, linked dynamically'],
  ['quickjs', 'quickjs-emscripten'],
  ['resvg', '@resvg/resvg-wasm, of wasm-bindgen'],
  ['yoga', 'yoga-layout, with embind'],
  ['jco', 'jco itself'],
])('%s: %s', { timeout: 180_000 }, async (name) => {
  const [ours, theirs] = await both(name);
  expect(ours).toEqual(theirs);
});

it('Go for JavaScript', { timeout: 300_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wazero-go-'));
  try {
    const env = { ...process.env, GOOS: 'js', GOARCH: 'wasm', GOWORK: 'off', GOFLAGS: '' };
    const guest = join(directory, 'main.wasm');
    await run('go', ['build', '-ldflags=-s -w', '-o', guest, file('guests/browser.go')], { env });
    const root = (await run('go', ['env', 'GOROOT'])).stdout.trim();
    const [ours, theirs] = await both('go', join(root, 'lib/wasm/wasm_exec.js'), guest);
    expect(ours).toEqual(theirs);
    expect(theirs).toContainEqual(['sum', '328350']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** As Emscripten wrote them for long: V8 has them, too. */
const legacy = `(module (import "js" "fail" (func $fail)) (tag $e (param i32))
  (func $throws (param i32) (if (local.get 0) (then (throw $e (local.get 0)))))
  (func (export "own") (param i32) (result i32)
    (try (result i32) (do (call $throws (local.get 0)) (i32.const 7)) (catch $e (i32.add (i32.const 100)))))
  (func (export "all") (result i32) (try (result i32) (do (call $fail) (i32.const 1)) (catch_all (i32.const 2))))
  (func (export "again") (result i32)
    (try (result i32) (do (try (result i32) (do (call $throws (i32.const 5)) (i32.const 1)) (catch_all (rethrow 0)))) (catch $e))))`;

it('exceptions of old: the refusal names what translates them, and translated they are what they were in V8', async () => {
  const wabt = await loadWabt();
  const old = wabt.parseWat('legacy.wat', legacy, { exceptions: true }).toBinary({}).buffer;
  await using ours = createWebAssembly();
  expect(() => new ours.Module(old)).toThrow(/wasm-opt --translate-to-exnref/);
  const folder = mkdtempSync(join(tmpdir(), 'wazero-legacy-'));
  try {
    const [from, to] = [join(folder, 'in.wasm'), join(folder, 'out.wasm')];
    writeFileSync(from, old);
    const docs = readFileSync(fileURLToPath(new URL('../../docs/webassembly.md', import.meta.url)), 'utf8');
    const flags = /^wasm-opt (.*) in\.wasm -o out\.wasm$/m.exec(docs)![1]!.split(' ');
    // Of binaryen, which AssemblyScript brings.
    const optimizer = fileURLToPath(new URL('../../node_modules/binaryen/bin/wasm-opt', import.meta.url));
    await run(process.execPath, [optimizer, ...flags, from, '-o', to]);
    const answers = (WebAssembly: any, bytes: Uint8Array) => {
      const fail = () => {
        throw new Error('of JavaScript');
      };
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { js: { fail } }) as any;
      return [exports.own(0), exports.own(5), exports.all(), exports.again()];
    };
    const translated = answers(ours, readFileSync(to));
    expect(translated).toEqual(answers(v8, old));
    expect(translated).toEqual([7, 105, 2, 5]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
