/** Whatever shape a guest that runs for ever has: a deadline ends it in both lanes, a signal in `call`, on both engines, and the module is closed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import type { Ending } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { ending, expectAftermath, expectEnding, timeout } from '../support/faults.js';
import { aborted, interruptible } from '../support/guests.js';
import { ExitError, type ExportedFunction, ModuleConfig, Runtime, wasi } from '../support/package.js';
import { bulky, endless, leaving, variants } from '../support/runaway.mjs';

expectAftermath();
const dueMs = 25;
/** The three ways to stop a call. */
const ways: Record<string, { expected: object; stop(run: ExportedFunction): Promise<Ending> }> = {
  'a deadline in call': {
    expected: timeout,
    stop: (run) => ending(() => run.withOptions({ timeoutMs: dueMs }).call()),
  },
  'a deadline in callSync': {
    expected: timeout,
    stop: (run) => ending(() => run.withOptions({ timeoutMs: dueMs }).callSync()),
  },
  'a signal': {
    expected: { code: 'ERR_WAZERO_EXIT', name: 'AbortError', exitCode: aborted, reason: 'abort', cause: 'enough' },
    async stop(run) {
      const controller = new AbortController();
      const how = ending(() => run.withOptions({ signal: controller.signal }).call());
      await sleep(dueMs);
      controller.abort('enough');
      return how;
    },
  },
};

async function stopped(engine: 'compiler' | 'interpreter', binary: Uint8Array, way: string): Promise<void> {
  await using runtime = new Runtime(interruptible(engine));
  await wasi.instantiate(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => {}, [], [])
    .export('host')
    .instantiate();
  const module = await runtime.instantiate(binary, new ModuleConfig().withStdout('ignore'));
  const run = module.exportedFunction('run')!;
  const { expected, stop } = ways[way]!;
  let how = await stop(run);
  // Where the machine is too busy to start the call in time, nothing has run and the module is open.
  for (let i = 0; i < 20 && (how.error as { code?: string } | undefined)?.code === 'ERR_WAZERO_ABORTED'; i++)
    how = await stop(run);
  expectEnding(how, expected, dueMs);
  expect(how.error).toBeInstanceOf(ExitError);
  expect(module.isClosed).toBe(true);
  expect(await errorOf(() => run.call())).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  if (how.ms > 300) console.log(`${expect.getState().currentTestName}: ${Math.round(how.ms)} ms`);
}

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  const test = needsEdit(engine === 'compiler' ? 'e2' : 'e2i');
  const { loop, ...others } = endless;
  for (const way of Object.keys(ways)) {
    for (const [shape, binary] of Object.entries({ loop, ...leaving }))
      test(`G1: ${shape}, ended by ${way}`, () => stopped(engine, binary, way));
    for (const [shape, binary] of Object.entries({ ...others, ...variants }))
      test(`G2: ${shape}, ended by ${way}`, () => stopped(engine, binary, way));
    for (const [shape, binary] of Object.entries(bulky))
      test(`G6: ${shape}, ended by ${way}`, () => stopped(engine, binary, way));
  }
});
