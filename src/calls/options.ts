import { invalidArgument, notInterruptibleError } from '../values/errors.js';
import { now } from '../values/node.js';
import type { CallOptions } from '../values/types.js';
import { checkFunction, checkObject, checkSignal, checkTimeout } from '../values/validate.js';
import { type FrameOptions, nanoseconds } from './frames.js';

/** CallOptions, checked once; the deadline counts anew for each call. Not frozen, which takes longer than the rest: nobody outside has it. */
export class CheckedOptions {
  readonly signal: AbortSignal | undefined;
  /** Infinity for none. */
  readonly timeoutMs: number;
  /** timeoutMs is the runtime's: none was given. */
  readonly byDefault: boolean;
  readonly context: unknown;
  /** The runtime has closeOnContextDone. */
  readonly interruptible: boolean;
  /** Nothing can stop the call. */
  readonly endless: boolean;
  /** A synchronous call may go without Go: no signal, and a deadline only where one may be. */
  readonly direct: boolean;
  /** timeoutMs for native code, 0 for none. */
  readonly timeoutNs: number;

  constructor(
    signal: AbortSignal | undefined,
    timeoutMs: number,
    byDefault: boolean,
    context: unknown,
    interruptible: boolean,
  ) {
    this.signal = signal;
    this.timeoutMs = timeoutMs;
    this.byDefault = byDefault;
    this.context = context;
    this.interruptible = interruptible;
    this.endless = signal === undefined && timeoutMs === Infinity;
    this.direct = signal === undefined && (timeoutMs === Infinity || interruptible);
    this.timeoutNs = nanoseconds(timeoutMs);
  }
}
/** Of a runtime: what holds where no options are given. */
export function defaultOptions(timeoutMs: number, interruptible: boolean): CheckedOptions {
  return new CheckedOptions(undefined, timeoutMs, true, undefined, interruptible);
}
export const noFrameOptions: FrameOptions = Object.freeze({
  deadline: Infinity,
  timeoutMs: Infinity,
  byDefault: true,
  context: undefined,
});

export function checkCallOptions(options: CallOptions | undefined, defaults: CheckedOptions): CheckedOptions {
  if (options === undefined) return defaults;
  checkObject(options, 'options');
  const signal = checkSignal(options.signal, 'options.signal');
  const given = checkTimeout(options.timeoutMs, 'options.timeoutMs');
  const timeoutMs = given ?? defaults.timeoutMs;
  return new CheckedOptions(signal, timeoutMs, given === undefined, options.context, defaults.interruptible);
}

/** For one call that begins now. */
export function begin(options: CheckedOptions, runtime: { readonly closeOnContextDone: boolean }): FrameOptions {
  const { signal, timeoutMs, byDefault, context } = options;
  if (options.endless) {
    if (byDefault && context === undefined) return noFrameOptions;
    return { deadline: Infinity, timeoutMs, byDefault, context };
  }
  if (!runtime.closeOnContextDone)
    throw notInterruptibleError(
      'timeoutMs, signal and RuntimeConfig.withDefaultTimeout need a runtime with RuntimeConfig.withCloseOnContextDone(true)',
    );
  return { signal, deadline: deadlineOf(timeoutMs), timeoutMs, byDefault, context };
}

export function deadlineOf(timeoutMs: number): number {
  return timeoutMs === Infinity ? Infinity : now() + timeoutMs;
}

export function refuseSignal(options: { readonly signal?: unknown }): void {
  if (options.signal !== undefined)
    throw invalidArgument(
      'Expected no signal for a synchronous call but received one: it could not fire while the guest runs',
    );
}

export function checkOptionalFunction(value: unknown, name: string): void {
  if (value !== undefined) checkFunction(value, name);
}
