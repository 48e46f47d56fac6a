/** Link groups: instances that import from each other are one unit; instantiation takes its place in their queue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { type CallerModule, type Module, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const named = (name: string, value: number) =>
  wat(`(module $${name} (import "env" "host" (func $host (result i32))) (table (export "t") 2 funcref)
    (func (export "host") (result i32) (call $host)) (func (export "value") (result i32) (i32.const ${value})))`);
const alone = wat('(module (func (export "value") (result i32) (i32.const 2)))');
const joined = wat(`(module (import "m" "value" (func $m (result i32))) (import "m" "t" (table 2 funcref))
  (func $start (drop (call $m))) (start $start) (func (export "value") (result i32) (i32.add (call $m) (i32.const 100))))`);

let host: (caller: CallerModule) => number | Promise<number>;
let runtime: Runtime;
let m: Module;
beforeEach(async () => {
  runtime = new Runtime(interruptible());
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction((caller) => host(caller), [], ['i32'])
    .export('host')
    .instantiate();
  m = await runtime.instantiate(named('m', 1));
});
afterEach(() => runtime.close());
const value = (of: Module) => of.exportedFunction('value', [], ['i32']);
const callHost = (of: Module) => of.exportedFunction('host', [], ['i32']);

it('inside a host function of callSync an instance can be made, also one that joins the caller', () => {
  host = () => value(runtime.instantiateSync(alone)).callSync() + value(runtime.instantiateSync(joined)).callSync();
  expect(callHost(m).callSync()).toBe(103);
});

it('inside a host function of call one that does not join the caller can be awaited; one that does waits', async () => {
  host = async () => {
    expect(() => runtime.instantiateSync(joined)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
    const waiting = errorOf(() => runtime.instantiate(joined, undefined, { timeoutMs: 20 }));
    const sum = await value(await runtime.instantiate(alone)).call();
    expect(await waiting).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'TimeoutError' });
    return sum;
  };
  expect(await callHost(m).call()).toBe(2);
  expect(value(await runtime.instantiate(joined)).callSync()).toBe(101);
});

it('an instantiation and calls of what it imports from run one after another', async () => {
  let running = 0;
  host = async () => {
    expect(++running).toBe(1);
    await sleep(2);
    running--;
    return 5;
  };
  const instances = [runtime.instantiate(joined), runtime.instantiate(joined)];
  const calls = [callHost(m).call(), callHost(m).call()];
  const sums = await Promise.all(instances.map(async (instance) => value(await instance).call()));
  expect([sums, await Promise.all(calls)]).toEqual([
    [101, 101],
    [5, 5],
  ]);
});

it('two groups that run when they are joined go on; what is new waits for both', async () => {
  const n = await runtime.instantiate(named('n', 10));
  // By name: which of the two asks first nobody knows.
  const release = new Map<string, () => void>();
  host = (caller) => new Promise((resolve) => void release.set(caller.name, () => resolve(release.size)));
  const running = [callHost(m).call(), callHost(n).call()];
  while (release.size < 2) await sleep(1);
  const joining = await runtime.compileModule(
    wat(`(module (import "m" "value" (func $m (result i32))) (import "n" "value" (func $n (result i32)))
      (func (export "value") (result i32) (i32.add (call $m) (call $n))))`),
  );
  const both = runtime.instantiateModule(joining);
  const done: string[] = [];
  void both.then(() => done.push('both'));
  const later = [m, n].map((module) => value(module).call());
  void later[0]?.then(() => done.push('later'));
  release.get('m')?.();
  await running[0];
  await sleep(5);
  expect(done).toEqual([]);
  release.get('n')?.();
  expect(await Promise.all([...running, ...later])).toEqual([2, 2, 1, 10]);
  expect(value(await both).callSync()).toBe(11);
  expect(done).toEqual(['both', 'later']);
});

it('importing from the same host module joins nothing: they run in parallel', async () => {
  let together = 0;
  let most = 0;
  host = async () => {
    most = Math.max(most, ++together);
    await sleep(5);
    together--;
    return 0;
  };
  const n = await runtime.instantiate(named('n', 10));
  await Promise.all([callHost(m).call(), callHost(n).call()]);
  expect(most).toBe(2);
});
