import type { experimental } from '../../dist/index.js';

type Stats = ReturnType<typeof experimental.stats>;
export function open(stats?: Stats): Partial<Stats>;
export function nothingOpen(): Promise<Partial<Stats>>;
export function freshInstance(): Promise<'works'>;
interface Aftermath {
  left: Partial<Stats>;
  fresh: string;
  after: Partial<Stats>;
}
export function aftermath(): Promise<Aftermath>;
export const clean: Aftermath;
export interface Ending {
  value: unknown;
  error: unknown;
  ms: number;
}
export function ending(action: () => unknown): Promise<Ending>;
export function endingOnceBegun(action: () => unknown): Promise<Ending>;
export interface Told {
  value?: unknown;
  name?: string;
  code?: string;
  kind?: string;
  limit?: string;
  exitCode?: number;
  reason?: string;
  message?: string;
  ms: number;
}
export function told(action: () => unknown, how?: typeof ending): Promise<Told>;
export function report(found: unknown): Promise<void>;
