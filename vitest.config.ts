import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

interface Group {
  /** Groups of one order run together, orders one after another: those that measure time have the machine to themselves. */
  order: number;
  testTimeout: number;
  maxWorkers: number;
}
const usual: Group = { order: 0, testTimeout: 60_000, maxWorkers: 2 };
const special: Record<string, Group> = {
  conformance: { order: 0, testTimeout: 240_000, maxWorkers: 2 },
  types: { order: 0, testTimeout: 120_000, maxWorkers: 2 },
  // Child processes, deadlines and stress: one at a time.
  lifetime: { order: 1, testTimeout: 120_000, maxWorkers: 1 },
  fuzz: { order: 1, testTimeout: 120_000, maxWorkers: 1 },
  examples: { order: 1, testTimeout: 180_000, maxWorkers: 1 },
  hammer: { order: 2, testTimeout: 180_000, maxWorkers: 1 },
};
// Under an emulator every limit is this many times longer.
const slowness = Number(process.env.WAZERO_TEST_SLOWNESS ?? 1);
const notTests = ['fixtures', 'support'];

// More of Node's flags: those of npm run sanitize -- gc.
const nodeFlags = process.env.WAZERO_TEST_NODE_FLAGS?.split(' ') ?? [];

/** One project per folder of test/, and the examples. */
const names = readdirSync(new URL('test', import.meta.url)).filter((name) => !notTests.includes(name));
const folders = [...names.map((name) => `test/${name}`), 'examples'];

export default defineConfig({
  test: {
    projects: folders.map((folder) => {
      const name = folder.replace('test/', '');
      const { order, maxWorkers, ...limit } = special[name] ?? usual;
      const testTimeout = limit.testTimeout * slowness;
      return {
        test: {
          name,
          include: [`${folder}/**/*.test.ts`],
          setupFiles: ['test/support/setup.ts'],
          // A fork for each file: Go starts once per process, and a crash must name its file.
          pool: 'forks' as const,
          isolate: true,
          // What setup.ts counts at the end of a file goes with the collector in part.
          execArgv: ['--expose-gc', ...nodeFlags],
          testTimeout,
          hookTimeout: testTimeout,
          maxWorkers,
          sequence: { groupOrder: order },
        },
      };
    }),
  },
});
