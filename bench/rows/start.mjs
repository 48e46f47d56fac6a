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
  note: 'errors and what stands for the classes, 17 KB of source; with all public classes, 118 KB, it took 1.7 times as long. The rest is read with the first runtime and the first guest',
});
emit({
  group,
  row: 'the first runtime, which starts Go',
  unit: 'ms',
  ours: median(times.map(({ ours }) => ours[1])),
  bar: 15,
  absolute: true,
});
emit({
  group,
  row: 'import, runtime, a small module and its first call, together',
  unit: 'ms',
  ours: median(times.map(({ ours }) => ours[0] + ours[1] + ours[2])),
  note: 'what the import and the runtime do not read is read here',
});
