/**
 * Closing each thing in the middle of each other's use. The fixture runs with memories that become inaccessible as soon as they are given
 * back: whoever touches one then ends the process.
 */
import { describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { survived } from '../support/faults.js';
import { interruptible } from '../support/guests.js';
import { experimental, ModuleConfig, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

interface Told {
  value?: unknown;
  code?: string;
  reason?: string;
  ms: number;
}
interface Row {
  moment: string;
  what: string;
  place?: string;
  closing?: Told;
  work: Told;
  goesOn?: Told;
  late?: Told;
  waited?: boolean;
  buffer?: number;
}
const closed = { code: 'ERR_WAZERO_CLOSED' };
const stopped = { code: 'ERR_WAZERO_EXIT', reason: 'close', exitCode: 0 };
const endsCalls = (what: string) => /module$|runtime/.test(what) && what !== 'compiled module';

for (const engine of ['compiler', 'interpreter']) {
  needsEdit('e2')(
    `L1: closing a module, a runtime, a compiled module, a cache, and all of them, at any moment, from the program and from another call (${engine})`,
    async () => {
      const rows = await survived<Row[]>('closing', {
        args: [engine],
        env: { WAZERO_NODE_SEAL_MEMORIES: '1' },
        timeoutMs: 60_000,
      });
      expect(rows.length).toBe(13 * 12 + 1 + 6);
      for (const { moment, what, place, closing, work, goesOn, late, waited, buffer } of rows) {
        const name = `${moment}, ${what}, ${place}`;
        if (moment === 'not interruptible')
          expect({ waited, work }).toMatchObject({ waited: true, work: { value: 9 } });
        else if (moment === 'sync') {
          const ends = endsCalls(what) || what.startsWith('everything');
          expect(work, name).toMatchObject(ends ? stopped : { value: 3 });
          expect(buffer, name).toBe(ends ? undefined : 65_536);
          expect(late, name).toMatchObject(closed);
        } else {
          expect(closing, name).toMatchObject({ value: 'closed' });
          expect(closing!.ms, name).toBeLessThan(1_000);
          const lives = what === 'compiled module' || what === 'cache';
          if (lives) expect(goesOn, name).toMatchObject({ value: 5 });
          else expect(goesOn, name).toBeUndefined();
          expect(late, name).toMatchObject(closed);
          // From another call the closing comes a moment later: the compilation may be done by then.
          if (moment === 'compiling' && place === 'another call' && work.value === 'done') continue;
          // Who has not entered the guest yet is refused, who has is stopped; at these moments either may be.
          const either = ['instantiating', 'calling'].includes(moment) && work.code === closed.code;
          expect(work, name).toMatchObject(
            { idle: { value: 5 }, compiling: closed }[moment] ?? (either ? closed : stopped),
          );
        }
      }
    },
    70_000,
  );
}

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  needsEdit('e7closed')(
    'L2: no code of a closed module is run, also through an import, a table and a reference',
    async () => {
      await using runtime = new Runtime(interruptible(engine));
      let entered = 0;
      await runtime
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction(() => void entered++, [], [])
        .export('entered')
        .instantiate();
      const owner = await runtime.instantiate(
        wat(`(module (import "env" "entered" (func $entered)) (table (export "t") 1 funcref) (memory (export "memory") 1)
        (func $f (export "f") (result i32) (call $entered) (i32.const 7)) (elem (i32.const 0) $f))`),
        new ModuleConfig().withName('owner'),
      );
      const user = await runtime.instantiate(
        wat(`(module (import "owner" "f" (func $f (result i32))) (import "owner" "t" (table 1 funcref)) (import "owner" "memory" (memory 1))
        (type $t (func (result i32))) (export "again" (func $f))
        (func (export "call") (result i32) (call $f))
        (func (export "indirectly") (result i32) (call_indirect (type $t) (i32.const 0)))
        (func (export "own") (result i32) (i32.load (i32.const 0))))`),
        new ModuleConfig().withName('user'),
      );
      const own = user.exportedFunction('own', [], ['i32']);
      const functions = [
        ...['call', 'indirectly', 'again'].map((name) => user.exportedFunction(name, [], ['i32'])),
        experimental.lookupFunction(user, 0, 0, [], ['i32']),
      ];
      for (const f of functions) expect([f.callSync(), await f.call()]).toEqual([7, 7]);
      expect(entered).toBe(8);
      await owner.close();
      for (const f of functions) {
        for (const call of [() => f.callSync(), () => f.call()])
          expect(await errorOf(call), f.definition.name).toMatchObject({
            code: expect.stringMatching(/^ERR_WAZERO_(CLOSED|EXIT)$/),
          });
      }
      expect(entered, 'the closed guest was not entered').toBe(8);
      // Its memory lives as long as the one that uses it.
      if (!user.isClosed) expect([own.callSync(), await own.call()]).toEqual([0, 0]);
      await user.close();
      expect(await errorOf(() => own.callSync())).toMatchObject(closed);
    },
  );
});

it.each(['compiler', 'interpreter'] as const)(
  'L1: an instance whose imports are closed while it is being made is refused, and links to none that took their name (%s)',
  async (engine) => {
    await using runtime = new Runtime(interruptible(engine));
    const host = () =>
      runtime
        .newHostModuleBuilder('env')
        .newFunctionBuilder()
        .withFunction(() => 7, [], ['i32'])
        .export('f')
        .instantiate();
    const compiled = await runtime.compileModule(
      wat('(module (import "env" "f" (func (result i32))) (export "f" (func 0)))'),
    );
    // A long configuration: Go is still reading it when the host module is closed.
    let config = new ModuleConfig();
    for (let i = 0; i < 200; i++) config = config.withEnv(`NAME_${i}`, 'x'.repeat(100));
    const ends: unknown[] = [];
    for (let round = 0; round < 50; round++) {
      const env = await host();
      const made = runtime.instantiateModule(compiled, config.withName('')).catch((error: unknown) => error);
      env.closeSync();
      const [end, again] = await Promise.all([made, host()]);
      ends.push((end as { code?: string }).code ?? 'instantiated');
      if (end instanceof Error) expect(end).toMatchObject({ ...closed, message: 'module[env] is closed' });
      else await (end as { close(): Promise<void> }).close();
      await again.close();
    }
    expect(ends).toContain('ERR_WAZERO_CLOSED');
    await compiled.close();
  },
);

it('L1: a module that is closed a thousand times while it is called answers each call once', async () => {
  await using runtime = new Runtime(interruptible());
  const compiled = await runtime.compileModule(wat('(module (func (export "f") (result i32) (i32.const 7)))'));
  for (let round = 0; round < 100; round++) {
    const module = await runtime.instantiateModule(compiled);
    const f = module.exportedFunction('f', [], ['i32']);
    const calls = Array.from({ length: 10 }, () => f.call().then(String, (error: { code: string }) => error.code));
    const closings = Array.from({ length: 10 }, (_, i) => (i % 2 ? module.close() : module.closeWithExitCode(i)));
    calls.push(f.call().then(String, (error: { code: string }) => error.code));
    const answers = await Promise.all(calls);
    await Promise.all(closings);
    expect(answers.at(-1)).toBe('ERR_WAZERO_CLOSED');
    expect(answers.every((answer) => /^7$|^ERR_WAZERO_(CLOSED|EXIT)$/.test(answer))).toBe(true);
    expect(answers.lastIndexOf('7'), 'nothing runs after what was refused').toBeLessThan(
      Math.max(answers.indexOf('ERR_WAZERO_CLOSED'), 1),
    );
  }
  await compiled.close();
});
