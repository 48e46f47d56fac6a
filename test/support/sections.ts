import { leb } from './encode.mjs';

function readLeb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, at];
  }
}

/** The module with one of its exported functions exported under another name, too. */
export function withAlias(module: Uint8Array, name: string, alias: string): Uint8Array {
  for (let at = 8; at < module.length; ) {
    const [size, begin] = readLeb(module, at + 1);
    if (module[at] === 7) {
      const [count, entries] = readLeb(module, begin);
      for (let entry = entries; entry < begin + size; ) {
        const [length, text] = readLeb(module, entry);
        const [index, next] = readLeb(module, text + length + 1);
        if (Buffer.from(module.subarray(text, text + length)).toString() === name) {
          const added = [...leb(alias.length), ...Buffer.from(alias), 0, ...leb(index)];
          const section = [...leb(count + 1), ...module.subarray(entries, begin + size), ...added];
          return Uint8Array.from([
            ...module.subarray(0, at),
            7,
            ...leb(section.length),
            ...section,
            ...module.subarray(begin + size),
          ]);
        }
        entry = next;
      }
    }
    at = begin + size;
  }
  throw new Error(`Expected an export ${name} but found none`);
}
