import type { ModuleImage } from '../index.js';
import type { VarName } from './vars.js';

/** An instance of a plugin as it was before its first call: its kernel and its one module. Others begin there. */
export interface Frozen {
  readonly kernel: ModuleImage;
  readonly main: ModuleImage;
  readonly vars: VarState;
}

/** Which vars a kernel has. */
export interface VarState {
  /** What they were made of. */
  readonly loaded: ReadonlyMap<VarName, Uint8Array>;
  readonly version: number;
  readonly changes: number;
}

/** Bytes of memory up to which a reset holds up nobody: what was written is taken away, page by page. */
export const littleMemory = 16 * 2 ** 20;
