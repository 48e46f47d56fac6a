import { readFileSync } from 'node:fs';
import { wat } from '../test/support/wat.mjs';

/** What `npm run bench` hands to each file of rows/ (main.mjs). */
export const quick = process.env.WAZERO_BENCH_QUICK === '1';
export const rounds = quick ? 3 : 9;

const sorted = (list) => list.toSorted((a, b) => a - b);
export const median = (list) => quantile(list, 0.5);
export const quantile = (list, share) => sorted(list)[Math.min(list.length - 1, Math.floor(share * list.length))];
/** Half of the distance between the quartiles, as a share of the median. */
const spread = (list) => (quantile(list, 0.75) - quantile(list, 0.25)) / 2 / median(list);

/** Nanoseconds of one call of `work`, of `times` in a row. */
export function time(work, times) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) work();
  return Number(process.hrtime.bigint() - start) / times;
}
/**
 * Nanoseconds of one of `times` rounds of a statement, in a loop of its own: functions that share a call site are slower than one that has one. What
 * the statement names is in `values`; `i` counts.
 */
export function own(statement, values) {
  const loop = new Function(
    ...Object.keys(values),
    'times',
    `const start = process.hrtime.bigint(); for (let i = 0; i < times; i++) { ${statement} } return Number(process.hrtime.bigint() - start) / times;`,
  );
  return (times) => loop(...Object.values(values), times);
}
/** Nanoseconds for one call, with so many outstanding all the time until `total` have ended. `work` is given which of them it is. */
export async function sustained(total, outstanding, work) {
  let begun = 0;
  const chain = async (which) => {
    while (begun < total) {
      begun++;
      await work(which);
    }
  };
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: outstanding }, (_, i) => chain(i)));
  return Number(process.hrtime.bigint() - start) / total;
}
export async function timeAsync(work, times = 1) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) await work();
  return Number(process.hrtime.bigint() - start) / times;
}

/**
 * One row: each contestant is a function that gives a figure (ns, bytes, ...), lower is better. All take their turn in each round, after one
 * round that warms; the figure is the median, the ratio that of the medians.
 *
 *   row, group: names; unit; ours, peer, limit: functions; against: who the peer is; bar: the ratio that must be reached, absent: reported only;
 *   absolute: it is of ours, in the unit
 */
export async function compare({ row, group, unit = 'ns', against, limitIs, bar, absolute, note, ours, peer, limit }) {
  const figures = { ours: [], peer: [], limit: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [name, run] of Object.entries({ ours, peer, limit })) {
      if (!run) continue;
      const figure = await run();
      if (round >= 0) figures[name].push(figure);
    }
  }
  const of = (name) => (figures[name].length > 0 ? median(figures[name]) : undefined);
  emit({
    row,
    group,
    unit,
    against,
    ours: of('ours'),
    peer: of('peer'),
    limit: of('limit'),
    limitIs,
    spread: spread(figures.ours),
    bar,
    absolute,
    note,
  });
}

/** A row that is measured once, or as a whole. */
export function emit(row) {
  const ratio = row.peer ? row.ours / row.peer : undefined;
  const judged = row.absolute ? row.ours : ratio; // absolute: the bar is in the unit, not a ratio
  const ok = row.bar === undefined || judged === undefined ? undefined : judged <= row.bar;
  process.stdout.write(`${JSON.stringify({ ...row, ratio, ok })}\n`);
}

export const guestFile = (name) => new URL(`guests/${name}`, import.meta.url);
export const guest = (name) =>
  name.endsWith('.wat') ? wat(readFileSync(guestFile(name), 'utf8')) : readFileSync(guestFile(name));
