/** THE plugin pattern: an async host function fetches, takes room from the guest's own allocator through `caller`, and answers a pointer. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallerModule, type CompiledModule, Runtime } from '../support/package.js';
import { expectNothingLeft } from '../support/stats.js';
import { wat } from '../support/wat.mjs';

expectNothingLeft();
const count = 1_000;

// handle(id): asks the host for the text of id, answers the sum of its bytes. `malloc` keeps its top in memory and reads it twice around
// a store, so that two allocations at once would hand out the same place.
const guest = wat(`(module
  (import "env" "fetch" (func $fetch (param i32) (result i64)))
  (memory (export "memory") 2) (global $top (mut i32) (i32.const 1024))
  (func (export "malloc") (param $n i32) (result i32) (local $at i32)
    (local.set $at (global.get $top))
    (if (i32.gt_u (i32.add (local.get $at) (local.get $n)) (i32.shl (memory.size) (i32.const 16)))
      (then (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))))
    (global.set $top (i32.add (local.get $at) (i32.and (i32.add (local.get $n) (i32.const 15)) (i32.const -16))))
    (local.get $at))
  (func (export "handle") (param $id i32) (result i32) (local $p i32) (local $end i32) (local $sum i32) (local $answer i64)
    (local.set $answer (call $fetch (local.get $id)))
    (local.set $p (i32.wrap_i64 (local.get $answer)))
    (local.set $end (i32.add (local.get $p) (i32.wrap_i64 (i64.shr_u (local.get $answer) (i64.const 32)))))
    (loop $l
      (if (i32.lt_u (local.get $p) (local.get $end)) (then
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $p))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br $l))))
    (local.get $sum)))`);

const textOf = (id: number) => `item ${id} `.repeat(1 + (id % 7));
const expected = (id: number) => Buffer.from(textOf(id)).reduce((sum, byte) => sum + byte, 0);

let runtime: Runtime;
let compiled: CompiledModule;
beforeAll(async () => {
  runtime = new Runtime();
  const fetch = async (caller: CallerModule, id: number): Promise<bigint> => {
    await readFile(new URL(import.meta.url)); // real I/O, which ends in another order than it began
    const bytes = Buffer.from(textOf(id));
    const at = await caller.exportedFunction('malloc', ['i32'], ['i32']).call(bytes.length);
    caller.memory!.write(at, bytes);
    return BigInt(at) | (BigInt(bytes.length) << 32n);
  };
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(fetch, ['i32'], ['i64'])
    .export('fetch')
    .instantiate();
  compiled = await runtime.compileModule(guest);
});
afterAll(() => runtime.close());

it(`${count} calls at once on one guest`, async () => {
  const module = await runtime.instantiateModule(compiled);
  const handle = module.exportedFunction('handle', ['i32'], ['i32']);
  const ids = Array.from({ length: count }, (_, id) => id);
  expect(await Promise.all(ids.map((id) => handle.call(id)))).toEqual(ids.map(expected));
  await module.close();
}, 60_000);

it(`${count} guests at once`, async () => {
  const modules = await Promise.all(Array.from({ length: count }, () => runtime.instantiateModule(compiled)));
  const sums = await Promise.all(
    modules.map((module, id) => module.exportedFunction('handle', ['i32'], ['i32']).call(id)),
  );
  expect(sums).toEqual(modules.map((_, id) => expected(id)));
  await Promise.all(modules.map((module) => module.close()));
}, 60_000);
