import { Buffer } from '../values/node.js';
import { wrongType } from '../values/validate.js';
import type { DirentLike } from './file-system.js';

/** The entries of a directory as they were when it was read; a guest may ask for them from any one on. */
export class Listing {
  readonly path: string;
  readonly entries: readonly unknown[];
  at = 0;
  /** Entry `at`, where it was encoded already and there was no room. */
  next: Uint8Array | undefined;
  constructor(path: string, entries: readonly unknown[]) {
    this.path = path;
    this.entries = entries;
  }
}

/** The kind of an entry, as native code has it (WZ_FS_LIST). */
export const typeOf = (file: boolean, directory: boolean, link: boolean): number =>
  file ? 0 : directory ? 1 : link ? 2 : 3;

/** Likewise, of what a file system says itself. */
export const direntType = (entry: DirentLike | undefined): number =>
  entry ? typeOf(entry.isFile(), entry.isDirectory(), entry.isSymbolicLink()) : typeOf(false, false, false);

/** What a file system may give as text or bytes. */
export function bytesOf(value: unknown, name: string): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  if (value instanceof Uint8Array) return value;
  throw wrongType('a string or a Uint8Array', name, value);
}
