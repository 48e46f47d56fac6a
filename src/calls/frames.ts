import type { AsyncResource } from 'node:async_hooks';
import type { Interruption } from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { nanoseconds } from '../values/nanoseconds.js';
import { clearTimeout, now, setTimeout } from '../values/node.js';
import { surroundings } from '../values/surroundings.js';
import type { HostFunction } from './host-functions.js';

/**
 * queued -> running -> (parked <-> running) -> done. Parked: JavaScript has a question of the guest's, no guest code of this frame runs.
 * Held: it was queued when the end of another call closed its module, and goes on in that one's successor (successor.ts).
 * A frame of the sync lane is only ever seen from inside one of its callbacks; one of the exclusive lane is always parked: it has no
 * guest code of its own.
 */
export type FrameState = 'queued' | 'held' | 'running' | 'parked' | 'done';
export type Lane = 'sync' | 'async' | 'exclusive';

export interface FrameOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of now(), Infinity for none. */
  readonly deadline: number;
  /** What it was made of, for messages. */
  readonly timeoutMs: number;
  /** How long the guest may run; Infinity for none. */
  readonly cpuTimeMs: number;
  /** The runtime's own deadline, which a nested call does not need: it has that of the call below. */
  readonly byDefault: boolean;
  readonly context: unknown;
  /** undefined: no limit but that of the call below. */
  readonly fuel: bigint | undefined;
}

/** What a frame is for, in messages: 'the instantiation'. Asked only where there is an error. */
export interface Subject {
  readonly what: string;
}

/** What frames know of the module that they enter; what it is beyond that, link-group.ts says. */
interface Entered {
  readonly group: unknown;
  /** The last of its frames that wait: beginWaiting. */
  lastWaiting: unknown;
  /** One more of its frames waits, or one less. */
  waits(by: 1 | -1): void;
}

const once = { once: true };

/** One entry into a link group: a call, an instantiation, or a conversation (Module.exclusive). */
export class Frame<M extends Entered> {
  readonly id: number;
  readonly lane: Lane;
  /** The module that is called, or being instantiated. */
  readonly module: M;
  /** The frame whose host function made this call through its caller. */
  readonly parent: Frame<M> | undefined;
  readonly deadline: number;
  /** What the deadline was made of; Infinity for none. */
  readonly timeoutMs: number;
  /** How long the guest may run; Infinity for none. What is nested in it counts, in native code. */
  readonly cpuTimeMs: number;
  readonly subject: Subject;
  /** CallOptions.context of the outermost call. */
  readonly context: unknown;
  readonly fuel: bigint | undefined;
  readonly signal: AbortSignal | undefined;
  state: FrameState = 'queued';
  /** Since it runs. */
  stack: Stack<M> | undefined;
  /** Of known-frames.ts. */
  nextKnown: Frame<M> | undefined;

  /** What a callback threw: the cause of the Trap to come. */
  parked: { readonly value: unknown } | undefined;
  /** Exceptions that its host functions have thrown into the guest, by number. */
  thrown: Map<number, object> | undefined;
  /** Why the call's own options stopped it. */
  interruption: Interruption | undefined;
  /** What stopped a nested call of it, closing its module. */
  exit: Error | undefined;
  /** Counts the guest's questions: an answer to an old one is dropped. */
  question = 0;
  /** Callbacks of this call run in its asynchronous context (AsyncLocalStorage). */
  resource: AsyncResource | undefined;
  /** An answer that waits until every frame above has ended. */
  heldReply: (() => void) | undefined;
  /** Of the express call that it is (express.ts); 0: Go runs it, or does so now. */
  slot = 0;
  /** It is in a host function of JavaScript that has not answered. */
  inHost = false;
  /** What was written ahead waits for this: a sink that answers later. */
  late: Promise<void> | undefined;
  /** Of a conversation with cpuTimeMs: milliseconds that its calls have left. */
  cpuLeft: (() => number) | undefined;
  /** Of a conversation with fuel: what its calls have left. */
  fuelLeft: (() => bigint) | undefined;
  /** That host function has restored a snapshot: what it answers does not matter. */
  restoring = false;

  /** Of its module's frames that wait, the one before and the one after: whoever closes one of very many modules must not look at all that wait. */
  #waiting = false;
  #before: Frame<M> | undefined;
  #after: Frame<M> | undefined;

  #timer: NodeJS.Timeout | undefined;
  #listens = false;
  #controller: AbortController | undefined;
  #endReason: unknown;

