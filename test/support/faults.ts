/**
 * The bar for every fault (docs/faults.md): it ends with the right error, in time, nothing is left, and a fresh instance works.
 * In the process of the test: `expectEnding(await ending(...), ...)`, with `expectAftermath()` at the top of the file.
 * In a process of its own: the fixture ends with `report(found)`, the test asks `survived(fixture)` and looks at what was found.
 */
import { afterEach, expect } from 'vitest';
import { aftermath, clean, type Ending, type Told } from './aftermath.mjs';
import { type Options, run } from './child.js';

export { ending, endingOnceBegun } from './aftermath.mjs';

/** After each test nothing is open, and a fresh instance works: for tests that close what they open. (At the end of a file: setup.ts.) */
export function expectAftermath(): void {
  afterEach(async () => expect(await aftermath()).toEqual(clean));
}

/** A deadline is met to within milliseconds on an idle machine (test/hammer/deadline.test.ts); machines of tests are not idle. */
const lateMs = 1_000;

/** It ended with this error (undefined: without any), no later than a second after `dueMs`. */
export function expectEnding(how: Ending | Told, expected: object | undefined, dueMs = 0, what = ''): void {
  const error = 'error' in how ? how.error : 'message' in how ? how : undefined;
  if (expected === undefined) expect(error, what).toBeUndefined();
  else expect(error, what).toMatchObject(expected);
  expect(how.ms, `${what}: ms`).toBeLessThan(dueMs + lateMs);
}

/** Runs test/fixtures/processes/<name>.mjs: it lived, said nothing on stderr, had nothing left, and a fresh instance worked. Answers what it found. */
export async function survived<T>(name: string, options: Options = {}): Promise<T> {
  const { nodeArgs = [] } = options;
  const { code, signal, stdout, stderr } = await run(name, { ...options, nodeArgs: ['--expose-gc', ...nodeArgs] });
  expect({ code, signal, stderr: stderr.slice(0, 3_000) }).toEqual({ code: 0, signal: null, stderr: '' });
  const { found, ...after } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { found: T };
  expect(after).toEqual(clean);
  return found;
}

export const timeout = { code: 'ERR_WAZERO_EXIT', name: 'TimeoutError', exitCode: 0xefff_ffff, reason: 'timeout' };
