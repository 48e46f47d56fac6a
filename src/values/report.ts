/** An error that no call can be given: the process hears of it as a warning. */
export function report(error: unknown, what: string): void {
  const warning = error instanceof Error ? error : new Error(`${what}: ${String(error)}`, { cause: error });
  process.emitWarning(warning);
}
