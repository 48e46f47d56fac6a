import type { Handle } from '../native/binding.js';
import type { ValueType } from '../values/types.js';

/** A tag as native code has it. */
export interface TagState {
  readonly handle: Handle;
  readonly types: readonly ValueType[];
  /** Its Tag. */
  public: object | undefined;
  /** Whose it is, and by which name, where that is known: what can be imported. */
  from: { readonly owner: { readonly closed: boolean }; readonly name: string } | undefined;
}
/** What an Exception is made of. */
export interface Thrown {
  readonly tag: TagState;
  readonly values: readonly unknown[];
}

/** Set by exception.ts: how the inside reads and makes the public objects. */
export const exceptions: {
  /** undefined: the value is no Exception. */
  read(value: unknown): Thrown | undefined;
  make(thrown: Thrown): object;
} = {
  read: () => undefined,
  make: () => {
    throw new Error('exception.ts is not loaded');
  },
};
