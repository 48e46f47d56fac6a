import type { ExternKind, FunctionType, Size, Type } from './types.js';

// Small modules, byte by byte.
type Bytes = readonly number[];

const encoder = new TextEncoder();
const codes: Record<string, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
  exnref: 0x69,
};
export const kindCodes: Record<ExternKind, number> = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };
export const magic: Bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}
export function signed(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let left = BigInt(value); ; ) {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    const done = (left === 0n && low < 0x40) || (left === -1n && low >= 0x40);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}
export function text(value: string): number[] {
  const bytes = encoder.encode(value);
  return [...unsigned(bytes.length), ...bytes];
}
export const vector = (items: readonly Bytes[]): number[] => [...unsigned(items.length), ...items.flat()];
export function section(id: number, items: readonly Bytes[]): number[] {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}
export const typeBytes = (type: Type): number[] =>
  type.startsWith('ref ') ? type.slice(4).split(',').map(Number) : [codes[type] as number];
export const functionType = ({ params, results }: FunctionType): number[] => [
  0x60,
  ...vector(params.map(typeBytes)),
  ...vector(results.map(typeBytes)),
];
export const sizeBytes = ({ min, max, shared }: Size): number[] => [
  (max === undefined ? 0 : 1) | (shared ? 2 : 0),
  ...unsigned(min),
  ...(max === undefined ? [] : unsigned(max)),
];
/** A function without locals. */
export function body(code: Bytes): number[] {
  return [...unsigned(code.length + 2), 0, ...code, 0x0b];
}
export const exported = (name: string, kind: ExternKind, index: number): number[] => [
  ...text(name),
  kindCodes[kind],
  ...unsigned(index),
];
