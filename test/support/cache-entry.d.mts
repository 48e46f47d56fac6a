export const headerBytes: number;
export function dataBytes(entry: Buffer): number;
export function seal(entry: Buffer, data: number): void;
