// What a process has, behind both collectors.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapCodeStatistics } from 'node:v8';

/** The series, each with its unit. `heap` is the sum of the next two. */
export const series = {
  rss: 'MiB',
  heap: 'MiB',
  objects: 'MiB',
  code: 'MiB',
  external: 'MiB',
  handles: '',
  fds: '',
  threads: '',
  mappings: '',
};

export async function measure({ collect, handles }) {
  // Two turns: what a finaliser lets go is collected by the next one.
  for (let turn = 0; turn < 2; turn++) {
    globalThis.gc();
    collect();
    await sleep(20);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const compiled = getHeapCodeStatistics();
  const code = compiled.code_and_metadata_size + compiled.bytecode_and_metadata_size;
  return {
    rss: rss / 2 ** 20,
    heap: heapUsed / 2 ** 20,
    objects: (heapUsed - code) / 2 ** 20,
    code: code / 2 ** 20,
    external: external / 2 ** 20,
    handles: handles(),
    fds: readdirSync('/proc/self/fd').length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
    mappings: readFileSync('/proc/self/maps', 'utf8').split('\n').length,
  };
}

/**
 * The lowest of each of `parts` equal parts of the time. The heap is often a fifth of a MiB above what it can be: V8 counts what it keeps for its next objects.
 * And up to ten mappings are code of the last modules that Go's finalisers have not given back yet.
 */
export function floors(samples, name, parts) {
  const begin = samples[0].minute;
  const length = (samples.at(-1).minute - begin) / parts;
  const lowest = [];
  for (const { minute, [name]: value } of samples) {
    const part = Math.min(parts - 1, Math.floor((minute - begin) / length || 0));
    if (!lowest[part] || value < lowest[part][1]) lowest[part] = [minute, value];
  }
  return lowest.filter((point) => point !== undefined);
}

/** Theil and Sen's: the median of the slopes of all pairs, which single peaks do not move. */
export function slope(points) {
  const slopes = [];
  for (const [i, [x, y]] of points.entries()) for (const [u, v] of points.slice(i + 1)) slopes.push((v - y) / (u - x));
  slopes.sort((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? 0;
}
