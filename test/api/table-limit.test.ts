import { afterAll, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { LimitError, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = await wat(
  `(module (table 5 funcref) (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))`,
);
const runtime = new Runtime(new RuntimeConfig().withLimits({ tableElements: 100 }));
afterAll(() => runtime.close());

needsEdit('e8')('G5: table.grow is -1 past the limit of the runtime, or of the module', async () => {
  const grow = async (config: ModuleConfig) =>
    (await runtime.instantiate(guest, config)).exportedFunction('grow', ['i32'], ['i32']);
  const wide = await grow(new ModuleConfig());
  expect([await wide.call(95), await wide.call(1), wide.callSync(1)]).toEqual([5, -1, -1]);
  const narrow = await grow(new ModuleConfig().withLimits({ tableElements: 10 }));
  expect([narrow.callSync(6), narrow.callSync(5), narrow.callSync(1)]).toEqual([-1, 5, -1]);
});

it('G5: a table that begins beyond the limit is a LimitError', async () => {
  const tooMany = runtime.compileModule(await wat('(module (table 101 funcref))'));
  await expect(tooMany).rejects.toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'tableElements' });
  await expect(tooMany).rejects.toBeInstanceOf(LimitError);
});

needsEdit('e8')('so it is for the module alone', async () => {
  const config = new ModuleConfig().withLimits({ tableElements: 4 });
  await expect(runtime.instantiate(guest, config)).rejects.toMatchObject({
    code: 'ERR_WAZERO_LIMIT',
    limit: 'tableElements',
  });
});
