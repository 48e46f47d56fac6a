/** Modules whose debug information, or names, hurt whoever reads them for a trap. `run` calls itself as often as it is told, then traps. */

const u16 = (value: number) => [value & 0xff, value >> 8];
const u32 = (value: number) => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}
type Bytes = Uint8Array | number[];
const join = (...parts: Bytes[]) => Buffer.concat(parts.map((part) => Uint8Array.from(part)));
const sized = (...parts: Bytes[]) => {
  const all = join(...parts);
  return join(leb(all.length), all);
};
const withLength = (...parts: Bytes[]) => {
  const all = join(...parts);
  return join(u32(all.length), all);
};
const name = (text: Uint8Array | string) => sized(Buffer.from(text));
export const section = (id: number, ...parts: Bytes[]) => join([id], sized(...parts));
export const custom = (title: string, ...parts: Bytes[]) => section(0, name(title), ...parts);

const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** (func $run (param i32) (if (i32.eqz (local.get 0)) (then unreachable)) (call $run (i32.sub (local.get 0) (i32.const 1)))) */
const body = [0, 0x20, 0, 0x45, 0x04, 0x40, 0, 0x0b, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x0b];
export const recursive = (...more: Uint8Array[]) =>
  new Uint8Array(
    join(
      magic,
      section(1, [2, 0x60, 1, 0x7f, 0, 0x60, 0, 1, 0x7f]),
      section(3, [2, 0, 1]),
      section(7, [2], name('run'), [0, 0], name('seven'), [0, 1]),
      section(10, [2], sized(body), sized([0, 0x41, 7, 0x0b])),
      ...more,
    ),
  );

/** As `recursive`, and a trap of it has this name. */
export const named = (function_: Uint8Array | string, module = '') =>
  recursive(custom('name', [0], sized(name(module)), [1], sized([1, 0], name(function_))));

const range = [...u32(1), ...u32(0x7ffffff)];
const abbreviations = (call: number) => [
  ...[1, 0x11, 1, 0x10, 0x17, 0x11, 1, 0x12, 6, 0, 0],
  ...[2, 0x1d, 1, 0x11, 1, 0x12, 6, 0x58, call, 0x59, 0x0b, 0, 0],
  ...[3, 0x24, 0, 0, 0, 0],
];
/** One unit over all addresses with these entries, in which all lines are of one file. */
function debug(entries: Uint8Array, file: Bytes, call = 0x0b): Uint8Array[] {
  const header = join([1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0], file, [0, 0, 0, 0, 0]);
  const program = [0, 5, 2, ...u32(1), 1, 2, ...leb(0x100000), 1, 0, 1, 1];
  return [
    custom('.debug_abbrev', abbreviations(call)),
    custom('.debug_info', withLength(u16(4), u32(0), [4, 1], u32(0), range, entries, [0, 0])),
    custom('.debug_line', withLength(u16(2), u32(header.length), header, program)),
    custom('.debug_str', [0]),
  ];
}
const inlinedIn = (file: number) => Uint8Array.from([2, ...range, file, 7]);

export const bombs = {
  'a call in file 0': () => recursive(...debug(inlinedIn(0), Buffer.from('a.c'))),
  'a call in file -1': () => recursive(...debug(inlinedIn(0x7f), Buffer.from('a.c'), 0x0d)),
  '20,000 inlined calls in a file with a long name': () =>
    recursive(...debug(Buffer.alloc(20_000 * 11, inlinedIn(1)), Buffer.alloc(1_000, 'f'))),
  '4,000,000 entries': () => recursive(...debug(Buffer.alloc(4_000_000, 3), Buffer.from('a.c'))),
  'a file with a name that a terminal obeys': () =>
    recursive(...debug(inlinedIn(1), Buffer.from('\x1b]0;owned\x07\u202e.c'))),
};

/** As many tables of abbreviations as units, each of nearly all of the section. */
export function overlapping(units: number, attributes: number): Uint8Array<ArrayBuffer> {
  const info = Array.from({ length: units }, (_, i) => withLength(u16(4), u32(2 * i), [4, 0]));
  return recursive(
    custom('.debug_abbrev', Buffer.alloc(2 * attributes + 1, 1), [0, 0, 0, 0]),
    custom('.debug_info', ...info),
    custom('.debug_line', u32(0)),
  );
}
