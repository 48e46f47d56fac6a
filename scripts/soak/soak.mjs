// Does anything grow?   npm run soak -- --minutes N [--seed S] [--round-seconds 3] [--out build/soak]
// Rounds of mixed load, each of which closes what it opened; behind each round both collectors run and the process is measured. Beside it a control runs: a
// process with Workers, Promises, timers, streams and files, but without the package. Half of the time is warm-up. In the other half nothing may rise by
// more than 1 % in ten minutes beyond what the control does (in the heap and in mappings: the lowest of each tenth), and no handle may be open. V8 goes on to compile for long: `code` may rise by half a MiB, and
// `heap`, the sum, is judged by its parts. V8's space for new objects does not grow (--max-semi-space-size), as it would with the speed. Writes soak.json and soak.svg; exit code 1: something grows.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { floors, measure, series, slope } from './measure.mjs';
import { plot } from './plot.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    'round-seconds': { type: 'string', default: '3' },
    out: { type: 'string', default: 'build/soak' },
    control: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const mostPerCent = 1;
const mostCode = 0.5;

const control = values.control ? undefined : startControl();
const load = await import(values.control ? './control.mjs' : './load.mjs');
const begin = performance.now();
const elapsed = () => (performance.now() - begin) / 60_000;
const counts = {};
const samples = [];
for (let number = 0; elapsed() < minutes; number++) {
  await load.round(seed, number, Number(values['round-seconds']) * 1000, counts);
  const sample = { minute: elapsed(), ...(await measure(load)) };
  samples.push(Float64Array.from(Object.values(sample))); // outside of the heap that is measured
}
const columns = ['minute', ...Object.keys(series)];
const rows = samples.map((sample) => Object.fromEntries(columns.map((name, i) => [name, sample[i]])));

const beside = await control;
const warmUp = minutes / 2;
const judged = rows.filter(({ minute }) => minute >= warmUp);
const result = {};
for (const name of Object.keys(series)) {
  const mean = judged.reduce((sum, sample) => sum + sample[name], 0) / judged.length;
  const uneven = ['heap', 'objects', 'code', 'mappings'].includes(name);
  const points = uneven ? floors(judged, name, 10) : judged.map((sample) => [sample.minute, sample[name]]);
  const perTenMinutes = 10 * slope(points);
  const perCent = mean === 0 ? 0 : (100 * perTenMinutes) / mean;
  const most = name === 'code' ? mostCode : (mostPerCent / 100) * mean;
  const flat = name === 'heap' || perTenMinutes - Math.max(0, beside?.result[name].perTenMinutes ?? 0) <= most;
  result[name] = {
    unit: series[name],
    mean: rounded(mean),
    perTenMinutes: rounded(perTenMinutes),
    perCent: rounded(perCent),
    flat,
  };
}
// How even the machine was: what Workers have at once goes up and down with the speed.
const took = rows.map(({ minute }, i) => rounded(60 * (minute - (rows[i - 1]?.minute ?? 0))));
const open = judged.map(({ handles }) => handles);
if (Math.max(...open) > Math.min(...open)) result.handles.flat = false;

mkdirSync(values.out, { recursive: true });
const report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  minutes,
  seed,
  rounds: rows.length,
  roundSeconds: { least: Math.min(...took), most: Math.max(...took) },
  counts,
  result,
  control: beside,
};
writeFileSync(`${values.out}/soak.json`, `${JSON.stringify({ ...report, samples: thinned(rows) }, null, 1)}\n`);
writeFileSync(`${values.out}/soak.svg`, plot(thinned(rows), series, report, warmUp));
if (!values.control) console.log(JSON.stringify(report, null, 1));
process.exit(values.control || Object.values(result).every(({ flat }) => flat) ? 0 : 1);

/** The slopes of a control that runs meanwhile. */
function startControl() {
  const out = `${values.out}/control`;
  const settings = ['minutes', 'seed', 'round-seconds'].flatMap((name) => [`--${name}`, values[name]]);
  const args = [...process.execArgv, fileURLToPath(import.meta.url), '--control', '--out', out, ...settings];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code !== 0) return reject(new Error(`the control ended with ${code}`));
      const { rounds, counts, result } = JSON.parse(readFileSync(`${out}/soak.json`, 'utf8'));
      resolve({ rounds, counts, result });
    });
  });
}
function rounded(value) {
  return Number(value.toFixed(3));
}
/** At most 200 samples: figures that are kept stay small. */
function thinned(all) {
  const step = Math.ceil(all.length / 200);
  return all
    .filter((_, i) => i % step === 0)
    .map((sample) => Object.fromEntries(Object.entries(sample).map(([name, value]) => [name, rounded(value)])));
}
