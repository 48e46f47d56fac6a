import { setTimeout as sleep } from 'node:timers/promises';
import { Runtime, wasi } from '../../dist/index.js';

/** What the guest of the load imports, in a runtime of its own. `waiting` is given a caller, now and then, that waits for an answer which comes later. */
export async function openRuntime(config, waiting = () => {}) {
  const runtime = new Runtime(config.withCloseOnContextDone(true));
  await wasi.instantiate(runtime);
  // Every third answer comes later: the guest is suspended until then.
  const later = async (caller, n) => {
    if (n % 7 === 0) await waiting(caller, runtime);
    await sleep(n % 5);
    return n;
  };
  const answer = (caller, n) => (n % 3 === 0 ? later(caller, n) : n);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(answer, ['i32'], ['i32'])
    .export('host')
    .instantiate();
  return runtime;
}
