import { AsyncFrame } from '../calls/async-frame.js';
import { checkParent, enterSync, mustBeSync } from '../calls/entry.js';
import type { FrameOptions, Subject } from '../calls/frames.js';
import type { Frame, Lease } from '../calls/link-group.js';
import { traceAsync, traced, traceSync } from '../calls/tracing.js';
import { native } from '../native/native.js';
import { busyError, invalidArgument, linkError, withStackOfAwaiter } from '../values/errors.js';
import { shown } from '../values/shown.js';
import { ImageState } from './image-state.js';
import type { ModuleState } from './module-state.js';
import type { RuntimeState } from './runtime-state.js';

const freezing: Subject = { what: 'the freeze' };
const resetting: Subject = { what: 'the reset' };

/** What both may be nested in: a conversation, which has no guest code of its own. */
function parentOf(module: ModuleState, lease: Lease | undefined, waits = false): Frame | undefined {
  const parent = lease?.frame;
  if (lease) checkParent(parent, lease.expired);
  module.checkOpen();
  const calls = parent?.stack?.frames.filter(({ lane }) => lane !== 'exclusive') ?? [];
  if (calls.length === 0) return parent;
  if (!waits) throw linkError(`module[${shown(module.name)}] waits in a host function: it can be reset only at rest`);
  if (calls.length > 1 || calls[0] !== parent || parent?.module !== module || !lease?.host)
    throw linkError(
      `module[${shown(module.name)}] cannot be frozen: another call waits below, or the host function has been called by another guest`,
    );
  return parent;
}
/** It waits in the host function that has this lease, which freezes it there. */
const isWaiting = (parent: Frame | undefined): boolean => parent !== undefined && parent.lane !== 'exclusive';
/** Inside of a host function of a synchronous call the module is not at rest. */
function checkAtRest(module: ModuleState, parent: Frame | undefined): void {
  const stack = module.group.syncStack(parent);
  if (stack.frames.some(({ lane }) => lane !== 'exclusive'))
    throw busyError('a call runs in this module or in one that is linked with it');
}

function imageOf(module: ModuleState, [handle = 0n, byteLength = 0n, waitsIn = 0n]: BigUint64Array): ImageState {
  return new ImageState(
    module.runtime as RuntimeState,
    module.compiled,
    module.name,
    Number(handle),
    Number(byteLength),
    Number(waitsIn),
  );
}
function checkGuest(module: ModuleState): void {
  if (module.isHost) throw linkError(`module[${shown(module.name)}] cannot be frozen: it is a host module`);
}

type Begin = (frame: number, lane: number, below: number, timeoutNs: number) => string | undefined;

/** A freeze or a reset off the JS thread: resolves with the words of its MSG.done. */
class Work extends AsyncFrame<BigUint64Array> {
  readonly #begin: Begin;
  constructor(module: ModuleState, parent: Frame | undefined, options: FrameOptions, subject: Subject, begin: Begin) {
    super('async', module, parent, options, subject);
    this.#begin = begin;
  }
  protected begin(lane: number, below: number, timeoutNs: number): string | undefined {
    return this.#begin(this.id, lane, below, timeoutNs);
  }
  protected outcome(words: BigUint64Array): BigUint64Array {
    return words;
  }
}
async function work(...args: ConstructorParameters<typeof Work>): Promise<BigUint64Array> {
  try {
    return await new Work(...args).run();
  } catch (error) {
    throw withStackOfAwaiter(error);
  }
}

export function freezeAsync(module: ModuleState, lease: Lease | undefined, options: FrameOptions): Promise<ImageState> {
  return traceAsync(traced.freeze, { module: module.name }, async () => {
    const parent = parentOf(module, lease, true);
    checkGuest(module);
    if (mustBeSync(parent)) return frozenNow(module, parent, options);
    const none = new BigUint64Array(3);
    const words = await work(module, parent, options, freezing, (frame, lane, below, timeoutNs) =>
      native().moduleFreeze(frame, lane, below, timeoutNs, module.handle, none),
    );
    return frozen(module, parent, words);
  });
}
/** Whoever waits for the instantiation of a module of an image that waited hears that it waits again. */
function frozen(module: ModuleState, parent: Frame | undefined, words: BigUint64Array): ImageState {
  const image = imageOf(module, words);
  if (parent) module.waitsAgain?.();
  return image;
}
function frozenNow(module: ModuleState, parent: Frame | undefined, options: FrameOptions): ImageState {
  const words = new BigUint64Array(3);
  enterSync(module, parent, options, freezing, (frame, lane, below, timeoutNs) =>
    native().moduleFreeze(frame, lane, below, timeoutNs, module.handle, words),
  );
  return imageOf(module, words);
}
export function freezeSync(module: ModuleState, lease: Lease | undefined, options: FrameOptions): ImageState {
  return traceSync(traced.freeze, { module: module.name }, () => {
    const parent = parentOf(module, lease, true);
    checkGuest(module);
    if (!isWaiting(parent)) checkAtRest(module, parent);
    return frozenNow(module, parent, options);
  });
}

function checkOfImage(module: ModuleState): void {
  if (!module.image)
    throw invalidArgument('Expected a module that was made of an image for reset but received one that was not');
  if (module.image.waitsIn > 0)
    throw invalidArgument(
      'Expected a module of an image at rest for reset but received one that has gone on from where a call waited',
    );
}

export function resetAsync(module: ModuleState, lease: Lease | undefined, options: FrameOptions): Promise<void> {
  return traceAsync(traced.reset, { module: module.name }, async () => {
    checkOfImage(module);
    const parent = parentOf(module, lease);
    const old: { drop?(): void } = {};
    try {
      await work(module, parent, options, resetting, starterOf(module, old));
    } finally {
      old.drop?.();
    }
  });
}
export function resetSync(module: ModuleState, lease: Lease | undefined, options: FrameOptions): void {
  traceSync(traced.reset, { module: module.name }, () => {
    checkOfImage(module);
    const parent = parentOf(module, lease);
    checkAtRest(module, parent);
    const old: { drop?(): void } = {};
    try {
      enterSync(module, parent, options, resetting, starterOf(module, old));
    } finally {
      old.drop?.();
    }
  });
}
/** `old` gets what drops the file systems as they were. */
function starterOf(module: ModuleState, old: { drop?(): void }): Begin {
  return (frame, lane, below, timeoutNs) => {
    module.detachBuffers();
    const { targets, drop } = module.own.renewMounts();
    old.drop = drop;
    return native().moduleReset(frame, lane, below, timeoutNs, module.handle, targets);
  };
}