  constructor(
    lane: Lane,
    module: M,
    parent: Frame<M> | undefined,
    options: FrameOptions,
    subject: Subject,
    id = nextId(),
  ) {
    this.id = id;
    this.lane = lane;
    this.module = module;
    this.parent = parent;
    this.subject = subject;
    this.signal = options.signal;
    this.fuel = options.fuel;
    const below = parent && (options.byDefault || parent.deadline <= options.deadline) ? parent : undefined;
    this.deadline = below ? below.deadline : options.deadline;
    this.timeoutMs = below ? below.timeoutMs : options.timeoutMs;
    this.cpuTimeMs = options.cpuTimeMs;
    this.context = parent ? parent.context : options.context;
  }

  /** Nobody waits for its outcome any more, or nobody will. */
  get isStopped(): boolean {
    return this.state === 'done' || this.interruption !== undefined || this.signal?.aborted === true;
  }

  get group(): M['group'] {
    return this.module.group;
  }

  /** It has not begun. */
  get waits(): boolean {
    return this.state === 'queued' || this.state === 'held';
  }
  /** What a frame of the same kind is made with. */
  get options(): FrameOptions {
    const { signal, deadline, timeoutMs, cpuTimeMs, context, fuel } = this;
    return { signal, deadline, timeoutMs, cpuTimeMs, byDefault: false, context, fuel };
  }

  // Of the lanes that wait for something, each in its own way.
  /** Its turn has come. */
  start(): void {}
  /** Nothing in it is of its very module: another one of the same image does as well. */
  get movable(): boolean {
    return false;
  }
  /** One that is held ends, and another is in its place. */
  moveTo(_module: M): void {}
  /** Ends it before it has started. */
  cancel(_error: Error): void {}
  /** Its own options end it. */
  interrupt(_why: Interruption): void {}
  /** Answers a MSG.done. */
  finish(_status: number, _words: BigUint64Array, _bytes: Uint8Array): void {}
  /** Likewise, of an express call that went well: its results are in the area. */
  done(): void {}

