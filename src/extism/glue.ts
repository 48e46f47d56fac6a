import type { FunctionDefinition, ValueType } from '../index.js';
import { text, typeCodes, unsigned, vector } from '../values/encoding.js';

/** The types of a function. */
export type FunctionTypes = Pick<FunctionDefinition, 'paramTypes' | 'resultTypes'>;

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
      const list = (of: readonly ValueType[]) => vector(of.map((type) => [typeCodes[type]]));
      this.#typeSection.push([0x60, ...list(paramTypes), ...list(resultTypes)]);
    }
    return index;
  }

  importFunction(module: string, name: string, of: FunctionTypes): number {
    this.#imports.push([...text(module), ...text(name), 0, ...unsigned(this.#type(of))]);
    return this.#functionCount++;
  }
  importTable(module: string, name: string, size: number): void {
    this.#imports.push([...text(module), ...text(name), 1, 0x70, 0, ...unsigned(size)]);
  }
  exportFunction(name: string, index: number): void {
    this.#exports.push([...text(name), 0, ...unsigned(index)]);
  }

  /** A table of so many functions, which is exported. */
  table(size: number, name: string): void {
    this.#tables.push([0x70, 0, ...unsigned(size)]);
    this.#exports.push([...text(name), 1, 0]);
  }
  /** A function that calls the one in that place of the table, and traps while there is none. */
  throughTable(slot: number, of: FunctionTypes): number {
    this.#functions.push(unsigned(this.#type(of)));
    const parameters = of.paramTypes.flatMap((_, i) => [0x20, ...unsigned(i)]); // local.get
    const callIndirect = [0x11, ...unsigned(this.#type(of)), 0];
    const body = [0, ...parameters, 0x41, ...signed(slot), ...callIndirect, 0x0b];
    this.#code.push([...unsigned(body.length), ...body]);
    return this.#functionCount++;
  }
  /** Puts functions into the table, from its beginning. */
  fill(functions: readonly number[]): void {
    this.#elements.push([0, 0x41, 0, 0x0b, ...vector(functions.map(unsigned))]);
  }

  bytes(): Uint8Array {
    const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    const section = (id: number, items: readonly number[][]) => {
      if (items.length === 0) return;
      const body = vector(items);
      for (const part of [[id], unsigned(body.length), body]) for (const byte of part) out.push(byte);
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
  const bytes = unsigned(value);
  const last = bytes.at(-1) as number;
  return last < 0x40 ? bytes : [...bytes.slice(0, -1), last | 0x80, 0];
}
