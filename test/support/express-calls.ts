/** For tests of asynchronous calls that a thread of C++ runs without Go, as direct-calls.ts. */
import { beforeAll, expect } from 'vitest';
import { hasEdit } from './edits.js';
import { expectAftermath } from './faults.js';
import { closedAfterEach, interruptible } from './guests.js';
import { binding, type Module, ModuleConfig, Runtime, wasi } from './package.js';
import { wat } from './wat.mjs';

expectAftermath(); // before closedAfterEach: what is registered last comes first

/** How often C++ was asked to begin a call, or to go on with one. */
let asked = 0;
beforeAll(() => {
  const native = binding() as { expressCall(): void; expressReply(): boolean };
  const { expressCall } = native;
  native.expressCall = () => {
    asked++;
    expressCall();
  };
});
export const direct = hasEdit('e5') && process.env.WAZERO_NODE_DIRECT !== '0';

export const runtimes = closedAfterEach();

type Fn = (...args: never[]) => unknown;
export interface World {
  runtime: Runtime;
  module: Module;
  another(): Promise<Module>;
  call(name: string, ...args: unknown[]): Promise<unknown>;
}
/** A guest with a host function `env.f` that is lent its caller. */
export async function world(text: string, f: Fn = () => 0, config = interruptible()): Promise<World> {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  await wasi.instantiate(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(f as never, ['i32'], ['i32'])
    .export('f')
    .instantiate();
  const compiled = await runtime.compileModule(wat(text));
  const another = () => runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
  const module = await another();
  return {
    runtime,
    module,
    another,
    call: (name, ...args) => module.exportedFunction(name)!.call(...(args as [])) as Promise<unknown>,
  };
}

/** The same action several times; the last ones on the thread of C++. */
export async function repeatedly(action: (round: number) => Promise<void>): Promise<void> {
  const before = asked;
  for (let round = 0; round < 7; round++) await action(round);
  expect(asked > before).toBe(direct);
}

export const guest = `(module
  (import "env" "f" (func $f (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 10)
  (global $n (mut i32) (i32.const 0))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "twice") (param i32) (result i32) (i32.add (call $f (call $f (local.get 0))) (local.get 0)))
  (func (export "ask") (param i32) (result i32) (call $f (local.get 0)))
  (func (export "many") (param i32) (result i32)
    (loop $l (drop (call $f (local.get 0))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.const 7))
  (func (export "grow") (param i32) (result i32) (drop (memory.grow (local.get 0))) (memory.size))
  (func (export "trap") (param i32) (result i32) (if (local.get 0) (then unreachable)) (i32.const 1))
  (func (export "exit") (param i32) (call $exit (local.get 0)))
  (func (export "loop") (param i32) (loop $l (br_if $l (local.get 0))))
  (func (export "echo") (param i32 i64 f32 f64 externref) (result externref f64 f32 i64 i32)
    (local.get 4) (local.get 3) (local.get 2) (local.get 1) (local.get 0)))`;
