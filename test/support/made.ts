/** Tests of what the host makes for guests to import. */
import { needsEdit } from './edits.js';
import { closedAfterEach, interruptible } from './guests.js';
import { type ImportSource, type Module, ModuleConfig, Runtime, type RuntimeConfig } from './package.js';
import { wat } from './wat.mjs';

export const it = needsEdit('e16made');
const runtimes = closedAfterEach();
export const open = (config: RuntimeConfig = interruptible()): Runtime => {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  return runtime;
};
export const anonymous = new ModuleConfig().withName('').withStartFunctions();
export const instance = (runtime: Runtime, text: string, imports: ImportSource[] = [], config = anonymous): Module =>
  runtime.instantiateSync(wat(text), config, { imports });
export const call = (module: Module, name: string, ...args: never[]) =>
  module.exportedFunction(name)!.callSync(...args);

/** Whose functions are told apart by how often they were called; `spin` is endless. */
export const counter = `(module (global $n (mut i32) (i32.const 0)) (global $step (export "step") (mut i32) (i32.const 1))
  (func $next (export "next") (result i32) (global.set $n (i32.add (global.get $n) (global.get $step))) (global.get $n))
  (func $hidden (result i32) (i32.const 77)) (elem declare func $hidden) (func (export "hidden") (result funcref) (ref.func $hidden))
  (func (export "spin") (loop $l (br $l))))`;
