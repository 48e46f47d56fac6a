// Does anything grow?   npm run soak -- --minutes N [--seed S] [--round-seconds 3] [--out build/soak]
// Rounds of mixed load, each of which closes what it opened; behind each round both collectors run and the process is measured. After a warm-up of a
// quarter of the time nothing may rise by more than 1 % in ten minutes, and no handle may be open. Writes soak.json and soak.svg; exit code 1: something grows.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { experimental } from '../../dist/index.js';
import { native } from '../../dist/internal/native.js';
import { round } from './load.mjs';
import { plot } from './plot.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    'round-seconds': { type: 'string', default: '3' },
    out: { type: 'string', default: 'build/soak' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const mostPerCent = 1;

/** The series, each with its unit. */
const series = {
  rss: 'MiB',
  heap: 'MiB',
  external: 'MiB',
  handles: '',
  fds: '',
  threads: '',
  mappings: '',
};
async function measure() {
  // Two turns: what a finaliser lets go is collected by the next one.
  for (let turn = 0; turn < 2; turn++) {
    globalThis.gc();
    native().collect();
    await sleep(20);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const { runtimes, compiledModules, modules, callEngines, memoryReservations, references, threadsafeFunctions } =
    experimental.stats();
  return {
    rss: rss / 2 ** 20,
    heap: heapUsed / 2 ** 20,
    external: external / 2 ** 20,
    handles: runtimes + compiledModules + modules + callEngines + memoryReservations + references + threadsafeFunctions,
    fds: readdirSync('/proc/self/fd').length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
    mappings: readFileSync('/proc/self/maps', 'utf8').split('\n').length,
  };
}

const begin = performance.now();
const elapsed = () => (performance.now() - begin) / 60_000;
const counts = {};
const samples = [];
for (let number = 0; elapsed() < minutes; number++) {
  await round(seed, number, Number(values['round-seconds']) * 1000, counts);
  samples.push({ minute: elapsed(), ...(await measure()) });
}

const judged = samples.filter(({ minute }) => minute >= minutes / 4);
const result = {};
for (const name of Object.keys(series)) {
  const points = judged.map((sample) => [sample.minute, sample[name]]);
  const mean = points.reduce((sum, [, value]) => sum + value, 0) / points.length;
  const perTenMinutes = 10 * slope(points);
  const perCent = mean === 0 ? 0 : (100 * perTenMinutes) / mean;
  result[name] = {
    unit: series[name],
    mean: rounded(mean),
    perTenMinutes: rounded(perTenMinutes),
    perCent: rounded(perCent),
    flat: perCent <= mostPerCent,
  };
}
// Those of the queue to this thread stay: they belong to the environment.
const open = judged.map(({ handles }) => handles);
if (Math.max(...open) > Math.min(...open)) result.handles.flat = false;

mkdirSync(values.out, { recursive: true });
const rounds = samples.length;
const report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  minutes,
  seed,
  rounds,
  counts,
  result,
};
writeFileSync(`${values.out}/soak.json`, `${JSON.stringify({ ...report, samples: thinned(samples) }, null, 1)}\n`);
writeFileSync(`${values.out}/soak.svg`, plot(thinned(samples), series, result, minutes / 4));
console.log(JSON.stringify(report, null, 1));
process.exit(Object.values(result).every(({ flat }) => flat) ? 0 : 1);

/** Theil and Sen's: the median of the slopes of all pairs, which single peaks do not move. */
function slope(points) {
  const slopes = [];
  for (const [i, [x, y]] of points.entries()) for (const [u, v] of points.slice(i + 1)) slopes.push((v - y) / (u - x));
  slopes.sort((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? 0;
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
