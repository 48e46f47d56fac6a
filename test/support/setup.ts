/** Part of every test file (vitest.config.ts): whatever its tests opened is closed at its end, natively too. */
import { createRequire } from 'node:module';
import { afterAll, expect } from 'vitest';

const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.endsWith('.node'));

afterAll(async () => {
  if (!loaded()) return;
  // Not imported above: some files look at what loading the addon does, others never need it.
  const { nothingOpen } = await import('./aftermath.mjs');
  expect(await nothingOpen(), 'what is open at the end of this file').toEqual({});
});
