import { PRECISE, u32 } from '../values/area.js';
import { ExitError } from '../values/errors.js';
import type { Instance } from './link-group.js';
import type { CallTrace } from './tracing.js';

/** What a call that somebody traces costs, from when its guest may run to its end. Calls of one module do not overlap, so it is what its account has more. */
export class Meter {
  readonly #module: Instance;
  readonly #trace: CallTrace;
  #precise = 0;
  #ranMs = 0;
  #waitedMs = 0;

  constructor(module: Instance, trace: CallTrace) {
    this.#module = module;
    this.#trace = trace;
  }

  /** That of the same call in another module. */
  in(module: Instance): Meter {
    return new Meter(module, this.#trace);
  }

  /** sync: what C++ runs on this thread is measured meanwhile. */
  begin(sync: boolean): void {
    const { ranMs, waitedMs } = this.#module.spent();
    this.#ranMs = ranMs;
    this.#waitedMs = waitedMs;
    this.#precise = u32[PRECISE] as number;
    if (sync) u32[PRECISE] = 1;
  }

  /** Of a synchronous call that went well. */
  over<T>(result: T): T {
    this.end(true);
    return result;
  }

  /** Before anybody hears of the end. */
  end(sync: boolean, error?: unknown): void {
    if (sync) u32[PRECISE] = this.#precise;
    const { ranMs, waitedMs, memoryBytes } = this.#module.spent();
    this.#trace.ranMs = Math.max(0, ranMs - this.#ranMs);
    this.#trace.waitedMs = Math.max(0, waitedMs - this.#waitedMs);
    // Of a module that the end has closed nothing is there any more.
    this.#trace.memoryBytes = (error instanceof ExitError ? error.memoryBytes : undefined) ?? memoryBytes;
  }
}
