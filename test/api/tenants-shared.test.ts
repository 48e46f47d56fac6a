// A tenant of several threads, which is one.
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { Tenant } from '../support/package.js';
import { wat } from '../support/wat.mjs';

it('a tenant that is shared is one, whichever thread counts', async () => {
  const tenant = Tenant.shared('both', { instances: 1 });
  expect(Tenant.shared('both')).toBe(tenant);
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.package).then(async ({ Tenant, Runtime, ModuleConfig }) => {
      const tenant = Tenant.shared('both');
      const module = await new Runtime().instantiate(workerData.guest, new ModuleConfig().withTenant(tenant));
      for (let i = 0; i < 7; i++) module.exportedFunction('f').callSync();
      parentPort.postMessage(tenant.limits.instances);
      parentPort.once('message', () => process.exit());
    });`,
    {
      eval: true,
      workerData: {
        package: new URL('../../dist/index.js', import.meta.url).href,
        guest: wat('(module (memory 2) (func (export "f")))'),
      },
    },
  );
  const limit = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  expect(limit).toBe(1);
  expect(tenant.usage()).toMatchObject({ calls: 7, instances: 1, memoryBytes: 2 * 65_536 });
  worker.postMessage('end');
  await new Promise((resolve) => worker.once('exit', resolve));
  await expect
    .poll(() => tenant.usage(), { timeout: 10_000 })
    .toMatchObject({ calls: 7, instances: 0, memoryBytes: 0 });
  await tenant.close();
});
