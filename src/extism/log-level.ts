import { manifestError } from './errors.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** In the order of what the kernel calls them: 0 to 4. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
const silent = 0x7fff_ffff;

/** What the kernel knows it as. */
export function levelNumber(level: LogLevel): number {
  if (level === 'silent') return silent;
  const number = (logLevels as readonly unknown[]).indexOf(level);
  if (number < 0)
    throw manifestError(
      `unrecognized log level "${String(level)}"; expected one of "trace", "debug", "info", "warn", "error", "silent"`,
    );
  return number;
}
export const levelName = (number: number): LogLevel => logLevels[number] ?? 'silent';