  beginWaiting(): void {
    const last = this.module.lastWaiting as Frame<M> | undefined;
    this.#waiting = true;
    this.#before = last;
    if (last) last.#after = this;
    this.module.lastWaiting = this;
    this.module.waits(1);
  }
  endWaiting(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.module.waits(-1);
    if (this.#before) this.#before.#after = this.#after;
    if (this.#after) this.#after.#before = this.#before;
    else this.module.lastWaiting = this.#before;
    this.#before = undefined;
    this.#after = undefined;
  }
  get waitsAfter(): Frame<M> | undefined {
    return this.#before;
  }

  /** Nanoseconds for the native side: 0 for none, at least 1; undefined when the time is up. */
  timeLeft(): number | undefined {
    if (this.deadline === Infinity) return 0;
    const left = this.deadline - now();
    return left > 0 ? nanoseconds(left) : undefined;
  }

  /** The deadline fires here only while no native frame watches it. */
  watchDeadline(): void {
    if (this.deadline === Infinity) return;
    const left = this.deadline - now();
    if (left <= 0) this.interrupt({ reason: 'timeout' });
    else this.#timer = setTimeout(look, Math.min(Math.ceil(left), 0x7fffffff), this);
  }
  unwatchDeadline(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }

  /** Once, from the call to its end. */
  watchSignal(): void {
    if (this.signal === undefined) return;
    this.signal.addEventListener('abort', this, once);
    this.#listens = true;
  }
  /** Of its signal. */
  handleEvent(): void {
    this.interrupt({ reason: 'abort', cause: this.signal?.reason });
  }

  /** `caller.signal`: made on first use. */
  endSignal(): AbortSignal {
    this.#controller ??= new surroundings.AbortController();
    if (this.state === 'done') this.#abort();
    return this.#controller.signal;
  }

  /** The reason is made here and not at each end: making a DOMException costs more than a call. */
  #abort(): void {
    this.#controller?.abort(this.#endReason ?? new surroundings.DOMException('The call has ended', 'AbortError'));
  }

  /** It has left its stack for good. `reason`: the error it ended with, if any. */
  ended(reason: unknown): void {
    this.state = 'done';
    this.endWaiting();
    this.#endReason = reason;
    this.unwatchDeadline();
    if (this.#listens) this.signal?.removeEventListener('abort', this);
    if (this.#controller) this.#abort();
  }

  /** The nearest frame below that native code knows: conversations are ours alone. */
  nativeBelow(): number {
    const frames = this.stack?.frames;
    if (frames === undefined || frames.length === 1) return 0;
    for (let i = frames.indexOf(this) - 1; i >= 0; i--) {
      const below = frames[i] as Frame<M>;
      if (below.lane !== 'exclusive') return below.id;
    }
    return 0;
  }
}

function look(frame: { watchDeadline(): void }): void {
  frame.watchDeadline();
}

/** Those that wait for a successor of it. */
export function heldIn<M extends Entered>(module: M): Frame<M>[] {
  return waitingIn(module).filter(({ state }) => state === 'held');
}
/** Frames of a module that wait, first in first; a copy. */
export function waitingIn<M extends Entered>(module: M): Frame<M>[] {
  const list: Frame<M>[] = [];
  for (let frame = module.lastWaiting as Frame<M> | undefined; frame; frame = frame.waitsAfter) list.push(frame);
  return list.reverse();
}

/** Frames that run on top of each other: only the top one may run guest code. */
export class Stack<M extends Entered> {
  readonly frames: Frame<M>[] = [];
  /** Nested asynchronous calls that wait because the top frame is running. */
  readonly waiting: Frame<M>[] = [];
  /** The signal that stopped a frame of it. */
  abort: { readonly cause: unknown } | undefined;
  /** A frame of it trapped, and that has closed its module: no guest code of the frames below goes on. */
  trapped: M | undefined;

  get top(): Frame<M> | undefined {
    return this.frames.at(-1);
  }
  /** Nothing is in it, and nothing is remembered. */
  get isNew(): boolean {
    const { frames, waiting } = this;
    return frames.length === 0 && waiting.length === 0 && this.abort === undefined && this.trapped === undefined;
  }
  push(frame: Frame<M>): void {
    this.frames.push(frame);
    frame.stack = this;
  }
  remove(frame: Frame<M>): void {
    const { frames } = this;
    if (frames.at(-1) === frame) {
      frames.pop(); // which makes no array
      return;
    }
    const at = frames.lastIndexOf(frame);
    if (at >= 0) frames.splice(at, 1);
  }
}

/** First in, first out; what was cancelled is skipped. */
export class FrameQueue<M extends Entered> {
  /** What was taken out leaves a gap: nothing of it is held any longer. */
  #items: (Frame<M> | undefined)[] = [];
  #head = 0;

  push(frame: Frame<M>): void {
    this.#items.push(frame);
  }
  /** The next one that is still queued. */
  shift(): Frame<M> | undefined {
    const frame = this.#next();
    if (!frame) return undefined;
    if (this.#items.length === 1)
      this.#items.pop(); // the usual one, which makes no array
    else this.#items[this.#head++] = undefined;
    return frame;
  }
  get isEmpty(): boolean {
    return this.#items.length === 0 || this.#next() === undefined;
  }
  #next(): Frame<M> | undefined {
    while (this.#head < this.#items.length) {
      const frame = this.#items[this.#head];
      if (frame?.state === 'queued') {
        if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
          this.#items = this.#items.slice(this.#head);
          this.#head = 0;
        }
        return frame;
      }
      this.#items[this.#head++] = undefined;
    }
    if (this.#head > 0) this.#items = [];
    this.#head = 0;
    return undefined;
  }
  /** A copy of what is queued. */
  list(): Frame<M>[] {
    return this.#items.filter((frame) => frame?.state === 'queued') as Frame<M>[];
  }
  /** Both in order of arrival, which is that of the ids. */
  merge(other: FrameQueue<M>): void {
    if (other.isEmpty) return; // of an instance that is being made: however many wait here, nothing is to be done
    const theirs = other.list();
    const ours = this.isEmpty ? [] : this.list();
    const items: Frame<M>[] = [];
    let at = 0;
    for (const frame of theirs) {
      for (let next = ours[at]; next && next.id < frame.id; next = ours[++at]) items.push(next);
      items.push(frame);
    }
    for (; at < ours.length; at++) items.push(ours[at] as Frame<M>);
    this.#items = items;
    this.#head = 0;
  }
}

/** What a host function is lent: its caller's calls are nested in the frame until it expires. */
export class Lease<M extends Entered> {
  readonly frame: Frame<M>;
  /** The host function that it was lent to; undefined in a conversation. */
  readonly host: HostFunction | undefined;
  #expired = false;
  constructor(frame: Frame<M>, host?: HostFunction) {
    this.frame = frame;
    this.host = host;
  }
  get expired(): boolean {
    return this.#expired || this.frame.state === 'done';
  }
  expire(): void {
    this.#expired = true;
  }
}
