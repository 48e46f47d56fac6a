// What is left after a fault, and whether the process still serves: for tests and for the processes that they start.
import { setTimeout as sleep } from 'node:timers/promises';
import { experimental, Runtime, RuntimeConfig } from '../../dist/index.js';
import { native } from '../../dist/internal.js';
import { wat } from './wat.mjs';

/** What is open now, by kind, without what is zero. */
export const open = (stats = experimental.stats()) =>
  Object.fromEntries(Object.entries(stats).filter(([, count]) => count !== 0));

/** Waits until nothing is open any more, for 5 s at most, and answers what still is. */
export async function nothingOpen() {
  // Backing stores of memory.buffer go with the JS collector, the rest with Go's: give both their turn.
  for (const deadline = Date.now() + 5_000; Object.keys(open()).length > 0 && Date.now() < deadline; await sleep(20)) {
    globalThis.gc?.();
    native().collect();
  }
  return open();
}

const sum = wat(`(module (import "env" "two" (func $two (result i32))) (memory (export "memory") 1)
  (func (export "sum") (param i32) (result i32)
    (i32.store (i32.const 65532) (i32.add (local.get 0) (call $two))) (i32.load (i32.const 65532))))`);

/** A runtime, a host function and a guest of their own: right answers in both lanes, on both engines. Answers 'works', or fails. */
export async function freshInstance() {
  for (const config of [RuntimeConfig.compiler(), RuntimeConfig.interpreter()]) {
    const runtime = new Runtime(config);
    try {
      await runtime
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction(() => 2, [], ['i32'])
        .export('two')
        .instantiate();
      const module = await runtime.instantiate(sum);
      const f = module.exportedFunction('sum', ['i32'], ['i32']);
      const answers = [f.callSync(40), await f.call(40), module.memory.readUint32Le(65_532)];
      if (answers.some((answer) => answer !== 42)) throw new Error(`Expected 42 three times but received ${answers}`);
    } finally {
      await runtime.close();
    }
  }
  return 'works';
}

/** The half of the bar for every fault that does not depend on it; `clean` is what it should answer. */
export async function aftermath() {
  const left = await nothingOpen();
  return { left, fresh: await freshInstance(), after: await nothingOpen() };
}
export const clean = { left: {}, fresh: 'works', after: {} };

/** How an action ended, and when: `error` is what it threw or rejected with. */
export async function ending(action) {
  const started = performance.now();
  try {
    const value = await action();
    return { value, error: undefined, ms: performance.now() - started };
  } catch (error) {
    return { value: undefined, error, ms: performance.now() - started };
  }
}
/**
 * How it ended once it had begun: a busy machine may not begin a call before its deadline, which then changes nothing (ERR_WAZERO_ABORTED) and is
 * asked for again. For tests of what ends a guest that runs.
 */
export async function endingOnceBegun(action) {
  let how;
  do how = await ending(action);
  while (how.error?.code === 'ERR_WAZERO_ABORTED');
  return how;
}
/** The same for a process that tells its test: what can be said of an error in JSON. */
export async function told(action, how = ending) {
  const { value, error, ms } = await how(action);
  const { name, code, kind, limit, exitCode, reason, message } = error ?? {};
  return error === undefined
    ? { value, ms }
    : { name, code, kind, limit, exitCode, reason, message: message ?? String(error), ms };
}

/** Ends a fixture: prints what it found and what came after, for `survived` of child.ts. */
export async function report(found) {
  console.log(JSON.stringify({ found, ...(await aftermath()) }));
}
