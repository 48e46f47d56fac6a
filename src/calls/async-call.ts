import { native } from '../native/native.js';
import { words as areaWords } from '../values/area.js';
import { decodeResults } from '../values/values.js';
import { get, put } from '../values/words.js';
import { AsyncFrame } from './async-frame.js';
import type { FrameOptions } from './frames.js';
import type { FunctionState } from './function-state.js';
import type { Frame, Instance } from './link-group.js';
import type { Meter } from './meter.js';

/** `call` of an exported function: resolves with its results. */
export class AsyncCall extends AsyncFrame<unknown> {
  protected readonly fn: FunctionState;
  /** Those that are nothing but numbers stay as they are until the call begins; others are words from the beginning. */
  readonly #args: readonly unknown[];
  readonly #words: BigUint64Array | undefined;
  /** Where somebody traces it. */
  readonly #meter: Meter | undefined;

  constructor(
    fn: FunctionState,
    parent: Frame | undefined,
    options: FrameOptions,
    args: readonly unknown[],
    words: BigUint64Array | undefined,
    meter: Meter | undefined,
  ) {
    super('async', fn.module, parent, options, fn);
    this.#meter = meter;
    this.fn = fn;
    this.#args = args;
    this.#words = words;
  }

  /** Exported functions without references. Whoever has the module's memory may have put something there for this call. */
  override get movable(): boolean {
    const { fn, module } = this;
    return !module.handedOut && !fn.signature.hasReferences && module.function(fn.name) === fn;
  }
  override moveTo(module: Instance): void {
    this.handOver(this.again(module.function(this.fn.name) as FunctionState));
  }
  protected again(fn: FunctionState): AsyncCall {
    return new AsyncCall(fn, ...this.parts(fn.module));
  }
  protected parts(module: Instance) {
    return [undefined, this.options, this.#args, this.#words, this.#meter?.in(module)] as const;
  }

  override start(): void {
    this.#meter?.begin(false);
    super.start();
  }
  protected override settle(error: unknown, outcome: unknown): void {
    this.#meter?.end(false, error);
    super.settle(error, outcome);
  }

  protected begin(lane: number, below: number, timeoutNs: number): string | undefined {
    const { fn } = this;
    if (below === 0) {
      const express = fn.express ?? fn.countAsync();
      if (express !== undefined) {
        if (this.#words) areaWords.all.set(this.#words);
        else put(fn.signature.params, this.#args, areaWords);
        if (express.begin(this, timeoutNs)) return undefined;
      }
    }
    const words = this.#words ?? fn.words(this.#args);
    return native().call(this.id, lane, below, timeoutNs, fn.handle, words);
  }

  protected outcome(words: BigUint64Array): unknown {
    const { signature, module } = this.fn;
    return decodeResults(signature.results, words, module.group.references);
  }

  /** Its results are in the area. */
  override done(): void {
    const { results } = this.fn.signature;
    let outcome: unknown;
    let error: unknown;
    try {
      if (results.length > 0) outcome = get(results, areaWords, this.fn);
    } catch (thrown) {
      error = thrown;
    }
    this.settle(error, outcome);
  }
}

/** `callWithStack`: resolves with the words. */
export class AsyncStackCall extends AsyncCall {
  protected override again(fn: FunctionState): AsyncStackCall {
    return new AsyncStackCall(fn, ...this.parts(fn.module));
  }
  protected override outcome(words: BigUint64Array): unknown {
    return words;
  }
  override done(): void {
    this.settle(undefined, areaWords.all.slice(0, this.fn.signature.words));
  }
}
