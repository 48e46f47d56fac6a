/** Another guest of the caller's link group, lent to a host function. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { closedAfterEach } from '../support/guests.js';
import { type CallerModule, lend, type Module, ModuleConfig, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const library = wat(`(module $library (memory (export "memory") 1)
  (func (export "alloc") (param i32) (result i32) (i32.add (local.get 0) (i32.const 16)))
  (func (export "unused")))`);
const guest = wat(`(module $guest (import "host" "ask" (func $ask (result i32))) (import "library" "unused" (func))
  (func (export "run") (result i32) (call $ask)))`);
const runtimes = closedAfterEach();

async function linked(ask: (caller: CallerModule, modules: Record<string, Module>) => number | Promise<number>) {
  const runtime = new Runtime();
  runtimes.push(runtime);
  const modules: Record<string, Module> = {};
  modules.host = await runtime
    .newHostModuleBuilder('host')
    .newFunctionBuilder()
    .withModuleFunction((caller) => ask(caller, modules), [], ['i32'])
    .export('ask')
    .instantiate();
  modules.library = await runtime.instantiate(library);
  modules.guest = await runtime.instantiate(guest);
  modules.other = await runtime.instantiate(library, new ModuleConfig().withName('other'));
  return modules.guest.exportedFunction('run', [], ['i32']);
}
const alloc = (module: Module) => module.exportedFunction('alloc', ['i32'], ['i32']);

describe('lend', () => {
  it('gives what the caller imports from, in both lanes, before and after an await', async () => {
    const now = await linked((caller, { library }) => alloc(lend(caller, library as Module)).callSync(26));
    expect([await now.call(), now.callSync()]).toEqual([42, 42]);
    const later = await linked(async (caller, { library }) => {
      const lent = lend(caller, library as Module);
      await sleep(1);
      lent.memory?.writeByte(0, 7);
      return (await alloc(lent).call(10)) + alloc(lent).callSync(0) + (lent.memory?.readByte(0) ?? 0);
    });
    expect(await later.call()).toBe(26 + 16 + 7);
  });

  it('ends with the caller', async () => {
    let kept: Module | undefined;
    const run = await linked((caller, { library }) => {
      kept = lend(caller, library as Module);
      return 1;
    });
    await run.call();
    expect(await errorOf(() => alloc(kept as Module).call(1))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });

  it('only of a caller, and only what is linked with it', async () => {
    const errors: unknown[] = [];
    const run = await linked((caller, { other, host, library, guest }) => {
      for (const attempt of [
        () => lend(caller, other as Module),
        () => lend(caller, host as Module),
        () => lend(caller, {} as Module),
        () => lend(guest as CallerModule, library as Module),
      ])
        try {
          attempt();
        } catch (error) {
          errors.push(error);
        }
      return 0;
    });
    await run.call();
    expect(errors).toHaveLength(4);
    for (const error of errors) expect(error).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
    expect(String(errors[0])).toContain('"other"');
  });
});
