import type { FunctionDefinition, ValueType } from '../index.js';

/** The types of a function. */
export type FunctionTypes = Pick<FunctionDefinition, 'paramTypes' | 'resultTypes'>;

const types: Record<ValueType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
};
const encoder = new TextEncoder();

function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
const vector = (items: readonly number[][]) => [...leb(items.length), ...items.flat()];
const text = (value: string) => {
  const bytes = [...encoder.encode(value)];
  return [...leb(bytes.length), ...bytes];
};

/**
 * A small module that joins others: imports, which come first, and functions that pass calls on. Written here, byte by byte, as what it
 * holds depends on what a plugin imports.
 */
export class Glue {
  readonly #types = new Map<string, number>();
  readonly #typeSection: number[][] = [];
  readonly #imports: number[][] = [];
  readonly #functions: number[][] = [];
  readonly #code: number[][] = [];
  readonly #exports: number[][] = [];
  readonly #tables: number[][] = [];
  readonly #elements: number[][] = [];
  #functionCount = 0;

  #type({ paramTypes, resultTypes }: FunctionTypes): number {
    const key = `${paramTypes}>${resultTypes}`;
    let index = this.#types.get(key);
    if (index === undefined) {
      index = this.#typeSection.length;
      this.#types.set(key, index);
      const list = (of: readonly ValueType[]) => vector(of.map((type) => [types[type]]));
      this.#typeSection.push([0x60, ...list(paramTypes), ...list(resultTypes)]);
    }
    return index;
  }

  importFunction(module: string, name: string, of: FunctionTypes): number {
    this.#imports.push([...text(module), ...text(name), 0, ...leb(this.#type(of))]);
    return this.#functionCount++;
  }
  importTable(module: string, name: string, size: number): void {
    this.#imports.push([...text(module), ...text(name), 1, 0x70, 0, ...leb(size)]);
  }
  exportFunction(name: string, index: number): void {
    this.#exports.push([...text(name), 0, ...leb(index)]);
  }

  /** A table of so many functions, which is exported. */
  table(size: number, name: string): void {
    this.#tables.push([0x70, 0, ...leb(size)]);
    this.#exports.push([...text(name), 1, 0]);
  }
  /** A function that calls the one in that place of the table, and traps while there is none. */
  throughTable(slot: number, of: FunctionTypes): number {
    this.#functions.push(leb(this.#type(of)));
    const parameters = of.paramTypes.flatMap((_, i) => [0x20, ...leb(i)]); // local.get
    const callIndirect = [0x11, ...leb(this.#type(of)), 0];
    const body = [0, ...parameters, 0x41, ...signed(slot), ...callIndirect, 0x0b];
    this.#code.push([...leb(body.length), ...body]);
    return this.#functionCount++;
  }
  /** Puts functions into the table, from its beginning. */
  fill(functions: readonly number[]): void {
    this.#elements.push([0, 0x41, 0, 0x0b, ...vector(functions.map(leb))]);
  }

  bytes(): Uint8Array {
    const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const section = (id: number, items: readonly number[][]) => {
      if (items.length === 0) return;
      const body = vector(items);
      for (const part of [[id], leb(body.length), body]) for (const byte of part) out.push(byte);
    };
    section(1, this.#typeSection);
    section(2, this.#imports);
    section(3, this.#functions);
    section(4, this.#tables);
    section(7, this.#exports);
    section(9, this.#elements);
    section(10, this.#code);
    return new Uint8Array(out);
  }
}

/** LEB128 of i32.const: the highest bit of the last byte's seven is the sign. */
function signed(value: number): number[] {
  const bytes = leb(value);
  const last = bytes.at(-1) as number;
  return last < 0x40 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0];
}
