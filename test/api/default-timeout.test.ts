/** RuntimeConfig.withDefaultTimeout and untrusted(): a deadline for whatever is given none. */
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { closedAfterEach } from '../support/guests.js';
import { type CallerModule, type Module, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module $plugin
  (import "env" "host" (func $host (result i32)))
  (func (export "loop") (loop $more (br $more)))
  (func (export "ok") (result i32) (i32.const 7))
  (func (export "ask") (result i32) (call $host)))`);
const endless = wat('(module (func $start (loop $more (br $more))) (start $start))');

const runtimes = closedAfterEach();
const timeout = (ms: number, name: string) => ({
  name: 'TimeoutError',
  code: 'ERR_WAZERO_EXIT',
  reason: 'timeout',
  message: `module closed with context deadline exceeded: the call of "${name}" was stopped after ${ms} ms (timeoutMs)`,
});

async function world(config: RuntimeConfig, host: (caller: CallerModule) => unknown = () => 0) {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(host as never, [], ['i32'])
    .export('host')
    .instantiate();
  const compiled = await runtime.compileModule(guest, { timeoutMs: Infinity });
  const another = () => runtime.instantiateModule(compiled, new ModuleConfig().withName(''), { timeoutMs: Infinity });
  return { runtime, another, module: await another() };
}
const limited = (ms: number) => new RuntimeConfig().withCloseOnContextDone(true).withDefaultTimeout(ms);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('withDefaultTimeout', () => {
  it.each(['call', 'callSync'] as const)(
    '%s that is given none, also one that was entered without Go',
    async (lane) => {
      const { another } = await world(limited(50));
      for (const warm of [0, 10]) {
        const module = await another();
        for (let i = 0; i < warm; i++) await module.exportedFunction('ok')![lane]();
        expect(await errorOf(() => module.exportedFunction('loop')![lane]())).toMatchObject(timeout(50, 'loop'));
        expect(module.isClosed).toBe(true);
      }
    },
  );

  it('callWithStack and its synchronous twin, and a function with other options', async () => {
    const { another } = await world(limited(50));
    const loop = async () => (await another()).exportedFunction('loop', [], []);
    const stack = new BigUint64Array(0);
    for (const action of [
      async () => (await loop()).callWithStack(stack),
      async () => (await loop()).callWithStackSync(stack),
      async () => (await loop()).withOptions({ context: 1 }).call(),
      async () => (await loop()).withOptions({ timeoutMs: undefined }).call(),
      async () => (await loop()).withOptions({ timeoutMs: Infinity }).withOptions({}).call(),
    ])
      expect(await errorOf(action)).toMatchObject(timeout(50, 'loop'));
  });

  it('its own timeoutMs counts, be it shorter or longer or Infinity', async () => {
    const { another } = await world(limited(100), () => sleep(300).then(() => 1));
    expect(
      await errorOf(async () => (await another()).exportedFunction('loop')!.withOptions({ timeoutMs: 20 }).call()),
    ).toMatchObject(timeout(20, 'loop'));
    for (const timeoutMs of [60_000, Infinity])
      expect(await (await another()).exportedFunction('ask')!.withOptions({ timeoutMs }).call()).toBe(1);
    expect(await errorOf(async () => (await another()).exportedFunction('ask')!.call())).toMatchObject(
      timeout(100, 'ask'),
    );
  });

  it('a nested call has that of the call below, and none where that has none', async () => {
    let module: Module | undefined;
    const nested = async (caller: CallerModule) => {
      await sleep(150);
      return (await caller.exportedFunction('ok', [], ['i32']).call()) + (module ? 1 : 0);
    };
    const { another } = await world(limited(100), nested);
    module = await another();
    expect(await module.exportedFunction('ask')!.withOptions({ timeoutMs: Infinity }).call()).toBe(8);
    expect(await module.exclusive((lent) => nested(lent as CallerModule), { timeoutMs: Infinity })).toBe(8);
    expect(await errorOf(() => module!.exclusive((lent) => nested(lent as CallerModule)))).toMatchObject({
      name: 'TimeoutError',
      code: 'ERR_WAZERO_ABORTED',
      message: 'the conversation timed out after 100 ms (timeoutMs)',
    });
    expect(module.isClosed).toBe(false);
  });

  it('a call that waits', async () => {
    const { module } = await world(limited(60), () => sleep(1_000).then(() => 1));
    const first = errorOf(() => module.exportedFunction('ask')!.withOptions({ timeoutMs: 5_000 }).call());
    expect(await errorOf(() => module.exportedFunction('ok')!.call())).toMatchObject({
      name: 'TimeoutError',
      code: 'ERR_WAZERO_ABORTED',
      message: 'the call of "ok" timed out after 60 ms (timeoutMs)',
    });
    expect(await first).toBeUndefined();
  });

  it('instantiations, and compilations with or without withCloseOnContextDone', async () => {
    const { runtime } = await world(limited(50));
    const stopped = {
      name: 'TimeoutError',
      message: expect.stringMatching(/exceeded: the instantiation was stopped after \d+ ms \(timeoutMs\)$/),
    };
    expect(await errorOf(() => runtime.instantiate(endless))).toMatchObject(stopped);
    expect(await errorOf(() => runtime.instantiateSync(endless))).toMatchObject(stopped);
    const compiled = await runtime.compileModule(endless);
    expect(await errorOf(() => runtime.instantiateModule(compiled))).toMatchObject(stopped);
    expect(await errorOf(() => runtime.instantiateModuleSync(compiled))).toMatchObject(stopped);
    const large = wat(`(module ${'(func (result i32) (i32.add (i32.const 1) (i32.const 2)))'.repeat(20_000)})`);
    for (const base of [new RuntimeConfig(), new RuntimeConfig().withCloseOnContextDone(true)]) {
      const hurried = new Runtime(base.withDefaultTimeout(1));
      runtimes.push(hurried);
      const late = { name: 'TimeoutError', code: 'ERR_WAZERO_ABORTED' };
      expect(await errorOf(() => hurried.compileModule(large))).toMatchObject({
        ...late,
        message: 'the compilation timed out after 1 ms (timeoutMs)',
      });
      expect(await errorOf(() => hurried.compileModuleSync(large))).toMatchObject(late);
      await (await hurried.compileModule(large, { timeoutMs: Infinity })).close();
    }
  });

  it('without withCloseOnContextDone(true) calls are refused, as with a timeoutMs of their own; Infinity is none', async () => {
    const { runtime, module } = await world(new RuntimeConfig().withDefaultTimeout(50));
    const ok = module.exportedFunction('ok')!;
    const refused = { code: 'ERR_WAZERO_NOT_INTERRUPTIBLE', message: expect.stringContaining('withDefaultTimeout') };
    expect(await errorOf(() => ok.call())).toMatchObject(refused);
    expect(await errorOf(() => ok.callSync())).toMatchObject(refused);
    expect(await errorOf(() => module.exclusive(() => 0))).toMatchObject(refused);
    expect(await errorOf(() => runtime.instantiate(wat('(module)')))).toMatchObject(refused);
    expect(ok.withOptions({ timeoutMs: Infinity }).callSync()).toBe(7);
    expect(await ok.withOptions({ timeoutMs: Infinity }).call()).toBe(7);
  });

  it('refuses what is no time', () => {
    const config = new RuntimeConfig();
    for (const ms of [0, -1, Number.NaN])
      expect(() => config.withDefaultTimeout(ms)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_OUT_OF_RANGE' }));
    for (const ms of ['1', undefined, null, 1n])
      expect(() => config.withDefaultTimeout(ms as never)).toThrow(
        expect.objectContaining({ code: 'ERR_WAZERO_INVALID_ARGUMENT' }),
      );
  });
});

describe('untrusted()', () => {
  it('stops a loop, closes after a trap, and gives 256 MiB', async () => {
    const runtime = new Runtime(RuntimeConfig.untrusted().withDefaultTimeout(100));
    runtimes.push(runtime);
    const bytes = wat(`(module (memory (export "memory") 1)
      (func (export "loop") (loop $more (br $more)))
      (func (export "trap") unreachable)
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
    const another = () => runtime.instantiate(bytes, new ModuleConfig().withName(''));
    const module = await another();
    expect(await module.exportedFunction('grow')!.call(4095)).toBe(1);
    expect(await module.exportedFunction('grow')!.call(1)).toBe(-1);
    expect(await errorOf(() => module.exportedFunction('trap')!.call())).toMatchObject({ kind: 'unreachable' });
    expect(module.isClosed).toBe(true);
    expect(await errorOf(async () => (await another()).exportedFunction('loop')!.call())).toMatchObject(
      timeout(100, 'loop'),
    );
  });

  it('each of it can be set otherwise afterwards', async () => {
    const runtime = new Runtime(
      RuntimeConfig.untrusted().withCloseOnTrap(false).withDefaultTimeout(Infinity).withLimits({ memoryPages: 5000 }),
    );
    runtimes.push(runtime);
    const module = await runtime.instantiate(
      wat(`(module (memory 1) (func (export "trap") unreachable)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
    );
    expect(await errorOf(() => module.exportedFunction('trap')!.call())).toMatchObject({ kind: 'unreachable' });
    expect(await module.exportedFunction('grow')!.call(4999)).toBe(1);
  });
});
