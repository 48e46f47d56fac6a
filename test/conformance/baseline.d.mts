import type { Deviation } from './spec-runner.mjs';
export function keyOf(deviation: Pick<Deviation, 'group' | 'file' | 'line' | 'type'>): string;
export function specBaseline(from?: string): {
  totals: { assertions: Record<string, number> };
  known_deviations: Deviation[];
};
export function beyondBaseline(deviations: readonly Deviation[], from?: string): Deviation[];
