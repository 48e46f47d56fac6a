import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { slowness } from './test/support/slowness.js';

interface Group {
  /** Groups of one order run together, orders one after another. */
  order: number;
  testTimeout: number;
  maxWorkers: number;
}
const maxWorkers = Math.min(Math.max(availableParallelism(), 2), 4);
const usual: Group = { order: 0, testTimeout: 60_000, maxWorkers };
const special: Record<string, Group> = {
  conformance: { ...usual, testTimeout: 240_000 },
  types: { ...usual, testTimeout: 120_000 },
  lifetime: { ...usual, testTimeout: 120_000 },
  fuzz: { ...usual, testTimeout: 540_000 },
  examples: { ...usual, testTimeout: 180_000 },
  hammer: { ...usual, testTimeout: 180_000 },
  // It measures time, and has the machine to itself.
  deadline: { order: 1, testTimeout: 180_000, maxWorkers: 1 },
};
const notTests = ['fixtures', 'support'];

// For npm run sanitize: more of Node's flags; files that are left out, for vitest's --exclude does not reach projects.
const nodeFlags = process.env.WAZERO_TEST_NODE_FLAGS?.split(' ') ?? [];
const leftOut = process.env.WAZERO_TEST_WITHOUT?.split(' ') ?? [];

/** One project per folder of test/, the examples, and what measures time. */
const names = readdirSync(new URL('test', import.meta.url)).filter((name) => !notTests.includes(name));
const timed = 'test/hammer/deadline.test.ts';
const projects: [name: string, include: string][] = [
  ...names.map((name): [string, string] => [name, `test/${name}/**/*.test.ts`]),
  ['examples', 'examples/**/*.test.ts'],
  ['deadline', timed],
];

/** What takes longest begins first: a fresh clone has no times of an earlier run, and vitest then goes by size. */
const long = [
  'cli/run',
  'fuzz/fuzz',
  'lifetime/signals',
  'faults/scarce',
  'faults/cache',
  'examples/docs',
  'hammer/stress',
  'cli/commands',
];
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
      return at < 0 ? long.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: projects.map(([name, include]) => {
      const { order, maxWorkers, ...limit } = special[name] ?? usual;
      const testTimeout = limit.testTimeout * slowness;
      return {
        test: {
          name,
          include: [include],
          exclude: ['**/node_modules/**', ...leftOut, ...(include === timed ? [] : [timed])],
          setupFiles: ['test/support/setup.ts'],
          // A fork for each file: Go starts once per process, and a crash must name its file.
          pool: 'forks' as const,
          isolate: true,
          // What setup.ts counts at the end of a file goes with the collector in part.
          execArgv: ['--expose-gc', ...nodeFlags],
          expect: { poll: { timeout: 10_000, interval: 10 } },
          testTimeout,
          hookTimeout: testTimeout,
          maxWorkers,
          maxConcurrency: 2, // of tests that say they may
          sequence: { groupOrder: order },
        },
      };
    }),
  },
});
