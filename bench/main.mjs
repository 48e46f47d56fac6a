// npm run bench [-- --quick] [--only calls,memory]: measures every row against its peer in one run, and writes bench/results.json,
// docs/benchmarks.md and its pictures. Nothing else should run on the machine meanwhile.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeReport } from './report.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } });
const order = [
  'calls',
  'safe-calls',
  'groups',
  'tracing',
  'instances',
  'images',
  'tenants',
  'extism',
  'webassembly',
  'kernels',
  'interpreters',
  'code',
  'memory',
  'stdio',
  'files',
  'deadlines',
  'start',
];
const files = readdirSync(`${here}rows`).map((name) => name.replace('.mjs', ''));
const chosen = values.only?.split(',') ?? files.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));

if (!existsSync(`${here}peers/node_modules`))
  execFileSync('npm', ['ci', '--prefix', `${here}peers`], { stdio: 'inherit' });

/** Each file in a process of its own: what one leaves behind is not the next one's. */
async function run(name) {
  const rows = [];
  const child = spawn(process.execPath, ['--expose-gc', '--max-old-space-size=8192', `${here}rows/${name}.mjs`], {
    env: { ...process.env, WAZERO_BENCH_QUICK: values.quick ? '1' : '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  for await (const line of createInterface(child.stdout)) {
    const row = JSON.parse(line);
    rows.push(row);
    const ratio = row.ratio === undefined ? '' : `, ${row.ratio.toPrecision(3)} x ${row.against}`;
    const mark = row.ok === undefined ? '  ' : row.ok ? 'ok' : '!!';
    console.log(`${mark} ${row.row}: ${row.ours.toPrecision(4)} ${row.unit}${ratio}`);
  }
  if ((await ended) !== 0) {
    console.error(`!! bench/rows/${name}.mjs ended with an error`);
    process.exitCode = 1;
  }
  return rows;
}

const rows = [];
const load = loadavg()[0];
for (const name of chosen) rows.push(...(await run(name)));
const machine = {
  cpu: cpus()[0].model.trim(),
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform}-${process.arch}`,
  node: process.version,
  loadBefore: Number(load.toFixed(2)),
  date: new Date().toISOString().slice(0, 10),
  quick: values.quick === true,
};
if (!values.only) {
  writeFileSync(`${here}results.json`, `${JSON.stringify({ machine, rows }, undefined, 2)}\n`);
  writeReport({ machine, rows });
}
