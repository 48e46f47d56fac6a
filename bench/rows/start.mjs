import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { emit, median, quick } from '../measure.mjs';

// Each time in a new process: importing the package, and making the first runtime, which starts Go.
const entry = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
const script = `
  const a = performance.now();
  const { Runtime } = await import(${JSON.stringify(entry)});
  const b = performance.now();
  const runtime = new Runtime();
  const c = performance.now();
  console.log(JSON.stringify([b - a, c - b]));
  await runtime.close();`;
const times = Array.from({ length: quick ? 5 : 21 }, () =>
  JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })),
);
const group = 'Start';
const column = (i) => median(times.map((each) => each[i]));
emit({ group, row: 'import of the package', unit: 'ms', ours: column(0), bar: 3, absolute: true });
emit({ group, row: 'the first runtime, which starts Go', unit: 'ms', ours: column(1), bar: 25, absolute: true });
