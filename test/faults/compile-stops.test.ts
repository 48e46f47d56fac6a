/** The work on one function, however long it may take, ends soon after its deadline, in whatever pass it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { bombs } from '../support/bombs.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import { experimental, Runtime, RuntimeConfig } from '../support/package.js';

expectAftermath();

/** Sizes with which the last pass is reached after a second or some on an idle machine; and one that takes minutes. */
const sizes: [keyof typeof bombs, number, number][] = [
  ['branches', 6_000, 1_900_000],
  ['loops', 5_000, 2_500_000],
  ['blocks', 20_000, 1_000_000],
  ['ifs', 20_000, 1_200_000],
  ['straight', 200_000, 2_500_000],
  ['nested', 1_000, 4_990],
  ['live', 300, 5_000],
  ['liveOverCalls', 100, 2_000],
  ['parameters', 100, 2_000],
];
for (const [name, small, large] of sizes)
  for (const engine of ['compiler', 'interpreter'] as const)
    needsEdit('e8compile')(
      `M1: ${name}, with the ${engine}: the work ends with the deadline`,
      async () => {
        const runtime = new Runtime(RuntimeConfig[engine]());
        const late: number[] = [];
        for (const [size, deadlines] of [
          [small, [20, 50, 100, 200, 350, 600, 1_000]],
          [large, [300, 1_500]],
        ] as const) {
          const binary = bombs[name](size);
          for (const timeoutMs of deadlines) {
            const started = performance.now();
            const error = await errorOf(async () => (await runtime.compileModule(binary, { timeoutMs })).close());
            if (error !== undefined)
              expect(['ERR_WAZERO_ABORTED', 'ERR_WAZERO_LIMIT']).toContain((error as { code?: string }).code);
            while (experimental.stats().goroutines > 0) await sleep(2); // the Promise is settled before
            late.push(performance.now() - started - timeoutMs);
          }
        }
        console.log(engine, name, 'latest:', Math.round(Math.max(...late)), 'ms');
        expect(Math.max(...late)).toBeLessThan(1_000);
        await runtime.close();
      },
      60_000,
    );
