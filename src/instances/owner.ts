import type { Instance, LinkGroup } from '../calls/link-group.js';
import type { Handle } from '../native/binding.js';
import type { ValueType } from '../values/types.js';

/** Whose a memory, table, global or tag is: an instance (ModuleState), or what the host has made (ExternState). */
export interface ExternOwner extends Instance {
  /** Its native half is closed. */
  readonly gone: boolean;
  /** Of a host module. */
  readonly isHost: boolean;
}

/** What a runtime closes. */
export interface Closable {
  readonly id: number;
  readonly group: LinkGroup;
  close(exitCode: number): Promise<void>;
  closeSync(exitCode: number): void;
}

export interface GlobalState {
  readonly module: ExternOwner;
  readonly handle: Handle;
  /** By which its owner exports it. */
  readonly name: string;
  readonly type: ValueType;
  readonly mutable: boolean;
  /** A view (experimental.internalGlobals): cannot be set, but changes. */
  readonly view?: boolean;
}

export interface TableState {
  readonly module: ExternOwner;
  readonly handle: Handle;
  readonly name: string;
  readonly type: 'funcref' | 'externref';
  /** It takes every reference of its type, and null. */
  readonly plain: boolean;
  readonly min: number;
  readonly max?: number;
  /** Made when it is first asked for. */
  public?: object;
}
