import { type Handle, MSG, REPLY } from '../native/binding.js';
import { native } from '../native/native.js';
import { CALLER, FRAME, f64, SLOT, STATUS, TARGET, TIMEOUT, u32, words } from '../values/area.js';
import { now, setImmediate } from '../values/node.js';
import { frames } from './known-frames.js';
import type { Frame } from './link-group.js';
import { takeTurns } from './turns.js';

// Asynchronous calls that a thread of C++ runs without Go (native/addon/lanes/express.h): outermost ones. Everything else
// is as with those that Go runs: they have a Frame, they wait in the queue of their group, a host function is asked in a message.

/** In STATUS after a call. */
const NOT_ENTERED = 1;
const noWords = new BigUint64Array(0);
export const noBytes = new Uint8Array(0);

/** As with direct calls (direct.ts). */
const forgotten = new FinalizationRegistry<number>((slot) => native().expressClose(slot));

interface Called {
  readonly handle: Handle;
  readonly module: { readonly runtime: { readonly closeOnContextDone: boolean } };
}

/** A function that is called so. */
export class ExpressCall {
  readonly slot: number;
  private constructor(slot: number) {
    this.slot = slot;
    forgotten.register(this, slot, this);
  }

  /** undefined where it cannot be. */
  static open({ handle, module }: Called, isNew: boolean): ExpressCall | undefined {
    const slot = native().expressOpen(handle, module.runtime.closeOnContextDone, isNew);
    return slot === 0 ? undefined : new ExpressCall(slot);
  }
  close(): void {
    forgotten.unregister(this);
    native().expressClose(this.slot);
  }

  /** The parameters are in the area. False: the call has to go through Go. */
  begin(frame: Frame, timeoutNs: number): boolean {
    u32[SLOT] = this.slot;
    f64[FRAME] = frame.id;
    f64[TIMEOUT] = timeoutNs;
    native().expressCall();
    if (u32[STATUS] === NOT_ENTERED) return false;
    frame.slot = this.slot;
    pollSoon();
    return true;
  }
}

/** Answers the question of a frame that has a slot. False: Go has it now. */
export function reply(frame: Frame, status: number, answer: BigUint64Array): boolean {
  u32[SLOT] = frame.slot;
  u32[STATUS] = status;
  f64[FRAME] = frame.id;
  if (status === REPLY.ok) words.all.set(answer);
  if (!native().expressReply()) {
    frame.slot = 0;
    return false;
  }
  if (status === REPLY.ok) pollSoon();
  return true;
}

/** Most of one turn of the event loop, in milliseconds, that is spent on what follows from what came in it. */
const turnMs = 1;
const resolved = Promise.resolve();
/** It is to come, or at work. */
let due = false;
/** It is to come once more. */
let again = false;
/** It was to come, and this turn has taken long enough. */
let late = false;
let turnBegan = 0;

/** What the thread answers within microseconds is taken at the end of this turn's work, and nobody need wake us for it. */
function pollSoon(): void {
  again = true;
  if (due) return;
  due = true;
  void resolved.then(poll);
}
function poll(): void {
  due = false;
  if (turnBegan === 0) {
    turnBegan = now();
    setImmediate(turnOver);
  } else if (now() - turnBegan >= turnMs) {
    late = true;
    return;
  }
  due = true;
  again = false;
  try {
    again = native().expressPoll() || again;
  } finally {
    due = again;
    // First what follows from what has come: reactions to Promises, and to those of who awaited them. Guests that ask without pause would go before it.
    if (again) void resolved.then(nothing).then(nothing).then(poll);
  }
}
function nothing(): void {}
function turnOver(): void {
  turnBegan = 0;
  if (!late) return;
  late = false;
  try {
    takeTurns(); // calls of others begin, which would wait for all that this turn is spent on
  } finally {
    poll();
  }
}

/** Hooks.express, given what a question goes to. */
export function taker(
  ask: (frame: Frame, kind: number, target: number, module: number, words: BigUint64Array) => void,
): () => void {
  return () => {
    const frame = frames.find(f64[FRAME] as number);
    if (!frame) return;
    if (u32[STATUS] === MSG.done) {
      frame.done();
      return;
    }
    const count = u32[SLOT] as number;
    const taken = count === 0 ? noWords : words.all.slice(0, count);
    ask(frame, MSG.hostCall, f64[TARGET] as number, f64[CALLER] as number, taken);
  };
}
