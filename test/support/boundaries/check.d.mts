import type { RuntimeConfig } from '../package.js';
import type { BoundaryFunction } from './functions.mjs';

export function checkBoundaries(
  config: RuntimeConfig,
  lane?: 'call' | 'callSync',
  chosen?: readonly BoundaryFunction[],
): Promise<{ calls: number; differences: string[] }>;
