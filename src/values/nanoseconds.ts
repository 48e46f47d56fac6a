/** For native code: 0 for Infinity, else at least 1. 2^53 ns are 104 days, the most that crosses exactly: nobody waits so long for a guest. */
export function nanoseconds(ms: number): number {
  return ms === Infinity ? 0 : Math.min(Math.ceil(ms * 1e6), Number.MAX_SAFE_INTEGER);
}
