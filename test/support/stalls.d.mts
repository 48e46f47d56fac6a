export interface Watch {
  end(): Promise<number>;
}
export function watchLoop(): Watch;
export function stallOf<T>(work: () => Promise<T>): Promise<{ value: T | undefined; error: unknown; stall: number }>;
