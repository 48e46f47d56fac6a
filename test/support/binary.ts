import { leb } from './encode.mjs';

/** WebAssembly written byte by byte, for what no tool here can write: references to exceptions, typed references to functions. */
export const i32 = 0x7f;
export const i64 = 0x7e;
export const exnref = 0x69;
export const funcref = 0x70;
export const sections = {
  types: 1,
  imports: 2,
  functions: 3,
  tables: 4,
  globals: 6,
  exports: 7,
  elements: 9,
  code: 10,
  tags: 13,
} as const;

const sized = (content: readonly number[]) => [...leb(content.length), ...content];

export const name = (text: string) => sized([...Buffer.from(text)]);
export const type = (params: readonly number[], results: readonly number[]) => [
  0x60,
  ...sized(params),
  ...sized(results),
];
export const body = (...code: number[]) => sized([0, ...code, 0x0b]);
export const exported = (text: string, kind: 'function' | 'table' | 'global' | 'tag', index: number) => [
  ...name(text),
  { function: 0, table: 1, global: 3, tag: 4 }[kind],
  index,
];

/** A module of these sections, each a vector of these items. */
export const binary = (...parts: [section: keyof typeof sections, ...items: number[][]][]) =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...parts.flatMap(([section, ...items]) => [sections[section], ...sized([...leb(items.length), ...items.flat()])]),
  ]);
