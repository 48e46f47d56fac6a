/** What takes less time than a trip to another thread is done on the JS thread, by Promises that settle in the same turn; while there is time for it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { CompilationCache, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const cache = new CompilationCache();
const withCache = () => new Runtime(new RuntimeConfig().withCompilationCache(cache));
let runtime: Runtime;
beforeEach(async () => {
  runtime = withCache();
  await runtime.hostModule('env', { n: [[], ['i32'], () => 7] });
});
afterEach(() => runtime.close());
afterAll(() => cache.close());
const anonymous = new ModuleConfig().withName('');
const guest = (more = '') =>
  wat(
    `(module (import "env" "n" (func $n (result i32))) (memory 1) (func (export "f") (result i32) (call $n)) ${more})`,
  );

/** Whether it settles before the event loop turns. */
async function inThisTurn(begin: () => Promise<unknown>): Promise<boolean> {
  await nextTurn();
  let settled = false;
  const promise = begin().finally(() => {
    settled = true;
  });
  for (let i = 0; i < 50; i++) await null;
  const outcome = settled;
  await promise.catch(() => {});
  return outcome;
}

it('an instance of a little module, also where it fails', async () => {
  const compiled = await runtime.compileModule(guest());
  expect(await inThisTurn(() => runtime.instantiateModule(compiled, anonymous))).toBe(true);
  const module = await runtime.instantiateModule(compiled, new ModuleConfig().withName('taken'));
  expect(await module.exportedFunction('f', [], ['i32']).call()).toBe(7);
  const outside = await runtime.compileModule(guest('(data (i32.const 65536) "x")'));
  const failing = () => runtime.instantiateModule(outside, anonymous);
  expect(await inThisTurn(failing)).toBe(true);
  expect(await errorOf(failing)).toMatchObject({ message: expect.stringContaining('out of bounds memory access') });
});

it('not where code of it runs, where it joins others, can be found by a name, is large, on an account or can be stopped', async () => {
  const limited = new AbortController();
  const owner = await runtime.instantiate(wat('(module $owner (table (export "t") 1 funcref))'));
  const modules = {
    start: guest('(func $s) (start $s)'),
    _start: guest('(func (export "_start"))'),
    table: guest('(table 100000 funcref)'),
    memory: wat('(module (import "env" "n" (func (result i32))) (memory 1000))'),
    joins: wat('(module (import "owner" "t" (table 1 funcref)))'),
  };
  for (const [name, bytes] of Object.entries(modules)) {
    const compiled = await runtime.compileModule(bytes);
    const config = name === '_start' ? new ModuleConfig().withName('') : anonymous.withStartFunctions();
    expect([name, await inThisTurn(() => runtime.instantiateModule(compiled, config))]).toEqual([name, false]);
  }
  const compiled = await runtime.compileModule(guest());
  const { signal } = limited;
  await using stoppable = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  await stoppable.hostModule('env', { n: [[], ['i32'], () => 7] });
  const again = await stoppable.compileModule(guest());
  expect(await inThisTurn(() => stoppable.instantiateModule(again, anonymous, { signal }))).toBe(false);
  expect(await inThisTurn(() => runtime.instantiateModule(compiled, anonymous))).toBe(true);
  expect(await inThisTurn(() => runtime.instantiateModule(compiled, new ModuleConfig().withName('found')))).toBe(false);
  await owner.close();
});

it('of very many in one turn, those that there is time for: all are right', async () => {
  const compiled = await runtime.compileModule(guest());
  await nextTurn();
  let first = 0;
  const all = Array.from({ length: 3_000 }, () =>
    runtime.instantiateModule(compiled, anonymous).then((module) => {
      first++;
      return module;
    }),
  );
  for (let i = 0; i < 50; i++) await null;
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(all.length);
  for (const module of await Promise.all(all)) expect(module.exportedFunction('f', [], ['i32']).callSync()).toBe(7);
});

needsEdit('e6')(
  'a little module whose code another runtime has in memory is compiled so; without it, it is compiled anew',
  async () => {
    const bytes = guest('(func (export "only here"))');
    expect(await inThisTurn(() => runtime.compileModule(bytes))).toBe(false);
    const other = withCache();
    await other.hostModule('env', { n: [[], ['i32'], () => 8] });
    const kept = await other.compileModule(bytes);
    await runtime.close();
    expect(await inThisTurn(() => other.compileModule(bytes))).toBe(true);
    const aborted = new AbortController();
    const pending = errorOf(() => other.compileModule(bytes, { signal: aborted.signal }));
    aborted.abort();
    expect(await pending).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'AbortError' });
    expect(await errorOf(() => other.compileModule(bytes, { timeoutMs: Number.MIN_VALUE }))).toMatchObject({
      code: 'ERR_WAZERO_ABORTED',
      name: 'TimeoutError',
    });
    await kept.close();
    const module = await other.instantiate(bytes); // its own handle
    expect(module.exportedFunction('f', [], ['i32']).callSync()).toBe(8);
    await other.close();

    const last = withCache();
    expect(await inThisTurn(() => last.compileModule(bytes))).toBe(false); // nobody has it any more
    expect(await errorOf(() => last.compileModule(bytes.subarray(0, 20)))).toMatchObject({
      code: 'ERR_WAZERO_COMPILE',
    });
    await last.close();
  },
);
