import type { Callback, Callbacks } from '../io/callbacks.js';
import type { Handle } from '../native/binding.js';
import { native } from '../native/native.js';
import { netUnder } from '../native/owned.js';
import { busyError, closedError, type ErrorRecord } from '../values/errors.js';
import { joined } from '../values/lists.js';
import { RareMap, RareSet } from '../values/rare-map.js';
import { type ReferenceOwner, ReferenceTable, type Referred } from '../values/references.js';
import * as bare from './frames.js';
import type { HostFunctions } from './host-functions.js';
import type { CheckedOptions } from './options.js';
import { referredIn } from './referred.js';
import { nextTurn } from './turns.js';

/** What closed a module without close(): the error that `what` ended with. */
export type ClosedBy = { readonly what: string } & Pick<ErrorRecord, 'code' | 'reason' | 'kind' | 'exitCode'>;

/** What this room knows of an instance: ModuleState (instances/) is one. */
export interface Instance {
  readonly name: string;
  readonly group: LinkGroup;
  readonly runtime: {
    readonly closeOnContextDone: boolean;
    readonly closeOnTrap: boolean;
    readonly defaultOptions: CheckedOptions;
  };
  /** 0 until native code has said it. */
  handle: Handle;
  /** Instantiated. */
  readonly ready: boolean;
  /** No guest code of it starts any more. */
  readonly closed: boolean;
  /** Its streams, clocks and so on, by id. */
  readonly callbacks: Callbacks['byId'];
  /** Calls that wait in the queue. */
  queued: number;
  /** Its memory or a global was handed out for longer than a conversation: calls may have addresses in them. */
  readonly handedOut: boolean;
  /** A function that it exports (FunctionState). */
  function(name: string): object | undefined;
  /** Throws where no more may. */
  checkQueue(): void;
  waits(by: 1 | -1): void;
  /** What its guest has run and waited, and its memory. */
  spent(): { readonly ranMs: number; readonly waitedMs: number; readonly memoryBytes: number; readonly fuel: bigint };
  /** In the order in which they were made. */
  readonly id: number;
  /** The frame of it that came last of those that wait, which lead to the others. */
  lastWaiting: Frame | undefined;
  checkOpen(): void;
  markClosed(exitCode: number, why?: ClosedBy): void;
  /** Only from LinkGroup.settle, at rest. */
  closeNow(): void;
}
/** A memory with an ArrayBuffer: MemoryState. */
interface ShownMemory {
  hide(): void;
  refresh(): void;
}
/** Listener, as a group knows it. */
export interface GroupListener {
  readonly callbacks: Callbacks;
  hear(frame: Frame, module: Instance, words: BigUint64Array, bytes: Uint8Array): void;
}

// Frames as the rest of the package has them.
export type Frame = bare.Frame<Instance>;
export const Frame = bare.Frame<Instance>;
export type Stack = bare.Stack<Instance>;
export const Stack = bare.Stack<Instance>;
export type Lease = bare.Lease<Instance>;
export const Lease = bare.Lease<Instance>;

// A group that nobody reaches any more, with closed modules whose memory the others of it might have used.
const forgotten = netUnder<Handle[]>((closed) => {
  for (const handle of closed) native().moduleRelease(handle);
});

/**
 * Instances joined by imports of functions, memories, tables, globals or tags: the unit of running, queueing and closing. JavaScript owns
 * the rule "one runner per group"; native code runs what it is told.
 *
 * A group that was merged into another answers through `find`. Two groups can be running when an instantiation joins them: both go on,
 * each on a stack of its own, and what is new, the instantiation first, starts when neither runs any more.
 */
export class LinkGroup implements ReferenceOwner {
  /** Being instantiated, open, or about to be closed. */
  readonly modules = new RareSet<Instance>();
  readonly byHandle = new RareMap<Handle, Instance>();
  /** Closed ones, whose memory others of the group may still use: released with the last of it. Always this array: the net has it, too. */
  readonly #closed: Handle[] = [];
  /** Closed, and `settle` has not come to them. */
  #unsettled: Instance[] = [];
  /** Of all host modules that a module of the group imports from, by number; they outlive their host module's close. */
  readonly hosts = new RareMap<number, HostFunctions>();
  /** Of all modules of the group that were compiled with one, by target. */
  readonly listeners = new RareMap<number, GroupListener>();
  readonly references = new ReferenceTable(this);
  /** Memories that somebody may hold an ArrayBuffer of, and those that JavaScript reads and writes without asking. */
  readonly buffers = new RareSet<ShownMemory>();
  /** The call that C++ runs without Go. It has a frame only once somebody asks for one. */
  direct: { frame(): Frame } | undefined;
  /** A root that was idle, and into which nothing has come since but direct calls, which ask for this one word. */
  quiet = false;
  /** Nobody calls it any more once those that wait have ended: what is done then. */
  whenIdle: (() => void) | undefined;
  readonly #stacks = new RareSet<Stack>();
  /** An empty one, for the next frame. */
  #spare: Stack | undefined;
  readonly #queue = new bare.FrameQueue<Instance>();
  /** The reactions to the last call's Promise have not run yet. */
  #cooling = false;
  #merged: LinkGroup | undefined;
  // Of ReferenceOwner.
  sweepSoon(): void {
    nextTurn({ turn: () => this.find().sweep() });
  }
  referred(bits: bigint): Referred {
    return referredIn(this.find(), bits);
  }

