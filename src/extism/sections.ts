import type { ImportExportKind, ModuleExportDescriptor, ModuleImportDescriptor } from './types.js';

const kinds: readonly (ImportExportKind | undefined)[] = ['function', 'table', 'memory', 'global', 'tag'];
const decoder = new TextDecoder();

export interface ImportsAndExports {
  readonly imports: readonly ModuleImportDescriptor[];
  readonly exports: readonly ModuleExportDescriptor[];
  /** It has a start section. */
  readonly startsItself: boolean;
}

/** What a module imports and exports, in its own order; its bytes were compiled, so they are a module. */
export function importsAndExports(bytes: Uint8Array): ImportsAndExports {
  const reader = new Reader(bytes);
  const imports: ModuleImportDescriptor[] = [];
  const exports: ModuleExportDescriptor[] = [];
  let startsItself = false;
  for (const id of reader.sections()) {
    if (id === 8) startsItself = true;
    if (id === 2)
      for (let left = reader.u32(); left > 0; left--) {
        const module = reader.name();
        const name = reader.name();
        const kind = reader.kind();
        reader.skipType(kind);
        imports.push({ module, name, kind });
      }
    if (id === 7)
      for (let left = reader.u32(); left > 0; left--) {
        exports.push({ name: reader.name(), kind: reader.kind() });
        reader.u32();
      }
  }
  return { imports, exports, startsItself };
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 8; // magic and version

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The id of each section; it may be read from where the reader is then. */
  *sections(): Generator<number> {
    while (this.#at < this.#bytes.length) {
      const id = this.#byte();
      const end = this.u32() + this.#at;
      yield id;
      this.#at = end;
    }
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }
  u32(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }
  name(): string {
    const length = this.u32();
    this.#at += length;
    return decoder.decode(this.#bytes.subarray(this.#at - length, this.#at));
  }
  kind(): ImportExportKind {
    return kinds[this.#byte()] ?? 'function';
  }
  skipType(kind: ImportExportKind): void {
    if (kind === 'function') this.u32();
    else if (kind === 'global') this.#at += 2;
    else if (kind === 'tag') {
      this.#at++;
      this.u32();
    } else {
      if (kind === 'table') this.#at++;
      const flags = this.u32();
      this.u32();
      if (flags & 1) this.u32();
    }
  }
}
