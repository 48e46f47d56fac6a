import { Buffer } from 'node:buffer';
import { ExtismError } from './errors.js';

/** Names as they are in the kernel, byte for byte: a plugin's need not be UTF-8. */
export type VarName = string & { readonly latin1: true };
export const varName = (name: string): VarName => Buffer.from(name).toString('latin1') as VarName;

/** The vars of a plugin: what its instances have is a copy of these, and changes of it are brought here. */
export class Vars {
  /** The values are never written. */
  readonly values = new Map<VarName, Uint8Array>();
  /** Goes up with each change. */
  version = 0;
  #bytes = 0;

  get(name: VarName): Uint8Array | undefined {
    return this.values.get(name);
  }

  /** @param most bytes of all values together @throws ExtismError ERR_EXTISM_VARS */
  set(name: VarName, value: Uint8Array, most: number): void {
    const bytes = this.#bytes + value.byteLength - (this.values.get(name)?.byteLength ?? 0);
    if (bytes > most) throw tooMuch(bytes, most);
    this.#bytes = bytes;
    this.values.set(name, value);
    this.version++;
  }

  delete(name: VarName): void {
    const value = this.values.get(name);
    if (!value) return;
    this.values.delete(name);
    this.#bytes -= value.byteLength;
    this.version++;
  }

  /** What an instance has made of `before`, which it began with: only what differs counts, as others may have changed others meanwhile. */
  merge(before: ReadonlyMap<VarName, Uint8Array>, after: ReadonlyMap<VarName, Uint8Array>): void {
    for (const [name, value] of after) {
      const old = before.get(name);
      if (!old || Buffer.compare(old, value) !== 0) this.set(name, value, Infinity); // the kernel has kept to the limit
    }
    for (const name of before.keys()) if (!after.has(name)) this.delete(name);
  }
}

export function tooMuch(bytes: number | bigint, most: number): ExtismError {
  return new ExtismError(
    'ERR_EXTISM_VARS',
    `var memory limit exceeded: ${bytes} bytes requested, ${most} allowed (memory.maxVarBytes)`,
  );
}
