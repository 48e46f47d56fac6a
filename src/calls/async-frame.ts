import { LANE, STOP } from '../native/binding.js';
import { addActive, native, removeActive } from '../native/native.js';
import { CPU, f64, putFuel } from '../values/area.js';
import { abortedError, type Interruption } from '../values/errors.js';
import { Buffer } from '../values/node.js';
import { AsyncResource } from '../values/surroundings.js';
import { cpuLeft, endingOf, fuelLeft, leave } from './entry.js';
import { frames } from './known-frames.js';
import { Frame } from './link-group.js';
import { nextTurn } from './turns.js';

/** Of an outcome that was posted. An error that says nothing is no JSON: it was lost on its way. */
function textOf(status: number, bytes: Uint8Array): string | undefined {
  if (bytes.byteLength > 0) return Buffer.from(bytes).toString();
  return status === 0 ? undefined : '';
}

// What the executor of a Promise is given, without a closure for each. Not kept: a Promise holds what it was settled with, and an error its callers.
type Settle = (value: unknown) => void;
let resolveOf: Settle | undefined;
let rejectOf: Settle | undefined;
const executor = (resolve: Settle, reject: Settle) => {
  resolveOf = resolve;
  rejectOf = reject;
};

/** One entry into a guest off the JS thread, a call or an instantiation, from when it is asked for until its Promise has settled. */
export abstract class AsyncFrame<T> extends Frame {
  #resolve: Settle | undefined;
  #reject: Settle | undefined;

  /** Enters native code: answers the error's JSON where it failed at once. */
  protected abstract begin(lane: number, below: number, timeoutNs: number): string | undefined;
  /** What the Promise resolves with. */
  protected abstract outcome(words: BigUint64Array): T;

  /** Queues the frame or starts it, and resolves with its outcome. Once. */
  run(): Promise<T> {
    const { module, parent, subject, signal } = this;
    if (signal?.aborted) throw abortedError(subject.what, { reason: 'abort', cause: signal.reason });
    const { group } = module;
    if (!parent && !group.isFree) module.checkQueue();
    this.resource = new AsyncResource('WAZERO_CALL');
    const settled = new Promise<unknown>(executor);
    this.#resolve = resolveOf;
    this.#reject = rejectOf;
    resolveOf = undefined;
    rejectOf = undefined;
    this.#enter();
    return settled as Promise<T>;
  }
  #enter(): void {
    this.module.queued++;
    this.watchSignal();
    this.group.enter(this);
    if (this.state === 'queued' && this.deadline !== Infinity) nextTurn(this);
  }
  /** It has not begun, and never will: the other one does, and settles its Promise. */
  protected handOver(to: AsyncFrame<T>): void {
    this.module.queued--;
    this.ended(undefined);
    to.resource = this.resource;
    to.#resolve = this.#resolve;
    to.#reject = this.#reject;
    to.#enter();
  }
  /** Most calls that wait have begun by then, and need no timer. */
  turn(): void {
    if (this.waits) this.watchDeadline();
  }

  override start(): void {
    this.module.queued--;
    this.unwatchDeadline();
    const timeoutNs = this.timeLeft();
    if (timeoutNs === undefined) {
      leave(this, undefined);
      this.#reject?.(abortedError(this.subject.what, { reason: 'timeout' }, this.timeoutMs));
      return;
    }
    frames.add(this);
    addActive();
    this.group.detachBuffers();
    try {
      const fuel = fuelLeft(this);
      if (fuel !== undefined) putFuel(fuel);
      f64[CPU] = cpuLeft(this);
      const json = this.begin(LANE.async, this.nativeBelow(), timeoutNs);
      const error = json === undefined ? undefined : endingOf(this, () => json);
      if (error) throw error;
    } catch (error) {
      putFuel(undefined); // nobody may have taken it
      removeActive();
      leave(this, error);
      this.#reject?.(error);
    }
  }

  override finish(status: number, words: BigUint64Array, bytes: Uint8Array): void {
    let error = status === 0 && bytes.byteLength === 0 ? undefined : endingOf(this, () => textOf(status, bytes));
    let outcome: T | undefined;
    if (error === undefined) {
      try {
        outcome = this.outcome(words);
      } catch (thrown) {
        error = thrown as Error;
      }
    }
    this.settle(error, outcome);
  }

  protected settle(error: unknown, outcome: T | undefined): void {
    removeActive();
    // First the Promise, then whoever waits: the reactions come before the next frame in any case, but `gone` must be true in them.
    leave(this, error);
    if (error === undefined) this.#resolve?.(outcome);
    else this.#reject?.(error);
  }

  override cancel(error: Error): void {
    if (!this.waits) return;
    this.module.queued--;
    this.ended(error);
    this.#reject?.(error);
  }

  override interrupt(why: Interruption): void {
    if (this.waits) {
      this.cancel(abortedError(this.subject.what, why, this.timeoutMs));
    } else if (why.reason === 'abort' && this.state !== 'done') {
      this.interruption = why;
      native().frameStop(this.id, STOP.abort, 0);
    }
  }
}
