import { isPromiseLike, tooLate } from '../io/callbacks.js';
import { type Handle, REPLY } from '../native/binding.js';
import { native } from '../native/native.js';
import {
  CALLER,
  CPU,
  FRAME,
  f64,
  LIMITED,
  putFuel,
  SLOT,
  STATUS,
  TARGET,
  TIMEOUT,
  u32,
  words,
} from '../values/area.js';
import { closedError } from '../values/errors.js';
import { callAfter, callWith, fewOf, getOne, I32, isOne, putFew, putOne } from '../values/few.js';
import { nextId } from '../values/ids.js';
import { now } from '../values/node.js';
import { decodeResults, encodeWhole, hostResults, type Signature } from '../values/values.js';
import { get, list, put } from '../values/words.js';
import { checkNotTrapped, endingOf, leave } from './entry.js';
import { throwInto } from './exceptions.js';
import type { Subject } from './frames.js';
import { callHost } from './host-call.js';
import { type HostFunction, HostFunctions } from './host-functions.js';
import { frames } from './known-frames.js';
import { publicly } from './lent.js';
import { Frame, type Instance, Lease, type LinkGroup, Stack } from './link-group.js';
import { notEntered } from './not-entered.js';
import type { CheckedOptions } from './options.js';
import { checkRoom } from './room.js';
import { traced } from './tracing.js';

// Synchronous calls that C++ runs without Go (native/addon/lanes/direct.h): outermost ones, without a signal. Such a call has no Frame until
// somebody asks for one: a host function that is lent its caller, a call made inside a host function, an error.

/** In STATUS after a call. */
const DONE = 0;
const NOT_ENTERED = 1;
/** Through Go, which has dropped the function's engine: the next calls go through Go, too. (Else it is 2.) */
const GONE = 3;

/** No call goes without Go. */
export const isOff = process.env.WAZERO_NODE_DIRECT === '0';
/** After so many asynchronous calls through Go a function goes to threads of C++: it has shown how long it takes, if no other instance has. */
export const expressAfter = process.env.WAZERO_NODE_DIRECT === '1' ? 0 : 2;

/** The innermost direct call. */
let top: DirectCall | undefined;
let enter: () => string | undefined = () => undefined;

/** Of functions whose runtime is dropped without close: the slot and its call engine are nobody's then. */
const forgotten = new FinalizationRegistry<number>((slot) => native().directClose(slot));

/** The function that is called: FunctionState. */
export interface Callee extends Subject {
  readonly module: Instance;
  readonly handle: Handle;
  readonly signature: Signature;
  direct: DirectCall | undefined;
  words(args: readonly unknown[]): BigUint64Array;
}

/** A function that is called directly, and the one call of it that may be under way. */
export class DirectCall {
  readonly state: Callee;
  readonly #slot: number;
  readonly #few: number;
  /** Its result, where there is one that needs nothing but the bits; else 0. */
  readonly #one: number;
  /** The root of the module's group when it was last asked for: no other as long as it is quiet. */
  #group: LinkGroup;
  #below: DirectCall | undefined;
  #id = 0;
  #options: CheckedOptions;
  #frame: Frame | undefined;
  #target = 0;
  #host: HostFunction | undefined;

  private constructor(state: Callee, slot: number) {
    this.state = state;
    this.#slot = slot;
    this.#few = fewOf(state.signature.params);
    const one = fewOf(state.signature.results);
    this.#one = isOne(one) ? one : 0;
    this.#group = state.module.group;
    this.#options = state.module.runtime.defaultOptions;
    forgotten.register(this, slot, this);
  }

  /** undefined where it cannot be. */
  static open(state: Callee): DirectCall | undefined {
    const binding = native();
    const slot = binding.directOpen(state.handle);
    if (slot === 0) return undefined;
    enter = binding.directCall;
    return new DirectCall(state, slot);
  }
  close(): void {
    forgotten.unregister(this); // the slot will be another's
    native().directClose(this.#slot);
  }

  // What is asked in each call is short: V8 inlines no more than so much of it.
  get #isFree(): boolean {
    const group = this.#group;
    return !this.state.module.closed && ((group.quiet && group.direct === undefined) || this.#becomesFree());
  }
  #becomesFree(): boolean {
    const { group } = this.state.module;
    this.#group = group;
    group.quiet = group.isIdle;
    return group.quiet;
  }

