export interface Held {
  stall: number;
  work: number;
}
export function watchLoop(): { end(): Promise<Held> };
export function stallOf<T>(work: () => Promise<T>): Promise<{ value: T | undefined; error: unknown } & Held>;
