import { afterAll, afterEach, expect } from 'vitest';
import { aftermath, clean, nothingOpen } from './aftermath.mjs';

export { open } from './aftermath.mjs';

/** At the end of a test file: whatever the tests opened is closed, natively too. Call it once at the top of the file. */
export function expectNothingLeft(): void {
  afterAll(async () => expect(await nothingOpen()).toEqual({}));
}

/** The same after each test, and a fresh instance works then: for tests that close what they open. */
export function expectAftermath(): void {
  afterEach(async () => expect(await aftermath()).toEqual(clean));
}
