import { ExtismError } from './errors.js';

interface Waiter<T> {
  readonly resolve: (seat: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A number of places: who finds none free waits for one, in order. */
export class Seats<T> {
  readonly all: readonly T[];
  readonly free: T[];
  readonly #waiting = new Set<Waiter<T>>();
  #whenIdle: (() => void) | undefined;

  constructor(count: number, make: () => T) {
    this.all = Array.from({ length: count }, make);
    this.free = [...this.all].reverse();
  }

  get taken(): number {
    return this.all.length - this.free.length;
  }

  takeNow(): T | undefined {
    return this.free.pop(); // where one is free nobody waits
  }

  /** Rejects with what the signal was aborted with. */
  take(signal?: AbortSignal): T | Promise<T> {
    if (signal?.aborted) return Promise.reject(abortError(signal));
    return this.takeNow() ?? this.#wait(signal);
  }
  #wait(signal: AbortSignal | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const over = () => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', aborted);
      };
      const waiter: Waiter<T> = {
        resolve: (seat) => {
          over();
          resolve(seat);
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      const aborted = () => waiter.reject(abortError(signal as AbortSignal));
      signal?.addEventListener('abort', aborted);
      this.#waiting.add(waiter);
    });
  }

  give(seat: T): void {
    const [next] = this.#waiting;
    if (next) {
      next.resolve(seat);
      return;
    }
    this.free.push(seat);
    if (this.taken === 0) this.#whenIdle?.();
  }

  /** Whoever waits is told; none waits any more. */
  close(error: () => Error): void {
    for (const waiter of [...this.#waiting]) waiter.reject(error());
  }
  /** Resolves when no seat is taken. */
  idle(): Promise<void> {
    if (this.taken === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }
}

function abortError(signal: AbortSignal): ExtismError {
  const error = new ExtismError('ERR_EXTISM_ABORTED', 'the call was aborted before it began', {
    cause: signal.reason,
  });
  error.name = 'AbortError';
  return error;
}
