/** Tables of what a guest does with files, and what it is answered. */
import { expect } from 'vitest';
import type { FSConfig } from './package.js';
import { filesGuest } from './wasi-guest.js';

/** A table of operations and what each answers: "ok" is short for "op: ok", a number for an errno. */
export type Row = [op: string, ...args: (string | number)[]];
export function pathGuest() {
  const guest = filesGuest('paths');
  const lanes = { sync: guest.runSync, async: guest.runAsync };
  async function expectRows(lane: keyof typeof lanes, files: FSConfig, rows: Row[]): Promise<void> {
    const script = rows.flatMap((row) => row.slice(0, -1).map(String));
    const wanted = rows.map((row) => {
      const last = row.at(-1);
      return `${row[0]}: ${typeof last === 'number' ? `!${last}` : last}`;
    });
    const said = await lanes[lane](files, ...script);
    const labelled = (lines: string[]) => lines.map((line, i) => `${rows[i]?.slice(0, -1).join(' ')} => ${line}`);
    expect(labelled(said)).toEqual(labelled(wanted));
  }
  return { ...guest, lanes, expectRows };
}
