import type { Instance, Lease } from './link-group.js';

/** Set by module.ts: how the inside makes the public objects that stand for an instance. They are opaque here. */
export const publicly: {
  /** The same object whenever it is asked for. */
  module(state: Instance): object;
  caller(state: Instance, lease: Lease): object;
} = {
  module: missing,
  caller: missing,
};
function missing(): never {
  throw new Error('module.ts is not loaded');
}
