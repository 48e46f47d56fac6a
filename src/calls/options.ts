import { invalidArgument, notInterruptibleError } from '../values/errors.js';
import type { CallOptions } from '../values/types.js';
import { checkFunction, checkObject, checkSignal, checkTimeout } from '../values/validate.js';
import type { FrameOptions } from './frames.js';

/** CallOptions, checked once; the deadline counts anew for each call. */
export interface CheckedOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly context: unknown;
  /** Nothing can stop the call. */
  readonly endless: boolean;
}
export const noOptions: CheckedOptions = Object.freeze({
  signal: undefined,
  timeoutMs: undefined,
  context: undefined,
  endless: true,
});
export const noFrameOptions: FrameOptions = Object.freeze({ deadline: Infinity, context: undefined });

export function checkCallOptions(options: CallOptions | undefined): CheckedOptions {
  if (options === undefined) return noOptions;
  checkObject(options, 'options');
  const signal = checkSignal(options.signal, 'options.signal');
  const timeoutMs = checkTimeout(options.timeoutMs, 'options.timeoutMs');
  const endless = signal === undefined && timeoutMs === undefined;
  return Object.freeze({ signal, timeoutMs, context: options.context, endless });
}

/** For one call that begins now. */
export function begin(options: CheckedOptions, runtime: { readonly closeOnContextDone: boolean }): FrameOptions {
  const { signal, timeoutMs, context } = options;
  if (signal === undefined && timeoutMs === undefined)
    return context === undefined ? noFrameOptions : { deadline: Infinity, context };
  if (!runtime.closeOnContextDone)
    throw notInterruptibleError('timeoutMs and signal need a runtime with RuntimeConfig.withCloseOnContextDone(true)');
  return { signal, deadline: deadlineOf(timeoutMs), context };
}

export function deadlineOf(timeoutMs: number | undefined): number {
  return timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
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
