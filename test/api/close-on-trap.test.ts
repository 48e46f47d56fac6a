/** RuntimeConfig.withCloseOnTrap: a Trap closes its module, in every lane, on both engines; and without it nothing is closed, as wazero. */
import { afterEach, describe, expect, it } from 'vitest';
import { hasEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CallerModule,
  type Module,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  type Trap,
  type WazeroError,
} from '../support/package.js';
import { wat } from '../support/wat.mjs';

// Its stack pointer stays where the trap leaves it, as with what LLVM makes: after a few of those nothing works any more.
const guest = wat(`(module $plugin
  (import "env" "host" (func $host (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $sp (mut i32) (i32.const 48))
  (func (export "ok") (result i32) (local $at i32)
    (local.set $at (i32.sub (global.get $sp) (i32.const 16)))
    (global.set $sp (local.get $at))
    (i32.store (local.get $at) (i32.const 7))
    (global.set $sp (i32.add (local.get $at) (i32.const 16)))
    (i32.const 7))
  (func (export "trap") (global.set $sp (i32.sub (global.get $sp) (i32.const 16))) unreachable)
  (func (export "ask") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "askThenCount") (param i32) (result i32)
    (drop (call $host (local.get 0)))
    (i32.store (i32.const 1024) (i32.const 99))
    (i32.const 1)))`);

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

