import { STOP } from '../native/binding.js';
import { native } from '../native/native.js';
import { abortedError, type Interruption } from '../values/errors.js';
import { AsyncResource } from '../values/surroundings.js';
import type { FrameOptions, Subject } from './frames.js';
import { Frame, type Instance, Lease } from './link-group.js';
import { nextTurn } from './turns.js';

const subject: Subject = { what: 'the conversation' };

class Conversation extends Frame {
  /** What it has of its module it is lent when it begins. */
  override get movable(): boolean {
    return true;
  }
}

/**
 * Module.exclusive: a frame without guest code of its own, parked from beginning to end. Calls through what it lends are nested in it; all
 * others wait.
 */
export function converse<C, T>(
  module: Instance,
  parent: Frame | undefined,
  options: FrameOptions,
  lend: (lease: Lease) => C,
  fn: (lent: C) => T | PromiseLike<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted) throw abortedError(subject.what, { reason: 'abort', cause: signal.reason });
    if (!parent && !module.group.isFree) module.checkQueue();
    const resource = new AsyncResource('WAZERO_CONVERSATION');
    enter(new Conversation('exclusive', module, parent, options, subject));

    function enter(frame: Conversation): void {
      const { module } = frame;
      const lease = new Lease(frame);
      let over = false;
      module.queued++;

      /** Calls that were made through it and not awaited end first. */
      const end = (settle: () => void) => {
        if (over) return;
        over = true;
        lease.expire();
        frame.group.answered(frame, () => {
          frame.ended(undefined);
          frame.group.pop(frame);
          settle();
        });
      };
      frame.start = () => {
        module.queued--;
        if (frame.cpuTimeMs !== Infinity) {
          const before = module.spent().ranMs;
          frame.cpuLeft = () => Math.max(frame.cpuTimeMs - (module.spent().ranMs - before), 1e-6); // 0 would be no limit
        }
        const { fuel } = frame;
        if (fuel !== undefined) {
          const before = module.spent().fuel;
          frame.fuelLeft = () => {
            const burned = module.spent().fuel - before;
            return burned < fuel ? fuel - burned : 0n;
          };
        }
        let answer: T | PromiseLike<T>;
        try {
          answer = resource.runInAsyncScope(fn, undefined, lend(lease));
        } catch (error) {
          end(() => reject(error));
          return;
        }
        Promise.resolve(answer).then(
          (value) => end(() => resolve(value)),
          (error: unknown) => end(() => reject(error)),
        );
      };
      frame.moveTo = (next) => {
        module.queued--;
        frame.ended(undefined);
        enter(new Conversation('exclusive', next, undefined, frame.options, subject));
      };
      frame.cancel = (error) => {
        if (frame.waits) {
          module.queued--;
          frame.ended(error);
          reject(error);
        } else {
          end(() => reject(frame.exit ?? error));
        }
      };
      const interrupt = (why: Interruption) => {
        if (frame.state === 'done') return;
        frame.interruption = why;
        // Nested calls inherit the deadline; the signal is told to them here.
        const above = frame.stack?.frames.slice(frame.stack.frames.indexOf(frame) + 1) ?? [];
        if (why.reason === 'abort') for (const { id } of above) native().frameStop(id, STOP.abort, 0);
        frame.cancel(abortedError(subject.what, why, frame.timeoutMs));
      };
      frame.interrupt = interrupt;
      frame.watchSignal();
      const turn = () => {
        if (frame.state !== 'done') frame.watchDeadline();
      };
      if (frame.deadline !== Infinity) nextTurn({ turn }); // a short one is over by then, and needs no timer
      frame.group.enter(frame);
    }
  });
}
