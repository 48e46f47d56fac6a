import { BadBinary, Reader } from './reader.js';
import type { ExternKind, FunctionType, GlobalType, Size, TableType } from './types.js';

const kinds: readonly ExternKind[] = ['function', 'table', 'memory', 'global', 'tag'];
/** Of sections that are not custom, as a module must have them. */
export const sectionOrder = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

export interface Section {
  readonly id: number;
  readonly start: number;
  /** where its content begins */ readonly from: number;
  readonly end: number;
}
type Imported =
  | { readonly kind: 'function'; readonly type: FunctionType }
  | { readonly kind: 'table'; readonly type: TableType }
  | { readonly kind: 'memory'; readonly type: Size }
  | { readonly kind: 'global'; readonly type: GlobalType }
  | { readonly kind: 'tag'; readonly type: FunctionType };
export type Import = Imported & {
  readonly module: string;
  readonly name: string;
  /** among those of its kind */ readonly index: number;
  /** where its kind and type are */ readonly from: number;
  readonly end: number;
};
export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
}

/** What JavaScript must know of a module. */
export class Binary {
  readonly bytes: Uint8Array;
  readonly sections: Section[] = [];
  readonly types: FunctionType[] = [];
  readonly imports: Import[] = [];
  readonly exports: Export[] = [];
  /** Imported and own, by index. */
  readonly functions: FunctionType[] = [];
  readonly tables: TableType[] = [];
  readonly memories: Size[] = [];
  readonly globals: GlobalType[] = [];
  readonly tags: FunctionType[] = [];
  readonly custom: { readonly name: string; readonly from: number; readonly section: Section }[] = [];

  /** @throws BadBinary */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    if (bytes.length < 8) throw new BadBinary(`BufferSource argument is ${bytes.length === 0 ? 'empty' : 'too short'}`);
    if (magic.some((byte, i) => bytes[i] !== byte)) throw new BadBinary('expected magic word 00 61 73 6d, version 1');
    const reader = new Reader(bytes, 8, bytes.length);
    let last = -1;
    while (reader.at < bytes.length) {
      const start = reader.at;
      const id = reader.byte();
      const size = reader.u32();
      const section = { id, start, from: reader.at, end: reader.at + size };
      reader.skip(size);
      if (id !== 0) {
        const place = sectionOrder.indexOf(id);
        if (place <= last) throw new BadBinary(`unexpected section ${id}`);
        last = place;
      }
      this.sections.push(section);
      this.#read(section, new Reader(bytes, section.from, section.end));
    }
    if (new Set(this.exports.map(({ name }) => name)).size < this.exports.length)
      throw new BadBinary('duplicate export name');
  }

  #read(section: Section, reader: Reader): void {
    switch (section.id) {
      case 0: {
        const name = reader.name();
        this.custom.push({ name, from: reader.at, section });
        return;
      }
      case 1:
        reader.list(() => {
          if (reader.byte() !== 0x60) throw new BadBinary('a type that is none of a function');
          this.types.push({ params: reader.list(() => reader.type()), results: reader.list(() => reader.type()) });
        });
        return;
      case 2:
        reader.list(() => this.#import(reader));
        return;
      case 3:
        reader.list(() => this.functions.push(this.#functionType(reader)));
        return;
      case 4:
        reader.list(() => {
          const initialised = reader.bytes[reader.at] === 0x40;
          if (initialised) reader.skip(2);
          this.tables.push({ type: reader.type(), size: reader.size() });
          if (initialised) reader.skipConstant();
        });
        return;
      case 5:
        reader.list(() => this.memories.push(reader.size()));
        return;
      case 6:
        reader.list(() => {
          this.globals.push({ type: reader.type(), mutable: reader.byte() === 1 });
          reader.skipConstant();
        });
        return;
      case 7:
        reader.list(() => {
          const name = reader.name();
          this.exports.push({ name, kind: kindOf(reader), index: reader.u32() });
        });
        return;
      case 13:
        reader.list(() => {
          reader.byte();
          this.tags.push(this.#functionType(reader));
        });
    }
  }

  #functionType(reader: Reader): FunctionType {
    const type = this.types[reader.u32()];
    if (type === undefined) throw new BadBinary('a type that is not there');
    return type;
  }

  #import(reader: Reader): void {
    const module = reader.name();
    const name = reader.name();
    const from = reader.at;
    const imported = this.#imported(reader);
    const all = {
      function: this.functions,
      table: this.tables,
      memory: this.memories,
      global: this.globals,
      tag: this.tags,
    }[imported.kind] as (typeof imported.type)[];
    const index = all.push(imported.type) - 1;
    this.imports.push({ module, name, index, from, end: reader.at, ...imported });
  }
  #imported(reader: Reader): Imported {
    const kind = kindOf(reader);
    switch (kind) {
      case 'function':
        return { kind, type: this.#functionType(reader) };
      case 'table':
        return { kind, type: { type: reader.type(), size: reader.size() } };
      case 'memory':
        return { kind, type: reader.size() };
      case 'global':
        return { kind, type: { type: reader.type(), mutable: reader.byte() === 1 } };
      case 'tag':
        reader.byte();
        return { kind, type: this.#functionType(reader) };
    }
  }
}

function kindOf(reader: Reader): ExternKind {
  const kind = kinds[reader.byte()];
  if (kind === undefined) throw new BadBinary('an import or export of no kind');
  return kind;
}
