// Accounts: what a tenant's modules use is counted in every lane, and what is over its limits gets the guest's own answer, or a LimitError.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { closedAfterEach, interruptible } from '../support/guests.js';
import {
  FSConfig,
  LimitError,
  type Module,
  ModuleConfig,
  Runtime,
  Tenant,
  type TenantLimits,
  Trap,
  wasi,
} from '../support/package.js';
import { streamBytes } from '../support/stdio-guest.js';
import { wat } from '../support/wat.mjs';

const runtimes = closedAfterEach();
const tenants: Tenant[] = [];
afterEach(async () => {
  for (const tenant of tenants.splice(0)) await tenant.close();
});
const page = 65536;

const guest = wat(`(module
  (import "env" "f" (func $f (param i32) (result i32)))
  (memory (export "memory") 1)
  (table $t 10 funcref)
  (func (export "nop"))
  (func (export "ask") (param i32) (result i32) (call $f (local.get 0)))
  (func (export "trap") (unreachable))
  (func (export "endless") (loop $l (br $l)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "growTable") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0))))`);

async function world(limits: TenantLimits = {}, answer: (n: number) => number | Promise<number> = (n) => n) {
  const tenant = new Tenant('acme', limits);
  const runtime = new Runtime(interruptible());
  tenants.push(tenant);
  runtimes.push(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(answer, ['i32'], ['i32'])
    .export('f')
    .instantiate();
  const compiled = await runtime.compileModule(guest);
  const config = new ModuleConfig().withName('').withTenant(tenant);
  const make = () => runtime.instantiateModule(compiled, config);
  return { tenant, runtime, compiled, config, make };
}
const call = (module: Module, name: string, ...args: number[]) => module.exportedFunction(name)!.call(...args);
const callSync = (module: Module, name: string, ...args: number[]) => module.exportedFunction(name)!.callSync(...args);

describe('what is counted', () => {
  // After some calls functions are entered without Go: all are counted alike.
  it('calls, host calls, failures and traps, in every lane', async () => {
    const { tenant, make } = await world();
    const a = await make();
    const b = await make();
    const times = 12;
    for (let i = 0; i < times; i++) {
      callSync(a, 'nop');
      await call(a, 'nop');
      expect(callSync(a, 'ask', i)).toBe(i);
      expect(await call(b, 'ask', i)).toBe(i);
      expect(() => callSync(a, 'trap')).toThrow(Trap);
      await expect(call(b, 'trap')).rejects.toThrow(Trap);
    }
    const [ofA, ofB, of] = [a.usage(), b.usage(), tenant.usage()];
    expect(ofA).toMatchObject({
      calls: 4 * times,
      hostCalls: times,
      failedCalls: times,
      traps: times,
      stoppedCalls: 0,
      instances: 1,
    });
    expect(ofB).toMatchObject({ calls: 2 * times, hostCalls: times, failedCalls: times, traps: times });
    expect(of).toMatchObject({
      calls: 6 * times,
      hostCalls: 2 * times,
      failedCalls: 2 * times,
      traps: 2 * times,
      instances: 2,
    });
    expect([ofA.runningCalls, ofA.waitingCalls, of.runningCalls, of.waitingCalls]).toEqual([0, 0, 0, 0]);
    expect(of.fuel).toBe(0n);
  });

  it('calls that are stopped', async () => {
    const { tenant, make } = await world();
    for (const lane of ['call', 'callSync'] as const) {
      const module = await make();
      const endless = module.exportedFunction('endless')!.withOptions({ timeoutMs: 20 });
      expect(((await errorOf(async () => endless[lane]())) as Error).name).toBe('TimeoutError');
      expect(module.usage()).toMatchObject({
        calls: 1,
        failedCalls: 1,
        stoppedCalls: 1,
        traps: 0,
        instances: 0,
        memoryBytes: 0,
      });
    }
    expect(tenant.usage()).toMatchObject({ calls: 2, stoppedCalls: 2, instances: 0, memoryBytes: 0 });
  });

  it('memory, as long as it is, and the most that it was', async () => {
    const { tenant, make } = await world();
    const a = await make();
    const b = await make();
    const size = () => a.memory!.size() + b.memory!.size();
    for (const grow of [() => call(a, 'grow', 3), async () => callSync(b, 'grow', 5), async () => b.memory!.grow(7)]) {
      await grow();
      expect(a.usage().memoryBytes).toBe(a.memory!.size());
      expect(b.usage().memoryBytes).toBe(b.memory!.size());
      expect(tenant.usage()).toMatchObject({ memoryBytes: size(), peakMemoryBytes: size() });
    }
    await b.close();
    expect(tenant.usage()).toMatchObject({ memoryBytes: 4 * page, peakMemoryBytes: 17 * page, instances: 1 });
    expect(b.usage()).toMatchObject({ memoryBytes: 0, peakMemoryBytes: 13 * page, instances: 0 });
  });

  needsEdit('e11fork')('modules made of images, and again after a reset', async () => {
    const { tenant, runtime, config, make } = await world();
    const first = await make();
    await call(first, 'grow', 2);
    const image = await first.freeze();
    const [module] = await Promise.all([runtime.instantiateModule(image, config), first.close()]);
    expect(tenant.usage()).toMatchObject({ memoryBytes: 3 * page + image.byteLength, instances: 1 });
    await call(module!, 'grow', 4);
    await call(module!, 'growTable', 100);
    expect(module!.usage().memoryBytes).toBe(7 * page);
    await module!.reset();
    expect(module!.usage().memoryBytes).toBe(3 * page);
    tenant.setLimits({ tableElements: 110 }); // those of the reset are given back
    expect(await call(module!, 'growTable', 101)).toBe(-1);
    expect(await call(module!, 'growTable', 100)).toBe(10);
    tenant.setLimits({ memoryBytes: 3 * page + image.byteLength });
    expect(await errorOf(() => module!.freeze())).toMatchObject({
      code: 'ERR_WAZERO_LIMIT',
      limit: 'tenant.memoryBytes',
    });
    expect(tenant.usage().memoryBytes).toBe(3 * page + image.byteLength);
    await image.close();
    expect(tenant.usage().memoryBytes).toBe(3 * page);
    image.closeSync();
    expect(tenant.usage().memoryBytes).toBe(3 * page);
  });

  it('while a call runs: itself, those that wait, and in its host function', async () => {
    let inside = (): void => {};
    const entered = new Promise<void>((resolve) => (inside = resolve));
    let answer = (_: number): void => {};
    const answered = new Promise<number>((resolve) => (answer = resolve));
    const { tenant, make } = await world({}, () => {
      inside();
      return answered;
    });
    const module = await make();
    const all = [call(module, 'ask', 1), call(module, 'nop'), call(module, 'nop')];
    await entered;
    for (const usage of [module.usage(), tenant.usage()])
      expect(usage).toMatchObject({ calls: 1, runningCalls: 1, waitingCalls: 2, hostCalls: 1, memoryBytes: page });
    answer(5);
    await Promise.all(all);
    expect(tenant.usage()).toMatchObject({ calls: 3, runningCalls: 0, waitingCalls: 0 });
  });

  needsEdit('e7errno')('bytes of standard streams, and open files', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wazero-tenant-'));
    try {
      writeFileSync(join(directory, 'a'), 'text');
      const { tenant, runtime, config } = await world({ openFiles: 2 });
      await wasi.instantiate(runtime);
      const out: Uint8Array[] = [];
      const streams = await runtime.instantiate(
        streamBytes,
        config.withStdin(new TextEncoder().encode('hello')).withStdout((chunk) => void out.push(chunk)),
      );
      for (const lane of ['call', 'callSync'] as const) await streams.exportedFunction('write')![lane](1, 10);
      expect(await call(streams, 'read', 4)).toBe(4);
      expect(tenant.usage()).toMatchObject({ outputBytes: 20, inputBytes: 4 });
      const opener = await runtime.instantiate(
        wat(`(module
          (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 1) (data (i32.const 0) "a")
          (func (export "open") (result i32) (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0)
            (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 8))))`),
        config.withFSConfig(new FSConfig().withReadOnlyDirMount(directory, '/')),
      );
      const [ok, tooMany] = [0, 33]; // EMFILE
      expect([await call(opener, 'open'), await call(opener, 'open'), await call(opener, 'open')]).toEqual([
        ok,
        ok,
        tooMany,
      ]);
      expect(opener.usage().openFiles).toBe(2);
      await opener.close();
      expect(tenant.usage().openFiles).toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('limits', () => {
  it('of memory: -1 for who grows, an error for who is made', async () => {
    const { tenant, make } = await world({ memoryBytes: 4 * page });
    const a = await make();
    const b = await make();
    expect(await call(a, 'grow', 2)).toBe(1);
    expect(callSync(b, 'grow', 1)).toBe(-1);
    expect(b.memory!.grow(1)).toBe(-1);
    const error = await errorOf(make);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ limit: 'tenant.memoryBytes' });
    expect(tenant.usage()).toMatchObject({ memoryBytes: 4 * page, instances: 2 });
    tenant.setLimits({ memoryBytes: 1 }); // ends nothing that is there
    callSync(b, 'nop');
    tenant.setLimits({ memoryBytes: undefined as never });
    expect(callSync(b, 'grow', 1)).toBe(1);
    expect(tenant.limits).toEqual({});
  });

  it('of instances, which counts again what was closed', async () => {
    const { tenant, runtime, compiled, config, make } = await world({ instances: 2 });
    const a = await make();
    await make();
    expect(await errorOf(make)).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'tenant.instances' });
    expect(() => runtime.instantiateModuleSync(compiled, config)).toThrow(LimitError);
    await a.close();
    await make();
    expect(tenant.usage().instances).toBe(2);
  });

  needsEdit('e8')('of tables', async () => {
    const { tenant, make } = await world({ tableElements: 25 });
    const a = await make();
    expect(await call(a, 'growTable', 6)).toBe(10);
    expect(await errorOf(make)).toMatchObject({ limit: 'tenant.tableElements' });
    expect(await call(a, 'growTable', 10)).toBe(-1);
    tenant.setLimits({ tableElements: 26 });
    expect(await call(a, 'growTable', 10)).toBe(16);
    await a.close();
    await make();
  });

  it('of calls that wait, in all modules', async () => {
    const { tenant, make } = await world(
      { queuedCalls: 3 },
      (n) => new Promise((resolve) => setTimeout(resolve, 20, n)),
    );
    const [a, b] = [await make(), await make()];
    const all = [a, b, a, b, a].map((module) => call(module, 'ask', 1));
    expect(tenant.usage().waitingCalls).toBe(3);
    expect(await errorOf(() => call(a, 'nop'))).toMatchObject({ limit: 'tenant.queuedCalls' });
    expect(await errorOf(() => b.exclusive(() => 1))).toMatchObject({ limit: 'tenant.queuedCalls' });
    await Promise.all(all);
    expect(tenant.usage().waitingCalls).toBe(0);
    await call(a, 'nop');
  });

  it('of calls that run: others wait in their order, and callSync cannot', async () => {
    let [most, now] = [0, 0];
    const { tenant, make } = await world({ concurrentCalls: 2, queuedCalls: 4 }, async (n) => {
      most = Math.max(most, ++now);
      await sleep(10);
      now--;
      return n;
    });
    const modules = await Promise.all(Array.from({ length: 6 }, make));
    for (const module of modules) for (let i = 0; i < 4; i++) await call(module, 'nop'); // entered without Go, if they may
    const order: number[] = [];
    const all = modules.map(async (module, i) => order.push(Number(await call(module, 'ask', i))));
    await expect.poll(() => tenant.usage().runningCalls).toBe(2);
    expect(tenant.usage()).toMatchObject({ runningCalls: 2, waitingCalls: 4 });
    const seventh = await make().catch((error: unknown) => error); // an instantiation runs, too
    expect(seventh).toMatchObject({ limit: 'tenant.queuedCalls' });
    await Promise.all(all);
    expect(most).toBe(2);
    expect(order.slice(0, 2).sort()).toEqual([0, 1]);
    expect(order.slice(4).sort()).toEqual([4, 5]);
    expect(tenant.usage()).toMatchObject({ runningCalls: 0, waitingCalls: 0 });
    tenant.setLimits({ concurrentCalls: 0 });
    expect(() => callSync(modules[0]!, 'nop')).toThrow(expect.objectContaining({ limit: 'tenant.concurrentCalls' }));
    const waits = call(modules[0]!, 'nop');
    expect(await Promise.race([waits, sleep(50, 'waits')])).toBe('waits');
    tenant.setLimits({ concurrentCalls: 1 });
    await waits;
    callSync(modules[0]!, 'nop');
  });

  it('of calls that run: what is nested in one is none of its own', async () => {
    const runtime = new Runtime(interruptible());
    runtimes.push(runtime);
    const tenant = new Tenant('nested', { concurrentCalls: 1 });
    tenants.push(tenant);
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, n) =>
          caller
            .exportedFunction('nop', [], [])!
            .call()
            .then(() => n),
        ['i32'],
        ['i32'],
      )
      .export('f')
      .instantiate();
    const module = await runtime.instantiate(guest, new ModuleConfig().withTenant(tenant));
    expect(await call(module, 'ask', 3)).toBe(3);
    expect(await call(module, 'ask', 4)).toBe(4);
  });

  it.each<[keyof TenantLimits, unknown, string]>([
    ['memoryBytes', -1, 'ERR_WAZERO_OUT_OF_RANGE'],
    ['instances', 1.5, 'ERR_WAZERO_INVALID_ARGUMENT'],
    ['weight', 0, 'ERR_WAZERO_OUT_OF_RANGE'],
    ['cpuMsPerSecond', Number.NaN, 'ERR_WAZERO_OUT_OF_RANGE'],
    ['cpuMsPerSecond', '1', 'ERR_WAZERO_INVALID_ARGUMENT'],
    ['memory' as never, 1, 'ERR_WAZERO_INVALID_ARGUMENT'],
  ])('%s: %s is refused', async (name, value, code) => {
    expect(await errorOf(async () => new Tenant('x', { [name]: value }))).toMatchObject({ code });
  });
  it('are own fields: what somebody has put on Object.prototype is none', async () => {
    const shared = Object.prototype as { weight?: number };
    shared.weight = -5;
    try {
      await using tenant = new Tenant('x', { instances: 1 });
      expect(Object.keys(tenant.limits)).toEqual(['instances']);
    } finally {
      delete shared.weight;
    }
  });
});

describe('a tenant', () => {
  it('is in the list until it is closed, and closes what is on its account', async () => {
    const { tenant, make } = await world();
    expect(Tenant.list()).toContain(tenant);
    const module = await make();
    callSync(module, 'nop');
    await tenant.close();
    expect(module.isClosed).toBe(true);
    expect(Tenant.list()).not.toContain(tenant);
    expect(tenant.usage()).toMatchObject({ calls: 1, instances: 0, memoryBytes: 0 });
    expect(await errorOf(make)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(await errorOf(async () => tenant.setLimits({}))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('is refused where it is none', () => {
    expect(() => new ModuleConfig().withTenant({} as never)).toThrow(TypeError);
    expect(() => new Tenant('')).toThrow(TypeError);
    expect(() => structuredClone(new Tenant('forgotten'))).toThrow('could not be cloned');
  });
});

it('a module without a tenant has an account, too', async () => {
  const runtime = new Runtime();
  runtimes.push(runtime);
  const module = await runtime.instantiate(wat('(module (memory 3) (func (export "f")))'));
  for (let i = 0; i < 20; i++) callSync(module, 'f');
  expect(module.usage()).toMatchObject({ calls: 20, memoryBytes: 3 * page, instances: 1 });
});
