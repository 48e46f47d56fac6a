/**
 * Fuzzing.   npm run fuzz -- [--minutes N | --seconds N] [--executions N] [--seed S] [--from I] [--committed] [target ...]
 * Each target runs in a child process, which is started again behind an execution that ended it or that hangs. Exit code 1: there were findings;
 * each is printed with the command that repeats it, and what it was made of is in build/fuzz.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fuzzPrescan } from './prescan.mjs';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
/** Targets that have a runner of their own. They begin where they like, and repeat by their own means. */
const others = { model, prescan: fuzzPrescan };
const own = readdirSync(path('targets')).map((file) => file.replace('.mjs', ''));
const all = [...own, ...Object.keys(others)];
/** Targets that take modules of the generator. */
const generated = ['engines', 'fuel', 'v8'];
/** Targets whose synchronous calls may enter the guest without Go: half of the executions do so at once, the other half never. */
const directly = ['addresses', 'boundaries', 'engines', 'floats', 'fuel', 'handles', 'v8', 'wasi'];
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    executions: { type: 'string', default: '9007199254740991' },
    seed: { type: 'string', default: String((Date.now() / 1000) | 0) },
    from: { type: 'string', default: '0' },
    committed: { type: 'boolean', default: false },
    'write-corpus': { type: 'boolean', default: false },
  },
});
const seconds = options.minutes === undefined ? Number(options.seconds) : Number(options.minutes) * 60;
const hangSeconds = 60;
const folder = path('../../build/fuzz');
mkdirSync(folder, { recursive: true });

if (options['write-corpus']) {
  (await import('./generated.mjs')).writeCorpus();
  process.exit();
}
const unknown = positionals.find((name) => !all.includes(name));
if (unknown !== undefined) {
  console.error(`Expected ${all.join(', ')} for target but received ${unknown}`);
  process.exit(2);
}
let findings = 0;
for (const name of positionals.length > 0 ? positionals : all) {
  if (name in others) findings += await others[name](seconds);
  else await fuzz(name);
}
process.exit(findings > 0 ? 1 : 0);

function model(seconds) {
  const args = ['vitest', 'run', '--project', 'hammer', 'test/hammer/model'];
  const env = { ...process.env, WAZERO_MODEL_RUNS: '1000000000', WAZERO_MODEL_SECONDS: String(seconds) };
  const child = spawn('npx', args, { cwd: path('../..'), env, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0 ? 0 : 1));
  });
}

async function fuzz(name) {
  if (generated.includes(name) && !options.committed) (await import('./generated.mjs')).buildGenerator();
  const begin = performance.now();
  const first = Number(options.from);
  const last = first + Number(options.executions);
  const counts = {};
  const before = findings;
  const given = process.env.WAZERO_NODE_DIRECT;
  let executions = 0;
  if (given === undefined && directly.includes(name)) {
    const middle = first + Math.ceil(Number(options.executions) / 2);
    executions += await leg(name, first, middle, seconds / 2, '1', counts);
    executions += await leg(name, middle, last, seconds / 2, '0', counts);
  } else executions = await leg(name, first, last, seconds, given, counts);
  const took = (performance.now() - begin) / 1000;
  console.log(
    JSON.stringify({
      target: name,
      seed: Number(options.seed),
      executions,
      seconds: Math.round(took),
      findings: findings - before,
      counts,
    }),
  );
}

/** Executions from `from` to `last` - 1 for so many seconds; how many there were. What they counted is added to `counts`. */
async function leg(name, from, last, seconds, direct, counts) {
  const end = performance.now() + seconds * 1000;
  const first = from;
  for (let restarts = 0; restarts < 50; restarts++) {
    const left = (end - performance.now()) / 1000;
    if (left <= 0 || from >= last) break;
    const child = await run(name, from, last - from, left, direct);
    for (const [kind, n] of Object.entries(child.counts ?? {})) counts[kind] = (counts[kind] ?? 0) + n;
    if (child.done !== undefined) return from + child.done - first;
    report(name, child.at, child.end, undefined, direct);
    from = child.at + 1;
  }
  return from - first;
}

function report(name, index, finding, input, direct) {
  findings++;
  const stem = `${folder}/${name}-${options.seed}-${index}`;
  writeFileSync(`${stem}.txt`, `${finding}\n`);
  if (input) writeFileSync(`${stem}.wasm`, Buffer.from(input, 'base64'));
  console.error(
    `FINDING ${name} ${index}: ${finding}\n  ${direct === undefined ? '' : `WAZERO_NODE_DIRECT=${direct} `}npm run fuzz -- --seed ${options.seed} --from ${index} --executions 1 ${options.committed ? '--committed ' : ''}${name}`,
  );
}

/** What became of a child: `done` executions, or `end` at execution `at`. */
function run(name, from, executions, seconds, direct) {
  const progress = `${folder}/${name}.${process.pid}.at`;
  writeFileSync(progress, new BigUint64Array([BigInt(from)]));
  const settings = { seed: Number(options.seed), from, executions, seconds, committed: options.committed, progress };
  const child = spawn(process.execPath, ['--expose-gc', path('child.mjs'), name, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: direct === undefined ? process.env : { ...process.env, WAZERO_NODE_DIRECT: direct },
  });
  const outcome = {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const { index, finding, input, done, counts } = JSON.parse(line);
    if (finding) report(name, index, finding, input, direct);
    else Object.assign(outcome, { done, counts });
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr = (stderr + data).slice(0, 20_000);
  });
  const at = () => {
    return Number(readFileSync(progress).readBigUInt64LE());
  };
  let seen = -1;
  let hangs = false;
  const watch = setInterval(() => {
    const now = at();
    if (now === seen) {
      hangs = true;
      child.kill('SIGKILL');
    }
    seen = now;
  }, hangSeconds * 1000);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearInterval(watch);
      if (outcome.done !== undefined && code === 0) return resolve(outcome);
      const how = hangs ? `hangs for ${hangSeconds} s` : `ended the process with ${signal ?? code}`;
      resolve({ at: at(), end: `${how}\n${stderr}`, counts: outcome.counts });
    });
  });
}
