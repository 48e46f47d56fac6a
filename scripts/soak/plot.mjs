// One panel for each series, over time, from zero; the warm-up is grey. The slope of the control stands below.
const width = 640;
const height = 90;
const left = 180;

export function plot(samples, series, { result, control }, warmUp) {
  const last = samples.at(-1).minute;
  const x = (minute) => left + ((width - left - 10) * minute) / last;
  const panels = Object.keys(series).map((name, i) => {
    const { unit, mean, perTenMinutes, perCent } = result[name];
    const signed = (value) => `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;
    const beside = control && `control ${signed(control.result[name].perTenMinutes)} ${unit}`;
    const most = Math.max(1, ...samples.map((sample) => sample[name])) * 1.1;
    const y = (value) => (i + 1) * height - 15 - ((height - 25) * value) / most;
    const points = samples.map((sample) => `${x(sample.minute).toFixed(1)},${y(sample[name]).toFixed(1)}`).join(' ');
    return `<text x="8" y="${i * height + 30}" font-weight="bold">${name}</text>
<text x="8" y="${i * height + 48}">mean ${mean.toFixed(1)} ${unit}</text>
<text x="8" y="${i * height + 64}">${signed(perTenMinutes)}, ${signed(perCent)} % / 10 min</text>
<text x="8" y="${i * height + 78}" fill="#777">${beside ?? ''}</text>
<rect x="${left}" y="${i * height + 10}" width="${(x(warmUp) - left).toFixed(1)}" height="${height - 25}" fill="#eee"/>
<line x1="${left}" y1="${y(0)}" x2="${width - 10}" y2="${y(0)}" stroke="#999"/>
<polyline points="${points}" fill="none" stroke="#2266aa" stroke-width="1.5"/>`;
  });
  const bottom = panels.length * height;
  const ticks = Array.from(
    { length: Math.floor(last) + 1 },
    (_, minute) => `<text x="${x(minute).toFixed(1)}" y="${bottom + 8}" text-anchor="middle">${minute}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 28}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
${panels.join('\n')}
${ticks.filter((_, minute) => last < 20 || minute % 5 === 0).join('')}
<text x="${(width + left) / 2}" y="${bottom + 24}" text-anchor="middle">minutes</text>
</svg>
`;
}
