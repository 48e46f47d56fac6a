import { setTimeout as sleep } from 'node:timers/promises';
import { Runtime, wasi } from '../../dist/index.js';

/** What the guest of the load imports, in a runtime of its own. */
export async function openRuntime(config) {
  const runtime = new Runtime(config.withCloseOnContextDone(true));
  await wasi.instantiate(runtime);
  // Every third answer comes later: the guest is suspended until then.
  const answer = (n) => (n % 3 === 0 ? sleep(n % 5).then(() => n) : n);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(answer, ['i32'], ['i32'])
    .export('host')
    .instantiate();
  return runtime;
}
