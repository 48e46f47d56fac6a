export function vectors(kind: 'spec' | 'wasi' | 'hostile', from?: string): string;
export function listByGroup(folder: string, suffix: string): [group: string, name: string][];
