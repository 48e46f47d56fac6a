import type { Size, Type } from './types.js';

/** The bytes are no module, or none that the engine could have; it says which itself where it is asked. */
export class BadBinary extends Error {}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const types: Record<number, Type> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
  105: 'exnref',
};

/** Reads from bytes of a stranger: never past its end, and nothing is made room for that has not been read. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw new BadBinary('unexpected end');
    return this.bytes[this.at++] as number;
  }
  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift > 28 || (shift === 28 && byte > 15)) throw new BadBinary('a number is too large');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  /** Of 64 bits at most, rounded as a number. */
  wide(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      if (shift > 63) throw new BadBinary('a number is too large');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  skipNumber(): void {
    while (this.byte() & 0x80);
  }
  skip(count: number): void {
    this.at += count;
    if (this.at > this.end) throw new BadBinary('unexpected end');
  }
  name(): string {
    const length = this.u32();
    const from = this.at;
    this.skip(length);
    try {
      return decoder.decode(this.bytes.subarray(from, this.at));
    } catch {
      throw new BadBinary('a name is not UTF-8');
    }
  }
  /** As many as their count says, which comes first. */
  list<T>(read: (i: number) => T): T[] {
    const items: T[] = [];
    const count = this.u32();
    for (let i = 0; i < count; i++) items.push(read(i));
    return items;
  }

  type(): Type {
    const from = this.at;
    const code = this.byte();
    const known = types[code];
    if (known !== undefined) return known;
    if (code !== 0x63 && code !== 0x64) throw new BadBinary(`value type 0x${code.toString(16)}`);
    const heap = this.bytes[this.at];
    this.skipNumber();
    if (code === 0x63 && heap === 0x70) return 'funcref';
    if (code === 0x63 && heap === 0x6f) return 'externref';
    return `ref ${this.bytes.subarray(from, this.at)}`;
  }
  size(): Size {
    const flags = this.byte();
    const wide = (flags & 4) !== 0;
    const number = () => (wide ? this.wide() : this.u32());
    const min = number();
    return { min, max: flags & 1 ? number() : undefined, shared: (flags & 2) !== 0, wide };
  }
  skipConstant(): void {
    for (;;) {
      const code = this.byte();
      if (code === 0x0b) return;
      if (code === 0x43) this.skip(4);
      else if (code === 0x44) this.skip(8);
      else if (code === 0xfd) {
        this.skipNumber();
        this.skip(16);
      } else if ([0x41, 0x42, 0x23, 0xd0, 0xd2].includes(code)) this.skipNumber();
      else if (![0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e].includes(code)) throw new BadBinary('a constant expression');
    }
  }
}
