type Guest = Uint8Array<ArrayBuffer>;
export const bulkMiB: number;
export const endless: Record<'loop' | 'recursion' | 'call tree' | 'tail calls' | 'indirect tail calls', Guest>;
export const variants: Record<string, Guest>;
export const leaving: Record<string, Guest>;
export const bulky: Record<string, Guest>;
