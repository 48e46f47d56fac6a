import { writeAhead } from '../calls/ahead.js';
import { ask as askDirectly, frameOf } from '../calls/direct.js';
import { checkNotTrapped } from '../calls/entry.js';
import { throwInto } from '../calls/exceptions.js';
import { noBytes, reply as replyToExpress, taker } from '../calls/express.js';
import { callHost } from '../calls/host-call.js';
import { HostFunctions } from '../calls/host-functions.js';
import { frames } from '../calls/known-frames.js';
import type { Frame, Instance } from '../calls/link-group.js';
import { read } from '../calls/read.js';
import { tooLate } from '../io/callbacks.js';
import { releaseMount } from '../io/mount.js';
import { ERRNO } from '../io/stream-failure.js';
import { type Handle, type Hooks, MSG, REPLY, WARNING } from '../native/binding.js';
import { native } from '../native/native.js';
import { closedError } from '../values/errors.js';
import { Buffer } from '../values/node.js';
import { requestDone } from './compile.js';

// What native code asks of JavaScript, in both lanes: answered in place, in `words` and `bytes`.

/** The module that asks. One that is not known yet is being instantiated by this very frame: its start section has begun. */
function askingModule(frame: Frame, handle: Handle): Instance {
  const known = frame.group.byHandle.get(handle);
  if (known) return known;
  if (frame.module.handle === 0) frame.module.handle = handle;
  return frame.module;
}

function answer(
  frame: Frame,
  kind: number,
  target: number,
  handle: Handle,
  words: BigUint64Array,
  bytes: Uint8Array<ArrayBuffer>,
  sync: boolean,
): void | PromiseLike<void> {
  const module = askingModule(frame, handle);
  if (kind === MSG.hostCall) {
    const hostFunction = HostFunctions.find(frame.group.hosts, target);
    if (!hostFunction) throw closedError('the host function is gone');
    return callHost(frame, module, hostFunction, words, sync);
  }
  if (kind === MSG.listener) {
    const listener = frame.group.listeners.get(target);
    if (!listener) throw closedError('the listener is gone');
    listener.hear(frame, module, words, bytes);
    return undefined;
  }
  const callback = module.callbacks.get(target) ?? frame.group.listenerCallback(target);
  if (!callback) throw closedError('the module that asks is gone');
  return callback({ words, bytes, sync, call: frame });
}

/** What a guest has written is not sent back. */
const answersBytes: ReadonlySet<number> = new Set([MSG.read, MSG.random, MSG.fs]);

/** False: what the host function has answered does not matter, the frame ends with the error that is parked in it. */
function mayGoOn(frame: Frame): boolean {
  try {
    checkNotTrapped(frame);
    return true;
  } catch (error) {
    frame.parked = { value: error };
    return false;
  }
}

/** What the frame ends with. */
function parkedAs(frame: Frame, error: unknown): number {
  frame.parked = { value: error };
  return REPLY.threw;
}
/** Of a host function: an exception is the guest's. */
function threwAs(frame: Frame, error: unknown): number {
  try {
    if (throwInto(() => frame, error)) return REPLY.ok;
  } catch (wrong) {
    return parkedAs(frame, wrong);
  }
  return parkedAs(frame, error);
}

/** The asynchronous lane: parks the frame until the answer has settled and every call above has ended. */
function ask(
  frame: Frame,
  kind: number,
  target: number,
  handle: Handle,
  words: BigUint64Array,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const question = ++frame.question;
  frame.state = 'parked';
  const reply = (status: number) => {
    if (frame.state !== 'parked' || frame.question !== question) return; // it has ended meanwhile
    frame.group.answered(frame, () => {
      if (status === REPLY.ok && !mayGoOn(frame)) status = REPLY.threw;
      frame.state = 'running';
      frame.group.detachBuffers();
      if (frame.slot !== 0 && kind === MSG.hostCall && replyToExpress(frame, status, words)) return;
      native().frameReply(frame.id, status, words, answersBytes.has(kind) ? bytes : undefined);
    });
  };
  const threw = (error: unknown) => {
    if (frame.question !== question) reply(REPLY.threw);
    else reply(kind === MSG.hostCall ? threwAs(frame, error) : parkedAs(frame, error));
  };
  let settled: void | PromiseLike<void>;
  try {
    const run = () => answer(frame, kind, target, handle, words, bytes, false);
    settled = frame.resource ? frame.resource.runInAsyncScope(run) : run();
  } catch (error) {
    threw(error);
    return;
  }
  if (settled === undefined) {
    reply(REPLY.ok);
    return;
  }
  settled.then(() => reply(REPLY.ok), threw);
  frame.group.parked(frame);
}

/** The guest has written something and goes on. */
function write(frame: Frame, target: number, handle: Handle, bytes: Uint8Array<ArrayBuffer>): void {
  writeAhead(frame, target, bytes.byteLength, (words) => {
    const run = () => answer(frame, MSG.write, target, handle, words, bytes, false);
    try {
      return frame.resource ? frame.resource.runInAsyncScope(run) : run();
    } catch {
      words[0] = ERRNO.io; // the module is gone
      return undefined;
    }
  });
}

/** Parameters, with room for the answer. */
function withRoom(words: BigUint64Array, count: number): BigUint64Array {
  if (words.length >= count) return words;
  const larger = new BigUint64Array(count);
  larger.set(words);
  return larger;
}

export const answers: Omit<Hooks, 'area' | 'error'> = {
  message(kind, status, id, target, handle, words, bytes, resultCount) {
    if (kind === MSG.warning) {
      process.emitWarning(Buffer.from(bytes).toString(), status === WARNING.cache ? { code: 'WAZERO_CACHE' } : {});
      return;
    }
    if (kind === MSG.fs && id === 0) {
      releaseMount(target);
      return;
    }
    const frame = frames.find(id);
    if (kind === MSG.done) {
      if (frame) frame.finish(status, words, bytes);
      else requestDone(id, status, target, bytes);
    } else if (frame && kind === MSG.write && resultCount === 0) {
      write(frame, target, handle, bytes);
    } else if (frame) {
      ask(frame, kind, target, handle, withRoom(words, resultCount), bytes);
    }
  },

  upcall(kind, id, target, handle, words, bytes) {
    const frame = frameOf(id);
    if (!frame) return REPLY.dead;
    try {
      frame.group.refreshBuffers(); // the guest may have grown its memory
      const late = answer(frame, kind, target, handle, words, bytes, true);
      if (late === undefined) return mayGoOn(frame) ? REPLY.ok : REPLY.threw;
      frame.parked = { value: tooLate(late) };
      return REPLY.wouldBlock;
    } catch (error) {
      return kind === MSG.hostCall ? threwAs(frame, error) : parkedAs(frame, error);
    }
  },

  read,
  ask: askDirectly,
  express: taker((frame, kind, target, handle, words) => ask(frame, kind, target, handle, words, noBytes)),
};
