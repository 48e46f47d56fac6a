import { type FrameOutcome, type Handle, LANE } from '../native/binding.js';
import { CPU, f64, putFuel } from '../values/area.js';
import {
  abortedError,
  closedError,
  type ErrorRecord,
  ExitError,
  makeError,
  unreadableError,
  wouldBlockError,
} from '../values/errors.js';
import { nanoseconds } from '../values/nanoseconds.js';
import { now } from '../values/node.js';
import { uncaught } from './exceptions.js';
import type { FrameOptions, Subject } from './frames.js';
import { frames } from './known-frames.js';
import { type ClosedBy, Frame, type Instance, type LinkGroup } from './link-group.js';
import { checkRoom } from './room.js';

/** How a frame enters native code: returns the error's JSON where it failed at once. */
type Start = (frame: number, lane: number, parent: number, timeoutNs: number) => string | undefined;

/** Modules that native code found closed: by the guest's own exit, a deadline, a signal. */
export function noteClosed(
  group: LinkGroup,
  handles: readonly Handle[] | undefined,
  exitCode: number,
  why?: ClosedBy,
): void {
  for (const handle of handles ?? []) group.byHandle.get(handle)?.markClosed(exitCode, why);
}

/** The error that the frame ends with, and what that does to its module. */
export function failure(frame: Frame, record: ErrorRecord): Error {
  const { code, reason } = record;
  const stopped = code === 'ERR_WAZERO_EXIT' && record.closed !== undefined;
  noteClosed(frame.group, record.closed, record.exitCode ?? 0, stopped ? closedBy(frame, record) : undefined);
  const error = makeError(record, {
    parked: frame.parked,
    exception: uncaught(frame, record),
    abort: reason === 'abort' ? abortOf(frame) : undefined,
    more: code === 'ERR_WAZERO_EXIT' ? stoppedText(frame, reason) : waitedText(frame, record),
  });
  if (code === 'ERR_WAZERO_TRAP') noteTrap(frame, record);
  return error;
}

function closedBy({ subject }: Frame, { code, reason, kind, exitCode }: ErrorRecord): ClosedBy {
  return { what: subject.what, code, reason, kind, exitCode } as ClosedBy;
}

function stoppedText(frame: Frame, reason: ErrorRecord['reason']): string | undefined {
  const { what } = frame.subject;
  if (reason === 'cpu') return spentText(frame);
  if (reason !== 'timeout') return undefined;
  // One that was stopped along with a nested call has time left.
  if (frame.deadline > now() + 1) return `${what} was stopped with a call inside of it, whose time was over`;
  return `${what} was stopped after ${frame.timeoutMs} ms (timeoutMs)`;
}

/** It never had a processor: there are too few for all, or its tenant has used what it may. */
function waitedText({ subject: { what }, timeoutMs }: Frame, { code, reason }: ErrorRecord): string | undefined {
  if (code !== 'ERR_WAZERO_ABORTED' || reason !== 'timeout') return undefined;
  return `${what} waited ${timeoutMs} ms (timeoutMs) for a processor, or for its tenant's turn or budget`;
}

function spentText({ subject: { what }, cpuTimeMs }: Frame): string {
  if (cpuTimeMs === Infinity)
    return `${what} was stopped with the call that it is nested in, which had run for as long as it may`;
  return `${what} was stopped after running for ${cpuTimeMs} ms (cpuTimeMs)`;
}

/** For native code: nanoseconds that the frame's guest may run, 0 for no limit. A conversation's is what its calls share. */
export function cpuLeft(frame: Frame): number {
  let left = frame.cpuTimeMs;
  for (let parent = frame.parent; parent; parent = parent.parent)
    if (parent.lane === 'exclusive') left = Math.min(left, parent.cpuLeft?.() ?? Infinity);
  return nanoseconds(left);
}

/** What the frame may execute; undefined: no limit but that of the call below, which native code knows. */
export function fuelLeft(frame: Frame): bigint | undefined {
  let left = frame.fuel;
  for (let parent = frame.parent; parent; parent = parent.parent) {
    const shared = parent.fuelLeft?.();
    if (shared !== undefined && (left === undefined || shared < left)) left = shared;
  }
  return left;
}

