/** The kernel of Extism's plugins alone, with hosts that note what they are asked. What is registered here is of the file that imports it. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { type CompiledModule, type Module, ModuleConfig, Runtime } from './package.js';
import { wat } from './wat.mjs';

export const source = readFileSync('src/extism/kernel.wat', 'utf8');
let runtime: Runtime;
export let compiled: CompiledModule;
export let asked: unknown[][];
beforeAll(async () => {
  runtime = new Runtime();
  const note =
    (name: string) =>
    (...args: unknown[]) =>
      void asked.push([name, ...args]);
  await runtime
    .newHostModuleBuilder('host')
    .newFunctionBuilder()
    .withFunction(note('log'), ['i32', 'i32', 'i32'], [])
    .export('log')
    .newFunctionBuilder()
    .withFunction(() => 7n, ['i32', 'i32', 'i32', 'i32'], ['i64'])
    .export('http')
    .newFunctionBuilder()
    .withFunction(() => 9n, [], ['i64'])
    .export('headers')
    .newFunctionBuilder()
    .withFunction(note('refused'), ['i64'], [])
    .export('refused')
    .instantiate();
  compiled = await runtime.compileModule(wat(source));
});
afterAll(() => runtime.close());

export function kernel(memoryPages = 64): {
  module: Module;
  call: (name: string, ...args: (number | bigint)[]) => bigint;
} {
  asked = [];
  const config = new ModuleConfig().withName('').withLimits({ memoryPages });
  const module = runtime.instantiateModuleSync(compiled, config);
  const call = (name: string, ...args: (number | bigint)[]) =>
    BigInt((module.exportedFunction(name)?.callSync(...args) as number | bigint | undefined) ?? 0);
  return { module, call };
}
export const block = (call: ReturnType<typeof kernel>['call'], bytes: Uint8Array) => {
  const handle = call('alloc', BigInt(bytes.length));
  for (const [i, byte] of bytes.entries()) call('store_u8', handle + BigInt(i), byte);
  return handle;
};
export const bytesOf = (call: ReturnType<typeof kernel>['call'], handle: bigint) =>
  Uint8Array.from({ length: Number(call('length', handle)) }, (_, i) => Number(call('load_u8', handle + BigInt(i))));
export const text = (value: string) => new TextEncoder().encode(value);
