import { afterEach, expect } from 'vitest';
import { aftermath, clean } from './aftermath.mjs';

export { open } from './aftermath.mjs';

/** Every file ends so by itself: see setup.ts. */
export function expectNothingLeft(): void {}

/** The same after each test, and a fresh instance works then: for tests that close what they open. */
export function expectAftermath(): void {
  afterEach(async () => expect(await aftermath()).toEqual(clean));
}