  /** As an outermost one, at once; else notEntered. Also where somebody traces calls, or an argument is wrong: `call` says what. */
  callFew(count: number, a: unknown, b: unknown, c: unknown, d: unknown, options: CheckedOptions): unknown {
    if (!this.#isFree || traced.call.hasSubscribers || !putFew(this.#few, count, a, b, c, d)) return notEntered;
    return this.#enter(options);
  }

  call(args: readonly unknown[], options: CheckedOptions): unknown {
    if (!this.#isFree) return notEntered;
    const { state } = this;
    if (!put(state.signature.params, args, words)) words.all.set(state.words(args)); // which says what is wrong, if something is
    return this.#enter(options);
  }

  #enter(options: CheckedOptions): unknown {
    const group = this.#group;
    this.#below = top;
    this.#id = nextId();
    this.#options = options;
    u32[SLOT] = this.#slot;
    f64[FRAME] = this.#id;
    if (options.limited) this.#limit(options);
    group.direct = this;
    top = this;
    let text: string | undefined;
    try {
      text = enter();
    } catch (error) {
      top = this.#below; // here, as below: where the stack has overflowed a call would, too
      group.direct = undefined;
      this.#over(error); // of the addon: no memory for a string
      throw error;
    }
    top = this.#below;
    group.direct = undefined; // where it was merged meanwhile there is a frame, and its end sees to the root
    const status = u32[STATUS];
    if (status !== DONE || this.#frame !== undefined) return this.#finish(status, text);
    return this.#one === I32 ? words.i32[0] : this.#result();
  }
  #limit({ timeoutNs, cpuNs, fuel }: CheckedOptions): void {
    u32[SLOT] = this.#slot + LIMITED;
    f64[TIMEOUT] = timeoutNs;
    f64[CPU] = cpuNs;
    putFuel(fuel);
  }
  #result(): unknown {
    if (this.#one !== 0) return getOne(this.#one);
    const { results } = this.state.signature;
    return results.length === 0 ? undefined : get(results, words, this.state);
  }

  #finish(status: number | undefined, text: string | undefined): unknown {
    if (status === NOT_ENTERED) {
      if (this.#options.fuel !== undefined) putFuel(undefined); // nobody has taken it
      return notEntered;
    }
    const { state } = this;
    let error: Error | undefined;
    let result: unknown;
    try {
      if (text !== undefined) error = endingOf(this.frame(), () => text);
      if (!error) result = decodeResults(state.signature.results, words.all, state.module.group.references);
    } catch (thrown) {
      error = thrown as Error;
    }
    if (status === GONE) {
      state.direct = undefined;
      this.close();
    }
    if (status !== DONE) state.module.group.refreshBuffers();
    this.#over(error);
    if (error) {
      Error.captureStackTrace(error, DirectCall.prototype.call); // ten frames are kept: the caller's, not ours
      throw error;
    }
    return result;
  }

  /** What it was to the group has ended. */
  #over(error: unknown): void {
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame) leave(frame, error);
  }

  /** As what the rest of the package knows the call that is under way. */
  frame(): Frame {
    if (!this.#frame) {
      checkRoom();
      const { module } = this.state;
      const { timeoutMs, cpuTimeMs, byDefault, context, fuel } = this.#options;
      const deadline = timeoutMs === Infinity ? Infinity : now() + native().directLeft(this.#id);
      const options = { deadline, timeoutMs, cpuTimeMs, byDefault, context, fuel };
      this.#frame = new Frame('sync', module, undefined, options, this.state, this.#id);
      frames.add(this.#frame);
      module.group.push(this.#frame, new Stack());
    }
    return this.#frame;
  }

  /** That of this call, or of one that it is nested in. */
  static frameOf(id: number): Frame | undefined {
    let call = top;
    while (call && call.#id !== id) call = call.#below;
    return call?.frame();
  }

  /** A host function is asked: returns a REPLY. */
  ask(): number {
    try {
      const target = f64[TARGET] as number;
      if (target !== this.#target) {
        this.#host = HostFunctions.find(this.state.module.group.hosts, target);
        this.#target = target;
      }
      const host = this.#host;
      if (!host) throw closedError('the host function is gone');
      let late: PromiseLike<unknown> | undefined | typeof notEntered;
      if (traced.host.hasSubscribers) late = this.#askAsFrame(host);
      else if (host.withCaller) late = this.#askLending(host);
      else late = this.#ask(host);
      if (late === notEntered) return REPLY.none;
      if (this.#frame) checkNotTrapped(this.#frame); // without one nothing was nested in it
      if (late === undefined) return REPLY.ok;
      this.frame().parked = { value: tooLate(late) };
      return REPLY.wouldBlock;
    } catch (error) {
      return this.#threw(error);
    }
  }
  #threw(error: unknown): number {
    try {
      if (throwInto(() => this.frame(), error)) return REPLY.ok;
      this.frame().parked = { value: error };
    } catch (wrong) {
      this.frame().parked = { value: wrong };
    }
    return REPLY.threw;
  }

  #ask(host: HostFunction): PromiseLike<unknown> | undefined {
    const { params, fewParams } = host;
    const fn = host.fn as unknown as (...args: unknown[]) => unknown;
    const result = fewParams >= 0 ? callWith(fewParams, fn) : fn(...list(params, words, this.state));
    return this.#take(host, result);
  }

  /** As callHost, but for what it makes besides: notEntered as in #askAsFrame. */
  #askLending(host: HostFunction): PromiseLike<unknown> | undefined | typeof notEntered {
    const module = this.state.module.group.byHandle.get(f64[CALLER] as number);
    if (!module) return notEntered;
    const frame = this.frame();
    const lease = new Lease(frame, host);
    const { params, fewParams } = host;
    const fn = host.fn as unknown as (...args: unknown[]) => unknown;
    const caller = publicly.caller(module, lease);
    const others = fewParams >= 0 ? undefined : list(params, words, this.state);
    frame.inHost = true;
    frame.restoring = false;
    let result: unknown;
    try {
      result = others === undefined ? callAfter(fewParams, fn, caller) : fn(caller, ...others);
    } finally {
      frame.inHost = false;
      lease.expire();
    }
    return frame.restoring && !isPromiseLike(result) ? undefined : this.#take(host, result);
  }

  /** Writes what a host function has answered; what comes later is returned. */
  #take(host: HostFunction, result: unknown): PromiseLike<unknown> | undefined {
    const { results, fewResults } = host;
    if (isPromiseLike(result)) return result;
    if (isOne(fewResults) && putOne(fewResults, result)) return undefined;
    const answer = hostResults(results, result, `the results of ${host.name}`);
    if (results.length > 1 && put(results, answer, words)) return undefined;
    const position = (i: number) =>
      results.length === 1 ? `the result of ${host.name}` : `result ${i} of ${host.name}`;
    encodeWhole(results, answer, words.all, this.state.module.group.references, position);
    return undefined;
  }

  /** notEntered: Go knows which module asks, and we do not. */
  #askAsFrame(host: HostFunction): PromiseLike<unknown> | undefined | typeof notEntered {
    const module = this.state.module.group.byHandle.get(f64[CALLER] as number);
    if (!module) return notEntered;
    return callHost(this.frame(), module, host, words.all, true) ?? undefined;
  }
}

/** Of a question in the synchronous lane. A direct call gets its frame now. */
export function frameOf(id: number): Frame | undefined {
  return frames.find(id) ?? DirectCall.frameOf(id);
}

/** Hooks.ask */
export function ask(): void {
  u32[STATUS] = top ? top.ask() : REPLY.dead;
}
