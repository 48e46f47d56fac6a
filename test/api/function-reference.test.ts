/** FunctionReference: what a funcref refers to is called by it. */
import { expect } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { experimental, type FunctionReference, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const it = needsEdit('e12extern');
const guest = wat(`(module
  (import "env" "host" (func $host (result i32)))
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $pair (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
  (func $boom unreachable)
  (elem declare func $double $pair $boom $host)
  (func (export "refer") (param i32) (result funcref)
    (if (i32.eqz (local.get 0)) (then (return (ref.func $double))))
    (if (i32.eq (local.get 0) (i32.const 1)) (then (return (ref.func $pair))))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (return (ref.func $boom))))
    (ref.func $host)))`);

it('calls a function that nobody exported, in both lanes', async () => {
  await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  const module = runtime.instantiateSync(guest, new ModuleConfig().withName(''), { imports: [() => 7] });
  const refer = module.exportedFunction('refer', ['i32'], ['funcref'])!;
  const [double, pair, boom, host] = [0, 1, 2, 3].map((i) => refer.callSync(i)) as FunctionReference[];
  expect(double!.callSync(21)).toBe(42);
  expect(await double!.call(21)).toBe(42);
  expect(pair!.callSync(1, 2n)).toEqual([2n, 1]);
  expect(experimental.functionOf(double!)?.callSync(2)).toBe(4);
  for (const args of [['x'], [], [1, 2]])
    expect(await errorOf(() => double!.callSync(...(args as number[])))).toBeInstanceOf(TypeError);
  expect(await errorOf(() => boom!.callSync())).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
  expect(await errorOf(() => boom!.call())).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
  for (const of of [() => host!.callSync(), () => host!.call()])
    expect(await errorOf(of)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  await module.close();
  for (const of of [() => double!.callSync(1), () => double!.call(1)])
    expect(await errorOf(of)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
});

it('of a module that is closed says so, while another one of its group is open', async () => {
  await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  const owner = runtime.instantiateSync(
    wat(
      `(module (func (export "f")) (func $g) (elem declare func $g) (func (export "refer") (result funcref) (ref.func $g)))`,
    ),
    new ModuleConfig().withName('owner'),
  );
  const user = wat('(module (import "owner" "f" (func)) (func (export "nothing")))');
  const open = runtime.instantiateSync(user, new ModuleConfig().withName(''));
  const reference = owner.exportedFunction('refer', [], ['funcref'])!.callSync() as FunctionReference;
  await owner.close();
  for (const of of [() => reference.definition, () => reference.callSync(), () => reference.call()])
    expect(await errorOf(of)).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  expect(open.exportedFunction('nothing', [], [])!.callSync()).toBe(undefined);
});
