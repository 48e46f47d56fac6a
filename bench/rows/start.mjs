import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { emit, median, quick } from '../measure.mjs';

// Each time in a new process: importing the package, and making the first runtime, which starts Go.
const pathOf = (file) => fileURLToPath(new URL(file, import.meta.url));
const timesOf = (file) =>
  JSON.parse(execFileSync(process.execPath, [pathOf('../peers/import.mjs'), pathOf(file)], { encoding: 'utf8' }));
const times = Array.from({ length: quick ? 5 : 21 }, () => ({
  ours: timesOf('../../dist/index.js'),
  empty: timesOf('../peers/empty.mjs'),
}));
const group = 'Start';
emit({
  group,
  row: 'import of the package',
  unit: 'ms',
  ours: median(times.map(({ ours }) => ours[0])),
  limit: median(times.map(({ empty }) => empty[0])),
  limitIs: 'import of an empty file',
  bar: 3,
  absolute: true,
  note: 'two files; of what is above the limit, two thirds are V8 reading 195 KB of source (minified: a tenth less), a fifth is running it',
});
emit({
  group,
  row: 'the first runtime, which starts Go',
  unit: 'ms',
  ours: median(times.map(({ ours }) => ours[1])),
  bar: 25,
  absolute: true,
});
