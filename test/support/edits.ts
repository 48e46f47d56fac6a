import { it } from 'vitest';
import { binding } from './package.js';

const { edits }: { edits: string[] } = JSON.parse(binding().buildInfo());

export const hasEdit = (edit: string): boolean => edits.includes(edit);

type Declare = (name: string, test: () => unknown, timeout?: number) => void;
/**
 * `it` for a behaviour that wazero has only with one of our edits (RATIONALE.md names them). A build with the upstream engine skips
 * the test and prints that it did: the printed list is what such a build does not promise.
 */
export function needsEdit(edit: string): Declare {
  if (hasEdit(edit)) return (name, test, timeout) => it(name, test, timeout);
  return (name, test) => {
    console.log(`needs edit ${edit}: ${name}`);
    it.skip(name, test);
  };
}

/** Guests that wait are copied with their native stacks: not on every processor, see RATIONALE.md. */
export const copiesStacks = hasEdit('e13waiting');
export const needsStacks = needsEdit('e13waiting');
