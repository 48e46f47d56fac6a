// What hears and counts modules of images: listeners, tracing channels, traces with names and lines, usage, tenants.
import { tracingChannel } from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import { describe, expect } from 'vitest';
import { needsEdit, needsStacks } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  type FunctionEvent,
  type Module,
  ModuleConfig,
  type ModuleImage,
  Runtime,
  RuntimeConfig,
  Tenant,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module
  (import "env" "ask" (func $ask))
  (memory (export "memory") 2)
  (func $inner (unreachable))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "trap") (call $inner))
  (func (export "wait") (call $ask) (call $inner)))`);
const named = (name: string) => new ModuleConfig().withName(name);

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  async function open(ask: (caller: CallerModule) => unknown = () => {}) {
    const runtime = new Runtime(RuntimeConfig[engine]());
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(async (caller) => void (await ask(caller)), [], [])
      .export('ask')
      .instantiate();
    return runtime;
  }

  needsEdit('e11fork')('a listener hears the module of the image', async () => {
    await using runtime = await open();
    const heard: string[] = [];
    const note = (what: string) => (event: FunctionEvent) =>
      void heard.push(`${what} ${event.definition.exportNames[0]} of ${event.module.name}`);
    const compiled = await runtime.compileModule(guest, {
      listener: { before: note('before'), after: note('after'), abort: note('abort') },
    });
    const image = await (await runtime.instantiateModule(compiled, named('frozen'))).freeze();
    const clone = await runtime.instantiateModule(image, named('clone'));
    expect(await clone.exportedFunction('add', ['i32', 'i32'], ['i32']).call(3, 4)).toBe(7);
    expect(clone.exportedFunction('add', ['i32', 'i32'], ['i32']).callSync(3, 4)).toBe(7);
    expect(heard).toEqual(['before add of clone', 'after add of clone', 'before add of clone', 'after add of clone']);
  });

  needsEdit('e11fork')('a trace names its functions, a tenant counts it, channels tell of it', async () => {
    const told: string[] = [];
    const subscribers = (name: string) => ({
      start: (message: unknown) => void told.push(`${name} ${(message as { module: string }).module}`),
      end() {},
      asyncStart() {},
      asyncEnd() {},
      error() {},
    });
    const channels = (['freeze', 'reset', 'instantiate'] as const).map((name) => {
      const channel = tracingChannel(`wazero:${name}`);
      const listening = subscribers(name);
      channel.subscribe(listening);
      return () => channel.unsubscribe(listening);
    });
    try {
      await using runtime = await open();
      const tenant = new Tenant('of images', { instances: 2 });
      const image = await (await runtime.instantiate(guest, named('frozen'))).freeze();
      const clone = await runtime.instantiateModule(image, named('clone').withTenant(tenant));
      const error = await errorOf(() => clone.exportedFunction('trap')!.call());
      expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
      expect((error as Error).message).toContain('.inner');
      clone.resetSync();
      expect(clone.usage()).toMatchObject({ calls: 1, traps: 1, memoryBytes: 2 * 65_536 });
      expect(tenant.usage()).toMatchObject({ instances: 1, calls: 1, traps: 1 });
      await runtime.instantiateModule(image, named('second').withTenant(tenant));
      expect(await errorOf(() => runtime.instantiateModule(image, named('third').withTenant(tenant)))).toMatchObject({
        code: 'ERR_WAZERO_LIMIT',
      });
      await tenant.close();
      expect(clone.isClosed).toBe(true);
      expect(told.filter((line) => !line.startsWith('instantiate'))).toEqual(['freeze frozen', 'reset clone']);
      expect(told).toContain('instantiate clone');
    } finally {
      for (const unsubscribe of channels) unsubscribe();
    }
  });
});

needsStacks('a guest that goes on from where it waited: its trace has the frames of before', async () => {
  const images: ModuleImage[] = [];
  await using runtime = new Runtime();
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(async (caller) => void images.push(await caller.freeze()), [], [])
    .export('ask')
    .instantiate();
  const module = await runtime.instantiate(guest, named('frozen'));
  await errorOf(() => module.exportedFunction('wait')!.call());
  const tenant = new Tenant('of waiting');
  const config = named('clone').withTenant(tenant);
  const error = await errorOf(() => runtime.instantiateModule(images[0]!, config));
  expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
  expect((error as Error).message).toMatch(/\.inner\(\)[\s\S]*\.wait\(\)|\.inner\(\)[\s\S]*\.\$\d+\(\)/);
  expect(tenant.usage()).toMatchObject({ instances: 0, memoryBytes: 0 });
  await tenant.close();
});

needsEdit('e11fork')('lines of DWARF are those of the sources', async () => {
  await using runtime = new Runtime();
  const source = await runtime.instantiate(
    await readFile(new URL('../fixtures/guests/lines.wasm', import.meta.url)),
    named('frozen'),
  );
  const clone = await runtime.instantiateModule(await source.freeze(), named('clone'));
  const run = (module: Module) => errorOf(() => module.exportedFunction('run')!.call(13 as never));
  const [of, want] = [(await run(clone)) as Error, (await run(source)) as Error];
  expect(want).toMatchObject({ code: 'ERR_WAZERO_TRAP' });
  expect((of as unknown as { frames: unknown }).frames).toEqual((want as unknown as { frames: unknown }).frames);
  expect(of.message).toMatch(/lines\.c:4:/);
});
