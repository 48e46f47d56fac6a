import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';
import { binding, experimental } from './package.js';

type Stats = ReturnType<typeof experimental.stats>;
/** Goroutines of Go's runtime and the slot scheduler stay; everything else is back to nothing when everything is closed. */
const counted: (keyof Stats)[] = [
  'runtimes',
  'compiledModules',
  'modules',
  'callEngines',
  'memoryReservations',
  'references',
];

/** What is open now, by kind, without what is zero. */
export function open(stats: Stats = experimental.stats()): Partial<Stats> {
  return Object.fromEntries(counted.filter((kind) => stats[kind] !== 0).map((kind) => [kind, stats[kind]]));
}

/** At the end of a test file: whatever the tests opened is closed, natively too. Call it once at the top of the file. */
export function expectNothingLeft(): void {
  afterAll(async () => {
    // Backing stores of memory.buffer go with the JS collector, the rest with Go's: give both their turn.
    const deadline = Date.now() + 5_000;
    while (Object.keys(open()).length > 0 && Date.now() < deadline) {
      globalThis.gc?.();
      binding().collect();
      await sleep(20);
    }
    expect(open()).toEqual({});
  });
}
