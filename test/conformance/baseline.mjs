import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vectors } from './vectors.mjs';

export const keyOf = ({ group, file, line, type }) => `${group}/${file}:${line} ${type}`;

/** What plain wazero deviates in, by the list beside the vectors. */
export function specBaseline(from) {
  return JSON.parse(readFileSync(join(vectors('spec', from), 'baseline.json'), 'utf8'));
}

/** Deviations that the list beside the vectors does not have: none are allowed. */
export function beyondBaseline(deviations, from) {
  const known = new Set(specBaseline(from).known_deviations.map(keyOf));
  return deviations.filter((deviation) => !known.has(keyOf(deviation)));
}