/** Promise.withResolvers, which Node 20 has not. */
function withResolvers() {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

type Host = (caller: CallerModule, value: number) => unknown;
const lanes = ['call', 'callSync'] as const;
type Lane = (typeof lanes)[number];
const run = (module: Module, name: string, lane: Lane, ...args: number[]) =>
  Promise.resolve().then(() => module.exportedFunction(name)![lane](...args));
const closedByTrap = (kind: string, name: string, waited = '') => ({
  code: 'ERR_WAZERO_CLOSED',
  message: expect.stringMatching(
    new RegExp(
      `^${waited}the module is closed: the call of "${name}" trapped \\(${kind}\\), .*withCloseOnTrap\\(true\\)`,
    ),
  ),
});

describe.each(['compiler', 'interpreter'] as const)('with the %s', (engine) => {
  async function world(host: Host = () => 0, closeOnTrap = true, interruptible = false) {
    const config = RuntimeConfig[engine]().withCloseOnTrap(closeOnTrap).withCloseOnContextDone(interruptible);
    const runtime = new Runtime(config);
    opened.push(runtime);
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withModuleFunction(host as never, ['i32'], ['i32'])
      .export('host')
      .instantiate();
    const compiled = await runtime.compileModule(guest);
    const codes: number[] = [];
    const another = () =>
      runtime.instantiateModule(compiled, new ModuleConfig().withName(''), {
        closeNotifier: (code) => void codes.push(code),
      });
    return { runtime, another, codes, module: await another() };
  }

  it.each(lanes)('%s: without it the module stays open, and in the state that the trap left', async (lane) => {
    const { module } = await world(undefined, false);
    for (let i = 0; i < 4; i++) await errorOf(() => run(module, 'trap', lane));
    expect(module.isClosed).toBe(false);
    expect(await errorOf(() => run(module, 'ok', lane))).toMatchObject({ kind: 'out of bounds memory access' });
  });

  // After a few calls a function is entered without Go: the first and the last ones go different ways.
  it.each(lanes.flatMap((lane) => [0, 1, 5, 20].map((calls) => [lane, calls] as const)))(
    '%s: a trap after %i calls closes its module and no other',
    async (lane, calls) => {
      const { module, another, codes, runtime } = await world();
      const bystander = await another();
      for (let i = 0; i < calls; i++) expect(await run(module, 'ok', lane)).toBe(7);
      const trap = module.exportedFunction('trap')!;
      expect(await errorOf(() => run(module, 'trap', lane))).toMatchObject({
        code: 'ERR_WAZERO_TRAP',
        kind: 'unreachable',
      });
      expect(module.isClosed).toBe(true);
      expect(codes).toEqual([1]);
      for (const later of lanes) {
        expect(await errorOf(() => run(module, 'ok', later))).toMatchObject(closedByTrap('unreachable', 'trap'));
        expect(await errorOf(() => Promise.resolve().then(() => trap[later]()))).toMatchObject(
          closedByTrap('unreachable', 'trap'),
        );
      }
      expect(await errorOf(() => module.exclusive(() => 0))).toMatchObject(closedByTrap('unreachable', 'trap'));
      expect(await errorOf(() => module.memory!.readByte(0))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
      expect(await run(bystander, 'ok', lane)).toBe(7);
      expect(runtime.module('')).toBeUndefined();
      await module.close();
      expect(codes).toEqual([1]);
    },
  );

  it.each(lanes)('%s: of a function that has trapped before without it being noticed, at once', async (lane) => {
    const { another } = await world();
    for (let i = 0; i < 6; i++) {
      const module = await another();
      expect(await run(module, 'ok', lane)).toBe(7);
      expect(await errorOf(() => run(module, 'trap', lane))).toMatchObject({ kind: 'unreachable' });
      expect(module.isClosed).toBe(true);
    }
  });

  it('calls that wait end with that word, and none of them has run', async () => {
    const asked = withResolvers();
    const go = withResolvers();
    const { module } = await world(async () => {
      asked.resolve();
      await go.promise;
      throw new Error('no');
    });
    const first = errorOf(() => run(module, 'ask', 'call', 1));
    await asked.promise;
    const waiting = Array.from({ length: 3 }, () => errorOf(() => run(module, 'ok', 'call')));
    await new Promise(setImmediate);
    go.resolve();
    expect(await first).toMatchObject({ kind: 'host function', cause: { message: 'no' } });
    const waited = 'this call waited and did not run, for ';
    for (const error of await Promise.all(waiting))
      expect(error).toMatchObject(closedByTrap('host function', 'ask', waited));
  });

  it.each(lanes.flatMap((lane) => [false, true].map((interruptible) => [lane, interruptible] as const)))(
    '%s: a nested call that traps: the guest below does not go on, whatever its host function answers (interruptible %s)',
    async (lane, interruptible) => {
      const seen: unknown[] = [];
      const host: Host = (caller) => {
        const memory = caller.memory!;
        const trapped = (error: unknown) => {
          seen.push(error, caller.isClosed);
          return 0;
        };
        if (lane === 'call')
          return caller
            .exportedFunction('trap')!
            .call()
            .then(() => 0, trapped);
        try {
          caller.exportedFunction('trap')!.callSync();
        } catch (error) {
          return trapped(error);
        }
        return memory.size();
      };
      const { another } = await world(host, true, interruptible);
      for (let i = 0; i < 5; i++) {
        const module = await another();
        for (let warm = 0; warm < i; warm++) await run(module, 'ok', lane);
        const error = (await errorOf(() => run(module, 'askThenCount', lane, 1))) as Trap;
        expect(seen.splice(0)).toMatchObject([{ kind: 'unreachable' }, true]);
        expect(error).toMatchObject({ kind: 'host function', cause: closedByTrap('unreachable', 'trap') });
        expect(module.isClosed).toBe(true);
      }
    },
  );

  it('callSync nested through another handle of the module: likewise, entered without Go as well', async () => {
    let module: Module | undefined;
    const seen: unknown[] = [];
    const { runtime, another } = await world();
    const plain = wat(`(module (import "plain" "host" (func $host (result i32)))
      (func (export "trap") unreachable)
      (func (export "ok") (result i32) (i32.const 7))
      (func (export "ask") (result i32) (drop (call $host)) (i32.const 1)))`);
    await runtime
      .newHostModuleBuilder('plain')
      .newFunctionBuilder()
      .withFunction(
        () => {
          try {
            if (module) module.exportedFunction('trap')!.callSync();
          } catch (error) {
            seen.push(error);
          }
          return 0;
        },
        [],
        ['i32'],
      )
      .export('host')
      .instantiate();
    const compiled = await runtime.compileModule(plain);
    for (const warm of [0, 1, 10]) {
      module = undefined;
      const victim = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
      for (let i = 0; i < warm; i++) expect(victim.exportedFunction('ask')!.callSync()).toBe(1);
      module = victim;
      expect(await errorOf(() => run(victim, 'ask', 'callSync'))).toMatchObject({
        kind: 'host function',
        cause: closedByTrap('unreachable', 'trap'),
      });
      expect(seen.splice(0)).toMatchObject([{ kind: 'unreachable' }]);
      expect(victim.isClosed).toBe(true);
    }
    // Of another group: that one is closed, and this one goes on.
    const victim = await another();
    module = victim;
    const other = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
    expect(other.exportedFunction('ask')!.callSync()).toBe(1);
    expect([victim.isClosed, other.isClosed]).toEqual([true, false]);
  });

  it('exclusive: what comes after it in the conversation gives ERR_WAZERO_CLOSED, and the conversation may end as it likes', async () => {
    const { module } = await world();
    const seen: unknown[] = [];
    const result = await module.exclusive(async (lent) => {
      seen.push(await errorOf(() => run(lent, 'trap', 'call')));
      seen.push(await errorOf(() => run(lent, 'ok', 'call')));
      seen.push(lent.isClosed);
      return 'done';
    });
    expect(result).toBe('done');
    expect(seen).toMatchObject([{ kind: 'unreachable' }, closedByTrap('unreachable', 'trap'), true]);
    expect(module.isClosed).toBe(true);
  });

  it.each(lanes)('%s: of linked modules the one whose function was called', async (lane) => {
    const { runtime } = await world();
    const library = await runtime.instantiate(
      wat('(module $library (func (export "trap") unreachable) (func (export "ok") (result i32) (i32.const 1)))'),
    );
    const importer = wat(`(module (import "library" "trap" (func $trap)) (import "library" "ok" (func $ok (result i32)))
      (func (export "trap") (call $trap)) (func (export "ok") (result i32) (call $ok)))`);
    const [one, two] = [
      await runtime.instantiate(importer, new ModuleConfig().withName('')),
      await runtime.instantiate(importer, new ModuleConfig().withName('')),
    ];
    expect(await errorOf(() => run(one, 'trap', lane))).toMatchObject({ kind: 'unreachable' });
    expect([library.isClosed, one.isClosed, two.isClosed]).toEqual([false, true, false]);
    expect(await run(two, 'ok', lane)).toBe(1);
    expect(await errorOf(() => run(library, 'trap', lane))).toMatchObject({ kind: 'unreachable' });
    expect([library.isClosed, two.isClosed]).toEqual([true, false]);
    // No code of a closed module runs, by whatever way.
    if (!hasEdit('e7closed')) return;
    expect((await errorOf(() => run(two, 'ok', lane))) as WazeroError).toHaveProperty('code');
  });

  it('a trap at instantiation leaves no module, frees the name, and what it is linked with is open', async () => {
    const { runtime } = await world();
    const library = await runtime.instantiate(
      wat('(module $library (func (export "trap") unreachable) (func (export "ok") (result i32) (i32.const 1)))'),
    );
    for (const text of [
      '(module $n (import "library" "trap" (func $trap)) (start $trap))',
      '(module $n (import "library" "trap" (func $trap)) (func (export "_start") (call $trap)))',
    ]) {
      expect(await errorOf(() => runtime.instantiate(wat(text)))).toMatchObject({ kind: 'unreachable' });
      expect(await errorOf(() => runtime.instantiateSync(wat(text)))).toMatchObject({ kind: 'unreachable' });
      expect(runtime.module('n')).toBeUndefined();
    }
    expect(library.isClosed).toBe(false);
    expect(await run(library, 'ok', 'call')).toBe(1);
  });

  it('a listener hears of the trap while the module is open', async () => {
    const { runtime } = await world();
    const heard: unknown[] = [];
    const compiled = await runtime.compileModule(guest, {
      listener: { abort: ({ module, error }) => void heard.push(module.isClosed, error) },
    });
    for (const lane of lanes) {
      const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
      expect(await errorOf(() => run(module, 'trap', lane))).toMatchObject({ kind: 'unreachable' });
      expect(heard.splice(0)).toMatchObject([false, { kind: 'unreachable' }]);
      expect(module.isClosed).toBe(true);
    }
  });

  it('callSync: what would block is a trap like any other', async () => {
    const { module } = await world(() => Promise.resolve(0));
    expect(await errorOf(() => run(module, 'ask', 'callSync', 1))).toMatchObject({
      kind: 'host function',
      cause: { code: 'ERR_WAZERO_WOULD_BLOCK' },
    });
    expect(module.isClosed).toBe(true);
  });

  it('an exit and an argument error are no traps: their modules are as they were', async () => {
    const { module } = await world();
    expect(await errorOf(() => run(module, 'ask', 'call', 2 ** 40))).toMatchObject({ name: 'RangeError' });
    expect(await errorOf(() => run(module, 'ask', 'callSync'))).toMatchObject({ name: 'TypeError' });
    expect(module.isClosed).toBe(false);
    expect(await run(module, 'ok', 'call')).toBe(7);
  });
});
