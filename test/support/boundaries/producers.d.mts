import type { RuntimeConfig } from '../package.js';

export function checkProducers(config: RuntimeConfig): Promise<{ calls: number; differences: string[] }>;
