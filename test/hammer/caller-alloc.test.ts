/** THE plugin pattern: an async host function fetches, takes room from the guest's own malloc through `caller`, and answers a pointer. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallerModule, type CompiledModule, ModuleConfig, Runtime } from '../support/package.js';

const count = 1_000;
const guest = readFileSync(new URL('../fixtures/guests/fetch.wasm', import.meta.url));
const config = new ModuleConfig().withName('').withStartFunctions('_initialize');

const textOf = (id: number) => `item ${id} `.repeat(1 + (id % 7));
const expected = (id: number) => Buffer.from(textOf(id)).reduce((sum, byte) => sum + byte, 0);
const ids = Array.from({ length: count }, (_, id) => id);

let runtime: Runtime;
let compiled: CompiledModule;
beforeAll(async () => {
  runtime = new Runtime();
  const fetch = async (caller: CallerModule, id: number): Promise<number> => {
    await readFile(new URL(import.meta.url)); // real I/O, which ends in another order than it began
    const text = `${textOf(id)}\0`;
    const at = await caller.exportedFunction('malloc', ['i32'], ['i32']).call(Buffer.byteLength(text));
    caller.memory!.writeString(at, text);
    return at;
  };
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(fetch, ['i32'], ['i32'])
    .export('fetch')
    .instantiate();
  compiled = await runtime.compileModule(guest);
});
afterAll(() => runtime.close());

it(`H7: ${count} calls at once on one guest`, async () => {
  const module = await runtime.instantiateModule(compiled, config);
  const handle = module.exportedFunction('handle', ['i32'], ['i32']);
  expect(await Promise.all(ids.map((id) => handle.call(id)))).toEqual(ids.map(expected));
  await module.close();
}, 60_000);

it(`H7: ${count} guests at once`, async () => {
  const modules = await Promise.all(ids.map(() => runtime.instantiateModule(compiled, config)));
  const sums = await Promise.all(
    modules.map((module, id) => module.exportedFunction('handle', ['i32'], ['i32']).call(id)),
  );
  expect(sums).toEqual(ids.map(expected));
  await Promise.all(modules.map((module) => module.close()));
}, 60_000);

it('two requests whose answers lie in the same static buffer', async () => {
  const module = await runtime.instantiateModule(compiled, config);
  const request = (id: number) =>
    module.exclusive(async (caller) => {
      await caller.exportedFunction('handle', ['i32'], ['i32']).call(id);
      const at = await caller.exportedFunction('last', [], ['i32']).call();
      const text = textOf(id);
      return caller.memory!.readString(at, text.length + 1) === `${text}\0`;
    });
  expect(await Promise.all(ids.map(request))).toEqual(ids.map(() => true));
  await module.close();
}, 60_000);
