/**
 * Modules of wasm-smith. A long run builds the generator in smith/ with cargo; a short one, or where there is no cargo, takes what is
 * committed in corpus/, which `npm run fuzz -- --write-corpus` makes anew.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const batch = 500;

/** A function index -> bytes. kind: 'v8' keeps to what V8 runs too, 'wazero' has all that wazero has. */
export function generatedModules(kind, seed, committedOnly) {
  if (committedOnly || !buildGenerator()) {
    const modules = readCorpus(kind);
    return (index) => modules[index % modules.length];
  }
  let first = -1;
  let modules = [];
  return (index) => {
    const wanted = index - (index % batch);
    if (wanted !== first) [first, modules] = [wanted, generate(kind, seed, wanted, batch)];
    return modules[index - first];
  };
}

const corpusFile = (kind) => path(`corpus/generated-${kind}.bin.gz`);
export const readCorpus = (kind) =>
  split(gunzipSync(readFileSync(corpusFile(kind)))).filter(({ length }) => length > 0);
export function writeCorpus() {
  if (!buildGenerator())
    throw new Error('Expected cargo on the PATH: the corpus is made by the Rust program in test/fuzz/smith');
  for (const kind of ['v8', 'wazero']) writeFileSync(corpusFile(kind), gzipSync(smith(kind, 5, 0, 150), { level: 9 }));
}

const target = path('../../build/smith');
let built;
/** False where it cannot be. Who watches over executions calls it before them: it takes a minute and more on a busy machine, which is no hang. */
export function buildGenerator() {
  built ??=
    spawnSync('cargo', ['build', '--release', '--quiet', '--locked'], {
      cwd: path('smith'),
      env: { ...process.env, CARGO_TARGET_DIR: target },
      stdio: 'inherit',
    }).status === 0;
  return built;
}
const smith = (...args) => execFileSync(`${target}/release/smith`, args.map(String), { maxBuffer: 1 << 30 });
const generate = (...args) => split(smith(...args));

function split(bytes) {
  const modules = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    modules.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return modules;
}
