import { afterEach } from 'vitest';
import { CoreFeatures, type Runtime, RuntimeConfig } from './package.js';

export { endless } from './runaway.mjs';

/** As a host of other people's code sets it. */
export function interruptible(engine: 'compiler' | 'interpreter' = 'compiler'): RuntimeConfig {
  return RuntimeConfig[engine]()
    .withCoreFeatures(CoreFeatures.V2 | CoreFeatures.TailCall | CoreFeatures.ExceptionHandling)
    .withCloseOnContextDone(true);
}

/** The exit code of a guest that its deadline stopped, and of one that was aborted. */
export const timedOut = 0xefff_ffff;
export const aborted = 0xffff_ffff;

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}

/** What is put in there is closed after each test. */
export function closedAfterEach(): Runtime[] {
  const runtimes: Runtime[] = [];
  afterEach(async () => {
    for (const runtime of runtimes.splice(0)) await runtime.close();
  });
  return runtimes;
}
