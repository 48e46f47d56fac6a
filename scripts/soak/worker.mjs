import { parentPort, workerData } from 'node:worker_threads';
import { ModuleConfig, RuntimeConfig } from '../../dist/index.js';
import { Random } from '../../test/fuzz/random.mjs';
import { openRuntime } from './runtime.mjs';

// No text format here: wabt is WebAssembly for V8, of which two KiB stay with the process for each Worker.
parentPort.postMessage('loaded');
const random = new Random(workerData.seed, workerData.number);
const runtime = await openRuntime(new RuntimeConfig());
for (let n = 0; n < 3; n++) {
  const module = await runtime.instantiate(workerData.guest, new ModuleConfig().withName(''));
  await module.exportedFunction('host').call(random.below(100));
  module.exportedFunction('deep').callSync(random.below(100));
  // Some end while their guest runs, and leave their runtime to the environment.
  await module
    .exportedFunction('forever')
    .withOptions({ timeoutMs: 5 })
    .call(0)
    .catch(() => {});
}
if (random.oneIn(2)) await runtime.close();
