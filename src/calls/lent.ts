import type { ModuleState } from '../instances/module-state.js';
import type { CallerModule, Module } from '../module.js';
import type { Lease } from './frames.js';

/** Set by module.ts: how the inside makes the public objects that stand for an instance. */
export const publicly: {
  /** The same object whenever it is asked for. */
  module(state: ModuleState): Module;
  /** undefined: the value is no Module. */
  stateOf(value: unknown): ModuleState | undefined;
  caller(state: ModuleState, lease: Lease): CallerModule;
  /** Of a CallerModule; undefined for any other value. */
  leaseOf(value: unknown): Lease | undefined;
} = {
  module: missing,
  stateOf: () => undefined,
  caller: missing,
  leaseOf: () => undefined,
};
function missing(): never {
  throw new Error('module.ts is not loaded');
}
