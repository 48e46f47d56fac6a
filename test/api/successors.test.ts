// A call that is stopped closes its module. Calls that waited for a module of an image go on in a successor of it; elsewhere the error says that they did not run.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  experimental,
  type Module,
  ModuleConfig,
  type ModuleImage,
  Runtime,
  RuntimeConfig,
  Tenant,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $n (export "n") (mut i32) (i32.const 0))
  (func (export "warm") (global.set $n (i32.const 100)))
  (func (export "reseed") (global.set $n (i32.const 500)))
  (func (export "count") (param i32) (result i32)
    (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n))
  (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.extend_i32_s (global.get $n))))
  (func (export "ask") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "extern") (param externref) (result externref) (local.get 0))
  (func (export "trap") (unreachable))
  (func (export "spin") (loop (br 0))))`);

const options = { timeoutMs: 60 };
const single = ['i32'] as const;
const count = (module: Module) => module.exportedFunction('count', single, single);
const spin = (module: Module, given: object = options) => module.exportedFunction('spin')!.withOptions(given).call();

async function warm(
  use: (image: ModuleImage, runtime: Runtime, callers: CallerModule[]) => Promise<void>,
  config = RuntimeConfig.untrusted(),
): Promise<void> {
  await using runtime = new Runtime(config);
  const callers: CallerModule[] = [];
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(
      async (caller, n) => {
        callers.push(caller);
        await sleep(5);
        return n + caller.memory!.size();
      },
      ['i32'],
      ['i32'],
    )
    .export('host')
    .instantiate();
  const module = await runtime.instantiate(guest, new ModuleConfig().withName(''));
  await module.exportedFunction('warm')!.call();
  const image = await module.freeze();
  await module.close();
  await use(image, runtime, callers);
}
const anonymous = new ModuleConfig().withName('');
const modules = () => experimental.stats().modules;

needsEdit('e11fork')('calls that wait go on in their order, in a state as the image has it', async () => {
  await warm(async (image, runtime) => {
    const before = modules();
    const module = await runtime.instantiateModule(image, anonymous);
    expect(await count(module).call(1)).toBe(101);
    const stopped = errorOf(() => spin(module));
    const waiting = [1, 10, 100].map((n) => count(module).call(n));
    const wide = module.exportedFunction('wide', ['i64'], ['i64']).call(2n ** 40n);
    const stack = new BigUint64Array([7n]);
    const withStack = module.exportedFunction('count')!.callWithStack(stack);
    expect(await stopped).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
    expect(module.isClosed).toBe(true);
    expect(await Promise.all(waiting)).toEqual([101, 111, 211]);
    expect(await wide).toBe(2n ** 40n + 211n);
    await withStack;
    expect(stack[0]).toBe(218n);
    expect(await errorOf(() => count(module).call(1))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    await expect.poll(modules).toBe(before); // the successor is closed behind them
  });
});

needsEdit('e11fork')('one hostile call after another, budgets and traps, and conversations between them', async () => {
  await warm(async (image, runtime) => {
    const before = modules();
    const module = await runtime.instantiateModule(image, anonymous);
    const hostile = [
      errorOf(() => spin(module, { cpuTimeMs: 30 })),
      errorOf(() => module.exportedFunction('trap')!.call()),
      errorOf(() => module.exclusive((lent) => spin(lent))), // their time begins when they do
      errorOf(() => module.exclusive((lent) => spin(lent, { signal: AbortSignal.timeout(50) }))),
    ];
    const talks = Array.from({ length: 20 }, (_, i) =>
      module.exclusive(async (lent) => {
        expect(lent.isClosed).toBe(false);
        lent.memory!.writeUint32Le(64, i);
        const at = await count(lent).call(i);
        return [at, lent.memory!.readUint32Le(64)];
      }),
    );
    const after = errorOf(() => spin(module, { cpuTimeMs: 30 }));
    const last = count(module).call(3);
    expect((await Promise.all(hostile)).map((error: any) => [error.code, error.reason])).toEqual([
      ['ERR_WAZERO_EXIT', 'cpu'],
      ['ERR_WAZERO_TRAP', undefined],
      ['ERR_WAZERO_EXIT', 'timeout'],
      ['ERR_WAZERO_EXIT', 'abort'],
    ]);
    let sum = 100;
    const expected = Array.from({ length: 20 }, (_, i) => {
      sum += i;
      return [sum, i];
    });
    expect(await Promise.all(talks)).toEqual(expected);
    expect(await after).toMatchObject({ reason: 'cpu' });
    expect(await last).toBe(103);
    await expect.poll(modules).toBe(before);
  });
});

needsEdit('e11fork')(
  'the successor has the config: host functions, start functions, tenant; the calls keep theirs',
  async () => {
    await warm(async (image, runtime, callers) => {
      await using tenant = new Tenant('one', { instances: 1, memoryBytes: 65_536 });
      const config = anonymous.withStartFunctions('reseed').withTenant(tenant);
      const module = await runtime.instantiateModule(image, config);
      const storage = new AsyncLocalStorage<string>();
      const stopped = errorOf(() => spin(module));
      const asked = storage.run('mine', () =>
        module.exportedFunction('ask', single, single).withOptions({ context: 'its own' }).call(5),
      );
      const late = errorOf(() => module.exportedFunction('count')!.withOptions({ timeoutMs: 20 }).call(1));
      const counted = count(module).call(1);
      expect(await late).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'TimeoutError' });
      await stopped;
      expect(await asked).toBe(5 + 65_536);
      expect(callers[0]!.context).toBe('its own');
      expect(await counted).toBe(501);
      expect(tenant.usage()).toMatchObject({ stoppedCalls: 1, waitingCalls: 0, runningCalls: 0 });
      await expect.poll(() => tenant.usage().instances).toBe(0);
    });
  },
);

needsEdit('e11fork')('close() ends those that wait, before there is a successor and after', async () => {
  await warm(async (image, runtime) => {
    const before = modules();
    for (const whenMs of [0, 1, 20]) {
      const module = await runtime.instantiateModule(image, anonymous);
      const stopped = errorOf(() => spin(module, { timeoutMs: 20 }));
      const next = errorOf(() => spin(module, { timeoutMs: 5_000 }));
      const waiting = errorOf(() => count(module).call(1));
      await stopped;
      await sleep(whenMs);
      await module.close();
      const codes = ((await Promise.all([next, waiting])) as { code: string }[]).map(({ code }) => code);
      expect(codes[1]).toBe('ERR_WAZERO_CLOSED');
      expect(['ERR_WAZERO_CLOSED', 'ERR_WAZERO_EXIT']).toContain(codes[0]);
    }
    await expect.poll(modules).toBe(before);
  });
});

needsEdit('e11fork')('what may have something of its module in it does not go on elsewhere', async () => {
  const said =
    /^this call waited and did not run, for the module is closed: the call of "spin" was stopped at its deadline; make a new instance$/;
  await warm(async (image, runtime) => {
    for (const handOut of [
      (module: Module) => module.memory!.writeUint32Le(0, 1),
      (module: Module) => module.exportedGlobal('n'),
      (module: Module) => module.exportedMemory('memory'),
    ]) {
      const module = await runtime.instantiateModule(image, anonymous);
      handOut(module);
      const stopped = errorOf(() => spin(module));
      const waiting = errorOf(() => count(module).call(1));
      const talk = module.exclusive((lent) => count(lent).call(1));
      await stopped;
      expect(await waiting).toMatchObject({ code: 'ERR_WAZERO_CLOSED', message: expect.stringMatching(said) });
      expect(await talk).toBe(101);
    }
    const module = await runtime.instantiateModule(image, anonymous);
    const stopped = errorOf(() => spin(module));
    const references = errorOf(() => module.exportedFunction('extern')!.call({}));
    const reset = errorOf(() => module.reset());
    await stopped;
    for (const error of [references, reset])
      expect(await error).toMatchObject({ code: 'ERR_WAZERO_CLOSED', message: expect.stringMatching(said) });
  });
});

needsEdit('e11fork')('without an image, or room for a successor, the error says so', async () => {
  await warm(async (image, runtime) => {
    const closed = await runtime.instantiateModule(image, anonymous);
    const first = errorOf(() => spin(closed));
    const orphan = errorOf(() => count(closed).call(1));
    await image.close();
    await first;
    expect(await orphan).toMatchObject({
      code: 'ERR_WAZERO_CLOSED',
      message:
        'this call waited and did not run, for the module is closed, and no other module could be made of its image: the image is closed',
    });
  });
});

needsEdit('e11fork')('a successor that cannot be instantiated: those that wait hear why', async () => {
  await warm(async (image, runtime) => {
    await using tenant = new Tenant('small');
    const module = await runtime.instantiateModule(image, anonymous.withTenant(tenant));
    const stopped = errorOf(() => spin(module));
    const waiting = [errorOf(() => count(module).call(1)), errorOf(() => module.exclusive(() => 1))];
    tenant.setLimits({ memoryBytes: 1 });
    await stopped;
    for (const error of waiting)
      expect(await error).toMatchObject({
        code: 'ERR_WAZERO_CLOSED',
        message: expect.stringMatching(
          /did not run, .* no other module could be made of its image: .*tenant\.memoryBytes/,
        ),
      });
    expect(tenant.usage()).toMatchObject({ instances: 0, memoryBytes: 0, waitingCalls: 0 });
  });
});

it('of a module that was compiled, and of linked ones, calls that waited are told that they did not run', async () => {
  await using runtime = new Runtime(RuntimeConfig.untrusted());
  const module = await runtime.instantiate(
    wat('(module (func (export "spin") (loop (br 0))) (func (export "count") (param i32) (result i32) (local.get 0)))'),
  );
  const stopped = errorOf(() => spin(module));
  const waiting = [errorOf(() => count(module).call(1)), errorOf(() => module.exclusive(() => 1))];
  await stopped;
  for (const error of waiting)
    expect(await error).toMatchObject({
      code: 'ERR_WAZERO_CLOSED',
      message:
        'this call waited and did not run, for the module is closed: the call of "spin" was stopped at its deadline; make a new instance',
    });
});
