import { text, unsigned, vector } from '../values/encoding.js';
import { type Binary, sectionOrder } from './binary.js';
import { Reader } from './reader.js';
import { body, exported, functionType, magic, section, signed } from './writer.js';

/** Names of the exports that are added. No compiler makes such. */
export const referenceOf = '\0node-wazero/reference';
export const nothing = '\0node-wazero/nothing';
/** An imported function, which JavaScript may get hold of through a table. */
export const importedAs = (index: number): string => `\0node-wazero/import/${index}`;

/** (global externref) */
const anyString = [3, 0x6f, 0];

/** What one section gets in addition. */
function appended({ bytes, sections }: Binary, id: number, items: readonly (readonly number[])[]): Uint8Array[] {
  const old = sections.find((one) => one.id === id);
  if (old === undefined) return [Uint8Array.from(section(id, items))];
  const reader = new Reader(bytes, old.from, old.end);
  const count = unsigned(reader.u32() + items.length);
  const rest = bytes.subarray(reader.at, old.end);
  const added = items.flat();
  const size = count.length + rest.length + added.length;
  return [Uint8Array.from([id, ...unsigned(size), ...count]), rest, Uint8Array.from(added)];
}

/**
 * The module with imports that are named by their position, so that each can have an owner of its own, and two exports more: a function
 * that gives the reference of an exported or imported function, and one that does nothing, by which link groups are joined. Code is copied
 * as it is: no index changes. What is wrong with it stays wrong, and is the compiler's to say.
 *
 * @param given imports that nobody is asked for
 * @param strict without custom sections, which V8 does not read either
 */
export function rewritten(binary: Binary, given: ReadonlyMap<number, unknown>, strict: boolean): Uint8Array {
  const { bytes, imports, exports, types, functions } = binary;
  const named = new Set<number>();
  for (const { kind, index } of [...exports, ...imports]) if (kind === 'function') named.add(index);
  const chain: number[] = [];
  // if (local 0 == index) return ref.func index
  for (const index of named)
    chain.push(0x20, 0, 0x41, ...signed(index), 0x46, 0x04, 0x40, 0xd2, ...unsigned(index), 0x0f, 0x0b);
  const parts = new Map<number, Uint8Array[]>();
  const newTypes = [functionType({ params: ['i32'], results: ['funcref'] }), functionType({ params: [], results: [] })];
  parts.set(1, appended(binary, 1, newTypes));
  if (imports.length > 0) {
    const items = imports.map(({ kind, from, end }, i) => {
      // A string constant may be asked for as one that is never null, which a host's global cannot promise.
      const described = kind === 'global' && given.has(i) ? anyString : bytes.subarray(from, end);
      return [...text(`${i}`), ...text(`${i}`), ...described];
    });
    parts.set(2, [Uint8Array.from(section(2, items))]);
  }
  parts.set(3, appended(binary, 3, [unsigned(types.length), unsigned(types.length + 1)]));
  const names = [
    exported(referenceOf, 'function', functions.length),
    exported(nothing, 'function', functions.length + 1),
  ];
  for (const { kind, index } of imports)
    if (kind === 'function') names.push(exported(importedAs(index), 'function', index));
  parts.set(7, appended(binary, 7, names));
  // ref.func takes what is declared.
  if (named.size > 0) parts.set(9, appended(binary, 9, [[3, 0, ...vector([...named].map(unsigned))]]));
  parts.set(10, appended(binary, 10, [body([...chain, 0xd0, 0x70]), body([])]));

  const out: Uint8Array[] = [Uint8Array.from(magic)];
  for (const id of sectionOrder) {
    const part = parts.get(id);
    if (part !== undefined) out.push(...part);
    else for (const one of binary.sections) if (one.id === id) out.push(bytes.subarray(one.start, one.end));
  }
  if (!strict) for (const { section: one } of binary.custom) out.push(bytes.subarray(one.start, one.end));
  const all = new Uint8Array(out.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of out) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
