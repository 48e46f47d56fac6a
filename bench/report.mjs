// docs/benchmarks.md and its pictures, from the rows of a run.
import { mkdirSync, writeFileSync } from 'node:fs';

const docs = new URL('../docs/', import.meta.url);

const units = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
  ['ns', 1],
];
function figure(value, unit) {
  if (value === undefined) return '';
  if (unit !== 'ns') return `${Number(value.toPrecision(3))} ${unit}`;
  const [name, size] = units.find(([, size]) => value >= size) ?? units.at(-1);
  return `${Number((value / size).toPrecision(3))} ${name}`;
}
const ratioText = (ratio) => (ratio === undefined ? '' : `${Number(ratio.toPrecision(3))} x`);
const barText = ({ bar, absolute, unit }) =>
  bar === undefined ? '' : absolute ? `<= ${bar} ${unit}` : `<= ${Number(bar.toPrecision(3))} x`;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** One bar for each row that has a peer: how many times as long as the peer it takes, on a logarithmic scale, with a mark where it should be. */
function picture(title, rows) {
  const [width, left, line, top] = [900, 400, 26, 56];
  const height = top + rows.length * line + 40;
  const ratios = rows.flatMap(({ ratio, bar }) => [ratio, bar ?? 1]).filter((value) => value > 0);
  const low = Math.min(0.1, ...ratios) / 1.3;
  const high = Math.max(10, ...ratios) * 1.3;
  const x = (ratio) =>
    left + ((Math.log(ratio) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (width - left - 90);
  const ticks = Array.from({ length: 13 }, (_, i) => 10 ** (i - 6)).filter((tick) => tick >= low && tick <= high);
  const grid = ticks
    .map(
      (tick) =>
        `<line x1="${x(tick)}" x2="${x(tick)}" y1="${top - 8}" y2="${height - 32}" stroke="#ccc"/>` +
        `<text x="${x(tick)}" y="${height - 14}" text-anchor="middle" fill="#555">${tick} x</text>`,
    )
    .join('\n');
  const bars = rows.map(({ row, ratio, bar, ok }, i) => {
    const y = top + i * line;
    const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
    const colour = ok === false ? '#c0504d' : ratio <= 1 ? '#4f8f5b' : '#5b7fa6';
    const label = row.length > 62 ? `${row.slice(0, 60)}…` : row;
    return (
      `<text x="${left - 10}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>` +
      `<rect x="${from}" y="${y}" width="${Math.max(to - from, 1)}" height="16" fill="${colour}"/>` +
      (bar === undefined
        ? ''
        : `<line x1="${x(bar)}" x2="${x(bar)}" y1="${y - 3}" y2="${y + 19}" stroke="#000" stroke-width="2"/>`) +
      `<text x="${to + 6}" y="${y + 13}" fill="#333">${ratioText(ratio)}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="22" font-size="16" font-weight="bold">${escaped(title)}</text>
<text x="10" y="40" fill="#555">times the peer's time, lower is better; the black mark is where it should be</text>
${grid}
<line x1="${x(1)}" x2="${x(1)}" y1="${top - 8}" y2="${height - 32}" stroke="#000"/>
${bars.join('\n')}
</svg>
`;
}

export function writeReport({ machine, rows }) {
  const folder = new URL('benchmarks/', docs);
  mkdirSync(folder, { recursive: true });
  const groups = [...new Set(rows.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const own = rows.filter((row) => row.group === group);
    const drawn = own.filter(({ ratio }) => ratio !== undefined);
    const file = `${group.toLowerCase().replaceAll(/\W+/g, '-')}.svg`;
    if (drawn.length > 0) writeFileSync(new URL(file, folder), picture(group, drawn));
    const table = own.map((row) => {
      const cells = [
        row.row,
        `${figure(row.ours, row.unit)}${row.spread === undefined ? '' : ` ± ${(row.spread * 100).toFixed(0)} %`}`,
        row.peer === undefined ? '' : `${figure(row.peer, row.unit)} (${row.against})`,
        row.limit === undefined ? '' : `${figure(row.limit, row.unit)} (${row.limitIs})`,
        ratioText(row.ratio),
        barText(row),
        row.ok === undefined ? '' : row.ok ? 'yes' : '**no**',
        row.note ?? '',
      ];
      return `| ${cells.join(' | ')} |`;
    });
    return [
      `## ${group}`,
      ...(drawn.length > 0 ? ['', `![${group}](benchmarks/${file})`] : []),
      '',
      '| what | here | peer | limit | ratio | should be | is it | |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      ...table,
    ].join('\n');
  });
  const { cpu, cores, memoryGiB, system, node, date, quick } = machine;
  const text = `# Benchmarks

Written by \`npm run bench\`${quick ? ' (**quick**: three short rounds)' : ''} on ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node.slice(1)}.

Ours and the peer take turns in the same run, in rounds of which the first warms; figures are medians, ± is half the distance of the quartiles. Ours are the objects that users get, with all checks on.
A ratio below 1 means that ours is faster. Rows that are not what they should be say so.

${sections.join('\n\n')}
`;
  writeFileSync(new URL('benchmarks.md', docs), text);
}