/** withCloseOnTrap. What is being instantiated ends anyway. */
function noteTrap(frame: Frame, record: ErrorRecord): void {
  const { module, stack } = frame;
  if (!module.runtime.closeOnTrap || !module.ready) return;
  module.markClosed(1, closedBy(frame, record));
  if (stack) stack.trapped ??= module;
}

/** Throws where a call that was nested in the frame has trapped and closed its module: whatever its host function answers, the guest does not go on. */
export function checkNotTrapped(frame: Frame): void {
  frame.stack?.trapped?.checkOpen();
}

/** What the frame ended with. An outcome that cannot be read is an error of that frame, which ends like any other. */
export function endingOf(frame: Frame, text: () => string | undefined): Error | undefined {
  try {
    const json = text();
    if (json === undefined) return undefined;
    const record = JSON.parse(json) as ErrorRecord;
    if (record.code !== undefined) return failure(frame, record);
    noteClosed(frame.group, (record as FrameOutcome).closed, 0);
    return undefined;
  } catch (error) {
    noteTrap(frame, { code: 'ERR_WAZERO_TRAP', kind: 'host function', message: '' });
    return unreadableError('the outcome of the call', error);
  }
}

/** One signal ends every frame of a stack whose modules it closes: whose it was, all have its reason. */
function abortOf(frame: Frame): { cause: unknown } | undefined {
  const { stack } = frame;
  if (stack && !stack.abort) {
    const interrupted = stack.frames.find(({ interruption }) => interruption?.reason === 'abort');
    if (interrupted?.interruption?.reason === 'abort') stack.abort = { cause: interrupted.interruption.cause };
  }
  return stack?.abort;
}

/** The synchronous lane: the frame is over when this returns. */
export function enterSync(
  module: Instance,
  parent: Frame | undefined,
  options: FrameOptions,
  subject: Subject,
  start: Start,
): void {
  checkRoom();
  const { group } = module;
  const stack = group.syncStack(parent);
  // Made inside a callback of a synchronous call, through whatever handle: nested in that.
  const frame = new Frame('sync', module, parent ?? stack.top, options, subject);
  const timeoutNs = frame.timeLeft();
  if (timeoutNs === undefined) throw abortedError(subject.what, { reason: 'timeout' }, frame.timeoutMs);
  let error: Error | undefined;
  let fuel: bigint | undefined;
  frames.add(frame);
  group.push(frame, stack);
  try {
    group.refreshBuffers();
    fuel = fuelLeft(frame);
    if (fuel !== undefined) putFuel(fuel);
    f64[CPU] = cpuLeft(frame);
    const json = start(frame.id, LANE.sync, frame.nativeBelow(), timeoutNs);
    error = endingOf(frame, () => json);
  } catch (thrown) {
    error = thrown as Error; // no more: where the stack has overflowed a call here would, too, and the frame would never end
  }
  frame.group.refreshBuffers();
  leave(frame, error);
  if (error && fuel !== undefined) putFuel(undefined); // nobody may have taken it
  if (error) throw error;
}

/** The end of a frame, with the error that it ends with. */
export function leave(frame: Frame, reason: unknown): void {
  frames.remove(frame);
  frame.ended(reason);
  if (frame.parent && reason instanceof ExitError) frame.parent.exit = reason;
  frame.group.pop(frame);
}

/** In a callback of a synchronous call nothing can run on another thread meanwhile: what is nested goes on this one. */
export function mustBeSync(parent: Frame | undefined): boolean {
  return parent?.stack?.top?.lane === 'sync';
}

export function checkParent(parent: Frame | undefined, expired: boolean): void {
  if (parent && (expired || parent.state === 'done'))
    throw closedError('the caller was lent to a host function until it answered, and it has');
}
export const wouldBlock = (what: string) => wouldBlockError(`${what} can be done only in an asynchronous call`);
