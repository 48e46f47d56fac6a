export function wat(text: string): Uint8Array<ArrayBuffer>;
