import { invalidArgument } from './errors.js';

/** Makes instances of a class whose constructor is not for everybody: the constructor takes what it is made of from here. */
export class Birth<T> {
  #of: T | undefined;

  give<C>(of: T, construct: () => C): C {
    this.#of = of;
    try {
      return construct();
    } finally {
      this.#of = undefined;
    }
  }

  take(className: string): T {
    const of = this.#of;
    if (of === undefined) throw invalidArgument(`${className} has no public constructor`);
    this.#of = undefined;
    return of;
  }
}
