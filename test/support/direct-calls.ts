/** For tests of synchronous calls without Go: worlds to call in, and whether C++ was asked. What is registered here is of the file that imports it. */
import { beforeAll, expect } from 'vitest';
import { hasEdit } from './edits.js';
import { closedAfterEach } from './guests.js';
import { binding, type Module, Runtime, RuntimeConfig } from './package.js';
import { wat } from './wat.mjs';

export function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** How often C++ was asked to enter a function. */
let entered = 0;
beforeAll(() => {
  const native = binding() as { directCall(): string | undefined };
  const { directCall } = native;
  native.directCall = () => {
    entered++;
    return directCall();
  };
});

export const runtimes = closedAfterEach();

type Fn = (...args: never[]) => unknown;
export interface World {
  runtime: Runtime;
  module: Module;
  call(name: string, ...args: unknown[]): unknown;
}
/** A guest with host functions `env.f`; those of `lent` get their caller first. */
export async function world(
  text: string,
  types: { f?: [string[], string[], Fn]; lent?: [string[], string[], Fn] } = {},
  config = new RuntimeConfig(),
) {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  const builder = runtime.newHostModuleBuilder('env');
  if (types.f)
    builder
      .newFunctionBuilder()
      .withFunction(types.f[2] as never, types.f[0] as never, types.f[1] as never)
      .export('f');
  if (types.lent)
    builder
      .newFunctionBuilder()
      .withModuleFunction(types.lent[2] as never, types.lent[0] as never, types.lent[1] as never)
      .export('lent');
  await builder.instantiate();
  const module = await runtime.instantiate(wat(text));
  const call = (name: string, ...args: unknown[]) => module.exportedFunction(name)!.callSync(...(args as []));
  return { runtime, module, call } satisfies World;
}

/** The same action several times; with e5 the last ones are entered by C++. */
export function repeatedly(action: (round: number) => void, direct = hasEdit('e5')): void {
  const before = entered;
  for (let round = 0; round < 7; round++) action(round);
  expect(entered > before).toBe(direct && process.env.WAZERO_NODE_DIRECT !== '0');
}
const _interruptible = () => new RuntimeConfig().withCloseOnContextDone(true);

export const hosted = `(module (import "env" "f" (func $f (param i32) (result i32))) (memory (export "memory") 1 10)
  (func (export "twice") (param i32) (result i32) (i32.add (call $f (call $f (local.get 0))) (local.get 0)))
  (func (export "one") (param i32) (result i32) (call $f (local.get 0))))`;
