export function runHostile(options: { engine?: string; from?: string; only?: string }): Promise<{
  total: number;
  met: number;
  failures: Record<string, string>;
  beats: number;
  longestBeatMs: number;
  longestTimerMs: number;
  longestHeldMs: number;
  collections: number;
  longestCollectionMs: number;
}>;
