import { defineConfig } from 'vitest/config';

/** One project per kind of test. `order`: groups run one after another, so that those which measure time have the machine to themselves. */
function group(name: string, order: number, testTimeout: number, maxWorkers: number) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      // A fork for each file: Go starts once per process, and a crash must name its file.
      pool: 'forks' as const,
      isolate: true,
      testTimeout,
      hookTimeout: testTimeout,
      teardownTimeout: 10_000,
      maxWorkers,
      sequence: { groupOrder: order },
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      group('unit', 0, 10_000, 2),
      group('types', 0, 120_000, 2),
      group('native', 0, 60_000, 2),
      group('api', 0, 30_000, 2),
      group('cli', 0, 60_000, 2),
      group('faults', 0, 60_000, 2),
      group('conformance', 0, 240_000, 2),
      // Child processes, deadlines and stress: one at a time.
      group('lifetime', 1, 120_000, 1),
      group('hammer', 2, 180_000, 1),
    ],
  },
});
