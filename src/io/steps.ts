import { isPromiseLike } from './callbacks.js';

/** Work that may have to wait: written once, for file systems that answer at once and for those that answer later. */
export type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** `yield* wait(x)` is `await x` that does not give up the thread where x is no Promise. */
export function* wait<T>(value: T | PromiseLike<T>): Steps<T> {
  return isPromiseLike(value) ? ((yield value) as T) : value;
}

/** The result, or a Promise of it where a step waited. */
export function run<T>(steps: Steps<T>): T | Promise<T> {
  const first = steps.next();
  return first.done ? first.value : follow(steps, first.value);
}

async function follow<T>(steps: Steps<T>, waiting: PromiseLike<unknown>): Promise<T> {
  for (;;) {
    let settled: () => IteratorResult<PromiseLike<unknown>, T>;
    try {
      const value = await waiting;
      settled = () => steps.next(value);
    } catch (error) {
      settled = () => steps.throw(error);
    }
    const next = settled();
    if (next.done) return next.value;
    waiting = next.value;
  }
}
