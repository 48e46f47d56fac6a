import { it } from 'vitest';
import { binding } from './package.js';

const info: { engine: string; edits: string[] } = JSON.parse(binding().buildInfo());

/**
 * `it` for a behaviour that wazero has only with one of our edits (RATIONALE.md names them). A build with the upstream engine skips
 * the test and prints that it did: the printed list is what such a build does not promise.
 */
export function needsEdit(edit: string): typeof it | typeof it.skip {
  if (info.edits.includes(edit)) return it;
  return Object.assign((name: string, ...rest: unknown[]) => {
    console.log(`needs edit ${edit}: ${name}`);
    return (it.skip as (...args: unknown[]) => void)(name, ...rest);
  }, it.skip) as typeof it.skip;
}
