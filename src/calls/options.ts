import { invalidArgument, notInterruptibleError } from '../values/errors.js';
import { nanoseconds } from '../values/nanoseconds.js';
import { now } from '../values/node.js';
import type { CallOptions } from '../values/types.js';
import { checkFuel, checkFunction, checkObject, checkSignal, checkTimeout } from '../values/validate.js';
import type { FrameOptions } from './frames.js';

/** CallOptions, checked once; the deadline counts anew for each call. Not frozen, which takes longer than the rest: nobody outside has it. */
export class CheckedOptions {
  readonly signal: AbortSignal | undefined;
  /** Infinity for none. */
  readonly timeoutMs: number;
  /** Infinity for none. */
  readonly cpuTimeMs: number;
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
  /** What the call may execute; undefined: no limit. */
  readonly fuel: bigint | undefined;
  /** The runtime has fuel. */
  readonly counted: boolean;
  /** Likewise cpuTimeMs. */
  readonly cpuNs: number;
  /** There is one of timeoutMs, cpuTimeMs and fuel. */
  readonly limited: boolean;

  constructor(
    signal: AbortSignal | undefined,
    timeoutMs: number,
    cpuTimeMs: number,
    byDefault: boolean,
    context: unknown,
    interruptible: boolean,
    counted: boolean,
    fuel?: bigint,
  ) {
    this.signal = signal;
    this.timeoutMs = timeoutMs;
    this.cpuTimeMs = cpuTimeMs;
    this.byDefault = byDefault;
    this.context = context;
    this.interruptible = interruptible;
    const untimed = timeoutMs === Infinity && cpuTimeMs === Infinity;
    this.endless = signal === undefined && untimed;
    this.direct = signal === undefined && (untimed || interruptible);
    this.timeoutNs = nanoseconds(timeoutMs);
    this.cpuNs = nanoseconds(cpuTimeMs);
    this.counted = counted;
    this.fuel = fuel;
    this.limited = !untimed || fuel !== undefined;
  }
}
/** Of a runtime: what holds where no options are given. */
export function defaultOptions(timeoutMs: number, interruptible: boolean, counted: boolean): CheckedOptions {
  return new CheckedOptions(undefined, timeoutMs, Infinity, true, undefined, interruptible, counted);
}
export const noFrameOptions: FrameOptions = Object.freeze({
  deadline: Infinity,
  timeoutMs: Infinity,
  cpuTimeMs: Infinity,
  byDefault: true,
  context: undefined,
  fuel: undefined,
});

export function checkCallOptions(options: CallOptions | undefined, defaults: CheckedOptions): CheckedOptions {
  if (options === undefined) return defaults;
  checkObject(options, 'options');
  const signal = checkSignal(options.signal, 'options.signal');
  const given = checkTimeout(options.timeoutMs, 'options.timeoutMs');
  const timeoutMs = given ?? defaults.timeoutMs;
  const fuel = checkFuel(options.fuel, 'options.fuel');
  const cpuTimeMs = checkTimeout(options.cpuTimeMs, 'options.cpuTimeMs') ?? Infinity;
  const byDefault = given === undefined;
  const { interruptible, counted } = defaults;
  if (fuel !== undefined && !counted)
    throw invalidArgument('Expected no fuel but received some: it needs a runtime with RuntimeConfig.withFuel(true)');
  return new CheckedOptions(signal, timeoutMs, cpuTimeMs, byDefault, options.context, interruptible, counted, fuel);
}

/** For one call that begins now. */
export function begin(options: CheckedOptions, runtime: { readonly closeOnContextDone: boolean }): FrameOptions {
  const { signal, timeoutMs, cpuTimeMs, byDefault, context, fuel } = options;
  if (options.endless) {
    if (byDefault && context === undefined && fuel === undefined) return noFrameOptions;
    return { deadline: Infinity, timeoutMs, cpuTimeMs, byDefault, context, fuel };
  }
  if (!runtime.closeOnContextDone)
    throw notInterruptibleError(
      'timeoutMs, cpuTimeMs, signal and RuntimeConfig.withDefaultTimeout need a runtime with RuntimeConfig.withCloseOnContextDone(true)',
    );
  return { signal, deadline: deadlineOf(timeoutMs), timeoutMs, cpuTimeMs, byDefault, context, fuel };
}

/** Likewise, of what executes nothing: whatever fuel it is given is enough. */
export function beginUncounted(
  options: CallOptions | undefined,
  runtime: { readonly closeOnContextDone: boolean; readonly defaultOptions: CheckedOptions },
): FrameOptions {
  return { ...begin(checkCallOptions(options, runtime.defaultOptions), runtime), fuel: undefined };
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
