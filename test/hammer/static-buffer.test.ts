/** The commonest guest there is: results lie in one static buffer. Two requests at once must never see each other's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Module, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const rounds = Number(process.env.WAZERO_ROUNDS || 100_000);

// render(n): fills the 64 bytes at 1024 with n, in 16 stores, and answers where they are. double: reads input at 16, answers at 1024.
const guest = wat(`(module (memory (export "memory") 1)
  (func (export "render") (param $n i32) (result i32) (local $i i32)
    (loop $l
      (i32.store offset=1024 (local.get $i) (local.get $n))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 64))))
    (i32.const 1024))
  (func (export "double") (i32.store (i32.const 1024) (i32.mul (i32.const 2) (i32.load (i32.const 16))))))`);

describe('two concurrent requests on one guest with a static result buffer', () => {
  let runtime: Runtime;
  let module: Module;
  beforeAll(async () => {
    runtime = new Runtime();
    module = await runtime.instantiate(guest);
  });
  afterAll(() => runtime.close());

  it(`${rounds} rounds: what is read after await belongs to that call`, async () => {
    const render = module.exportedFunction('render', ['i32'], ['i32']);
    const request = async (first: number): Promise<number> => {
      let mixedUp = 0;
      for (let n = first; n < rounds; n += 2) {
        const at = await render.call(n);
        if (module.memory!.readUint32Le(at) !== n || module.memory!.readUint32Le(at + 60) !== n) mixedUp++;
      }
      return mixedUp;
    };
    expect(await Promise.all([request(0), request(1)])).toEqual([0, 0]);
  }, 120_000);

  it(`${rounds} rounds: a conversation in exclusive (write, call, read) is never interleaved`, async () => {
    const request = async (first: number): Promise<number> => {
      let mixedUp = 0;
      for (let n = first; n < rounds; n += 2) {
        const answer = await module.exclusive(async (caller) => {
          caller.memory!.writeUint32Le(16, n);
          await caller.exportedFunction('double', [], []).call();
          return caller.memory!.readUint32Le(1024);
        });
        if (answer !== 2 * n) mixedUp++;
      }
      return mixedUp;
    };
    expect(await Promise.all([request(0), request(1)])).toEqual([0, 0]);
  }, 120_000);
});
