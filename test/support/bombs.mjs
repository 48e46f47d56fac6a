// Functions that take the compiler long for what they are: each pass of it has one. Every module has one function, (param i32) (result i32).
import { leb } from './encode.mjs';

const signed = (n) => (n < 0x40 ? [n] : [(n & 0x7f) | 0x80, ...signed(n >> 7)]);
const section = (id, bytes) => Buffer.concat([Buffer.from([id, ...leb(bytes.length)]), bytes]);
const join = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const times = (n, bytes) => Buffer.alloc(n * bytes.length, Buffer.from(bytes));
const each = (n, bytes) => join(...Array.from({ length: n }, (_, i) => bytes(i)));
const get = (i) => [0x20, ...leb(i)];
const set = (i) => [0x21, ...leb(i)];
const zero = [0x41, 0];

function moduleOf(body, locals = 0) {
  const code = join(locals > 0 ? [1, ...leb(locals), 0x7f] : [0], body, [0x0b]);
  return join(
    Buffer.from('\0asm\x01\0\0\0', 'latin1'),
    section(1, Buffer.from([1, 0x60, 1, 0x7f, 1, 0x7f])),
    section(3, Buffer.from([1, 0])),
    section(10, join([1, ...leb(code.length)], code)),
  );
}
/** Values of so many locals that live over what is in between. */
const living = (locals, between) =>
  moduleOf(
    join(
      each(locals, (i) => [...get(0), 0x41, ...signed(i + 1), 0x6c, ...set(i + 1)]),
      between,
      zero,
      each(locals, (i) => [...get(i + 1), 0x6a]),
    ),
    locals,
  );
const branch = [0x02, 0x40, ...get(0), 0x0d, 0, 0x0b];

export const bombs = {
  /** branches to one block */ branches: (n) =>
    moduleOf(join([0x02, 0x40], times(n, [...get(0), 0x0d, 0]), [0x0b], zero)),
  /** loops, one after another */ loops: (n) => moduleOf(join(times(n, [0x03, 0x40, 0x0b]), zero)),
  blocks: (n) => moduleOf(join(times(n, branch), zero)),
  ifs: (n) => moduleOf(join(times(n, [...get(0), 0x04, 0x40, 0x05, 0x0b]), zero)),
  /** no branch at all */ straight: (n) => moduleOf(join(get(0), times(n, [...get(0), 0x6a]))),
  nested: (n) => moduleOf(join(times(n, [0x03, 0x40]), times(n, [...get(0), 0x0d, 0, 0x0b]), zero)),
  live: (n) => living(n, times(4 * n, branch)),
  liveOverCalls: (n) => living(n, times(20 * n, [...get(0), 0x10, 0, 0x1a, ...branch])),
  /** as many parameters of as many blocks */
  parameters: (n) =>
    moduleOf(
      join(
        times(n, [0x03, 0x40]),
        each(20 * n, (i) => [...get(i + 1), 0x41, 1, 0x6a, ...set(i + 1)]),
        times(n, [...get(0), 0x0d, 0, 0x0b]),
        zero,
      ),
      20 * n,
    ),
};