  find(): LinkGroup {
    let group: LinkGroup = this;
    while (group.#merged) group = group.#merged;
    return group;
  }

  /** Both are one from now on; both are roots. The smaller becomes part of the larger, which may be joined with one after another. */
  merge(other: LinkGroup): void {
    if (other === this) return;
    if (other.modules.size > this.modules.size) {
      other.merge(this);
      return;
    }
    for (const group of [this, other]) {
      group.#showDirect();
      group.direct = undefined; // its frame stands for it
      group.quiet = false;
    }
    for (const module of other.modules) this.modules.add(module);
    for (const [handle, module] of other.byHandle) this.byHandle.set(handle, module);
    this.addClosed(other.#closed.splice(0));
    forgotten.unregister(other);
    for (const [number, functions] of other.hosts) this.hosts.set(number, functions);
    for (const [target, listener] of other.listeners) this.listeners.set(target, listener);
    if (this.isRunning !== other.isRunning) (this.isRunning ? other : this).detachBuffers(); // busy from now on
    for (const memory of other.buffers) this.buffers.add(memory);
    for (const stack of other.#stacks) this.#stacks.add(stack);
    this.references.merge(other.references);
    this.#queue.merge(other.#queue);
    this.#cooling ||= other.#cooling;
    this.#unsettled = joined(this.#unsettled, other.#unsettled);
    other.#unsettled = [];
    other.#merged = this;
  }

  /** At rest only tables, globals and segments hold externrefs: values whose ids are in none of them are let go. */
  sweep(): void {
    if (!this.references.isFull || !this.isIdle) return;
    const held = new Set<bigint>();
    for (const { closed, handle } of this.modules) {
      if (closed || handle === 0) continue;
      const bytes = native().moduleReferences(handle);
      if (bytes === undefined) {
        this.references.swept(undefined);
        return;
      }
      const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
      for (const word of words) held.add(word);
    }
    this.references.swept(held);
  }

  /** The sink of a log. */
  listenerCallback(target: number): Callback | undefined {
    for (const { callbacks } of this.listeners.values()) {
      const callback = callbacks.byId.get(target);
      if (callback) return callback;
    }
    return undefined;
  }

  /** No frame is in it; calls may wait. */
  get atRest(): boolean {
    return this.#stacks.size === 0 && this.direct === undefined;
  }
  /** At rest, and no call waits. */
  get isIdle(): boolean {
    return this.atRest && this.#queue.isEmpty;
  }
  /** Guest code of a call() runs on another thread. */
  get isRunning(): boolean {
    if (this.#stacks.size === 0) return false;
    for (const stack of this.#stacks) if (stack.top?.state === 'running' && stack.top.lane === 'async') return true;
    return false;
  }
  #showDirect(): void {
    this.direct?.frame();
  }
  *runningFrames(): Iterable<Frame> {
    this.#showDirect();
    for (const stack of this.#stacks) yield* stack.frames;
  }

  /**
   * The stack that a synchronous call goes on: its caller's; or, directly inside a callback of a synchronous call, that one's; or a new
   * one. Throws ERR_WAZERO_BUSY where another call runs.
   */
  syncStack(parent: Frame | undefined): Stack {
    if (parent?.stack) {
      if (parent.stack.top?.state === 'running' && parent.stack.top.lane === 'async') throw busy();
      return parent.stack;
    }
    if (this.isIdle) return new Stack();
    this.#showDirect();
    if (this.atRest) throw busy(); // it would overtake the calls that wait
    // A sync frame on top: it is on this very thread, so what runs now is one of its callbacks. The newest, where two groups were joined.
    let inside: Stack | undefined;
    for (const stack of this.#stacks) {
      const { top } = stack;
      if (top?.lane === 'sync' && top.id > (inside?.top?.id ?? 0)) inside = stack;
    }
    if (!inside) throw busy();
    return inside;
  }

  /** Enters, as the runner of that stack. */
  push(frame: Frame, stack: Stack): void {
    this.quiet = false;
    stack.push(frame);
    this.#stacks.add(stack);
    frame.state = frame.lane === 'exclusive' ? 'parked' : 'running';
  }

  /** Whether `enter` would start an outermost frame at once. */
  get isFree(): boolean {
    return this.isIdle && !this.#cooling;
  }

  /** Starts an asynchronous frame at once, where it may, else queues it. */
  enter(frame: Frame): void {
    const stack = frame.parent?.stack;
    if (stack) {
      if (stack.top?.state === 'parked') this.#start(frame, stack);
      else {
        stack.waiting.push(frame);
        frame.beginWaiting();
      }
      return;
    }
    if (this.isFree) {
      this.#start(frame, this.#newStack());
    } else {
      this.#showDirect(); // its end lets this one start
      if (this.atRest) this.detachBuffers(); // it starts as soon as this turn is over
      this.quiet = false;
      this.#queue.push(frame);
      frame.beginWaiting();
    }
  }

  #newStack(): Stack {
    const stack = this.#spare ?? new Stack();
    this.#spare = undefined;
    return stack;
  }
  #start(frame: Frame, stack: Stack): void {
    frame.endWaiting();
    this.push(frame, stack);
    frame.start();
  }

  /** A host function of the top frame waits for its Promise: calls made through it may go. */
  parked(frame: Frame): void {
    if (frame.stack) this.#advance(frame.stack);
  }

  /** `reply` goes on with the frame, once every frame above it and every call that waits to be one has ended. */
  answered(frame: Frame, reply: () => void): void {
    frame.heldReply = reply;
    if (frame.stack) this.#advance(frame.stack);
  }

  /** The frame has ended: whoever is below goes on, or the next one in the queue once the reactions have run. */
  pop(frame: Frame): void {
    const { stack } = frame;
    if (!stack) return;
    stack.remove(frame);
    frame.stack = undefined;
    if (stack.waiting.length > 0)
      for (const orphan of stack.waiting.filter((nested) => nested.parent === frame)) orphan.cancel(expiredError());
    if (stack.frames.length > 0) {
      this.#advance(stack);
      return;
    }
    this.#stacks.delete(stack);
    if (stack.isNew) this.#spare = stack;
    if (!this.atRest) return;
    this.settle();
    // Of a module that was just instantiated nobody holds anything yet, and after a callSync there is no Promise.
    const isLast = this.#queue.isEmpty && (frame.lane === 'sync' || !frame.module.ready);
    if (isLast && this.whenIdle === undefined) return;
    this.#cool();
  }

  #advance(stack: Stack): void {
    const top = stack.top;
    if (top?.state !== 'parked') return;
    for (let next = stack.waiting.shift(); next; next = stack.waiting.shift()) {
      if (next.state !== 'queued') continue;
      this.#start(next, stack);
      return; // its end comes back here
    }
    const reply = top.heldReply;
    top.heldReply = undefined;
    reply?.();
  }

  #cool(): void {
    if (this.#cooling) return;
    this.#cooling = true;
    // A turn of its own: microtasks, the reactions to the Promise that was just settled, have run by then.
    nextTurn(this);
  }
  /** Of nextTurn. */
  turn(): void {
    this.find().#pump();
  }

  #pump(): void {
    this.#cooling = false;
    while (this.atRest) {
      const next = this.#queue.shift();
      if (!next) {
        this.sweep(); // if it is due: it was not while calls ran
        this.whenIdle?.();
        return;
      }
      this.#start(next, this.#newStack());
    }
  }

  /** `module` is closed: calls that wait for it end, none of them has run, or are held for its successor; the rest is done in `settle`. */
  noteClosed(module: Instance, error: () => Error, hasSuccessor: boolean): void {
    this.#unsettled.push(module);
    for (const frame of bare.waitingIn(module))
      if (hasSuccessor && frame.parent === undefined && frame.movable) frame.state = 'held';
      else frame.cancel(error());
  }

  /** At rest: finishes what close() began, and releases the group when all of it is closed. */
  settle(): void {
    if (this.#unsettled.length === 0 || !this.atRest) return;
    const later: Instance[] = [];
    this.#unsettled.sort((a, b) => a.id - b.id); // newest first
    // A closeNotifier may close others meanwhile and settle those, begin a call, or instantiate what joins the group to another.
    let root: LinkGroup = this;
    while (root.atRest) {
      const module = root.#unsettled.pop();
      if (!module) break;
      if (root.modules.has(module) && !module.ready) {
        later.push(module); // its instantiation comes back here
      } else if (root.modules.delete(module)) {
        root.byHandle.delete(module.handle);
        root.addClosed([module.handle]);
        module.closeNow();
        root = root.find();
      }
    }
    root.#unsettled = joined(root.#unsettled, later);
    if (root.modules.size === 0) root.#release();
  }
  /** Also one that never came to be, and of which others may have functions in their tables. */
  addClosed(handles: readonly Handle[]): void {
    if (this.#closed.length === 0 && handles.length > 0) forgotten.register(this, this.#closed, this);
    for (const handle of handles) this.#closed.push(handle);
  }

  #release(): void {
    forgotten.unregister(this);
    for (const handle of this.#closed.splice(0)) native().moduleRelease(handle);
    this.hosts.clear();
    this.listeners.clear();
    this.references.clear();
  }

  /** Guest code is about to run on another thread: no ArrayBuffer may show its memory. */
  detachBuffers(): void {
    if (this.buffers.size > 0) for (const memory of this.buffers) memory.hide();
  }
  /** Guest code has run on this thread: memories that moved or grew have a new buffer. */
  refreshBuffers(): void {
    if (this.buffers.size > 0) for (const memory of this.buffers) memory.refresh();
  }
}

const busy = () => busyError('another call runs or waits in this module or in one that is linked with it');
/** A caller that outlived its host function. */
export const expiredError = () =>
  closedError('the caller is lent to a host function until it has answered, and it has');
