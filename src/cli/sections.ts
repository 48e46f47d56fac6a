/** The sections of a binary, read only so far that they can be listed: what they hold is for the runtime to judge. */
export interface Section {
  /** As in the specification; that of a custom section is its own. */
  readonly name: string;
  readonly custom: boolean;
  readonly byteLength: number;
}

const names = [
  'custom',
  'type',
  'import',
  'function',
  'table',
  'memory',
  'global',
  'export',
  'start',
  'element',
  'code',
  'data',
  'data count',
  'tag',
];

/** Ends where the bytes stop making sense. */
export function sectionsOf(binary: Uint8Array): Section[] {
  const sections: Section[] = [];
  let at = 8; // magic and version
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = binary[at++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < binary.length) {
    const id = binary[at++]!;
    const byteLength = u32();
    const end = at + byteLength;
    if (!(end <= binary.length)) break;
    let name = names[id] ?? `unknown (${id})`;
    if (id === 0) {
      const length = u32();
      if (!(at + length <= end)) break;
      name = new TextDecoder().decode(binary.subarray(at, at + length));
    }
    sections.push({ name, custom: id === 0, byteLength });
    at = end;
  }
  return sections;
}
