import { text, typeCodes, unsigned, vector } from '../values/encoding.js';
import type { ExternKind, FunctionType, Size, Type } from './types.js';

// Small modules, byte by byte.
type Bytes = readonly number[];

export const kindCodes: Record<ExternKind, number> = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };
export const magic: Bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

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
export function section(id: number, items: readonly Bytes[]): number[] {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}
export const typeBytes = (type: Type): number[] =>
  type.startsWith('ref ') ? type.slice(4).split(',').map(Number) : [typeCodes[type as keyof typeof typeCodes]];
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
