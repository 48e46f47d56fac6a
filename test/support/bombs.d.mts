type Name = 'branches' | 'loops' | 'blocks' | 'ifs' | 'straight' | 'nested' | 'live' | 'liveOverCalls' | 'parameters';
export const bombs: Record<Name, (size: number) => Uint8Array<ArrayBuffer>>;
