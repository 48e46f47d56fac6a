import { mostMessage, shownMessage } from './shown.js';
import type { Limits, TenantLimits } from './types.js';

/** What a LimitError names. */
type LimitOf = keyof Limits | `tenant.${keyof TenantLimits}`;

/**
 * Codes of every error of this package. They are stable.
 * - ERR_WAZERO_COMPILE, _LINK, _EXIT, _TRAP, _LIMIT: CompileError, LinkError, ExitError, Trap, LimitError
 * - ERR_WAZERO_CLOSED: the handle (or its parent) is closed; no guest code runs
 * - ERR_WAZERO_BUSY: callSync, closeSync or memory access while a call runs that is not yours
 * - ERR_WAZERO_ABORTED (name AbortError or TimeoutError, cause = signal.reason): a compilation, or a call that had not started:
 *   nothing ran, the module is open
 * - ERR_WAZERO_WOULD_BLOCK: only the asynchronous lane can do this
 * - ERR_WAZERO_NOT_INTERRUPTIBLE: a deadline or signal, but not withCloseOnContextDone(true)
 * - ERR_WAZERO_UNSUPPORTED_PLATFORM: no binary for this platform, or no compiler for it
 * - ERR_WAZERO_NO_EXTERNAL_BUFFERS: this memory has no `buffer`; read and write work
 *
 * Besides them, wrong arguments are a TypeError with code ERR_WAZERO_INVALID_ARGUMENT, numbers out of range a RangeError with code
 * ERR_WAZERO_OUT_OF_RANGE.
 */
export type ErrorCode =
  | 'ERR_WAZERO_COMPILE'
  | 'ERR_WAZERO_LINK'
  | 'ERR_WAZERO_EXIT'
  | 'ERR_WAZERO_TRAP'
  | 'ERR_WAZERO_LIMIT'
  | 'ERR_WAZERO_CLOSED'
  | 'ERR_WAZERO_BUSY'
  | 'ERR_WAZERO_ABORTED'
  | 'ERR_WAZERO_WOULD_BLOCK'
  | 'ERR_WAZERO_NOT_INTERRUPTIBLE'
  | 'ERR_WAZERO_UNSUPPORTED_PLATFORM'
  | 'ERR_WAZERO_NO_EXTERNAL_BUFFERS';

/** What stopped a guest, in wazero's own words. */
export type TrapKind =
  | 'unreachable'
  | 'out of bounds memory access'
  | 'invalid table access'
  | 'indirect call type mismatch'
  | 'integer divide by zero'
  | 'integer overflow'
  | 'invalid conversion to integer'
  | 'out of fuel'
  | 'unaligned atomic'
  | 'expected shared memory'
  | 'too many waiters'
  | 'uncaught exception'
  | 'null reference'
  | 'stack overflow'
  | 'host function';

type Plain = Exclude<
  ErrorCode,
  'ERR_WAZERO_COMPILE' | 'ERR_WAZERO_LINK' | 'ERR_WAZERO_EXIT' | 'ERR_WAZERO_TRAP' | 'ERR_WAZERO_LIMIT'
>;
export type InvalidArgumentError = TypeError & { readonly code: 'ERR_WAZERO_INVALID_ARGUMENT' };
export type OutOfRangeError = RangeError & { readonly code: 'ERR_WAZERO_OUT_OF_RANGE' };
/** What `isWazeroError` finds, discriminated by `code`. */
export type AnyWazeroError =
  | CompileError
  | LinkError
  | LimitError
  | ExitError
  | Trap
  | { [C in Plain]: WazeroError<C> }[Plain]
  | InvalidArgumentError
  | OutOfRangeError;

// Registered, not local: an error of a second copy of this package (another version in the tree, a bundle) is one too.
const brand = Symbol.for('node-wazero.error');
const markAsOurs = (error: object) => Object.defineProperty(error, brand, { value: true });

/** Presence counts, the value may be undefined: a host function can throw that. */
type Cause = { readonly cause: unknown } | undefined;

// The classes are public, making them is not: constructors are protected, and these are set by the classes' static blocks.
let make: <C extends ErrorCode>(code: C, message: string, cause?: Cause) => WazeroError<C>;
let makeCompile: (message: string) => CompileError;
let makeLink: (message: string) => LinkError;
let makeLimit: (message: string, limit: LimitOf) => LimitError;
let makeExit: (message: string, record: ErrorRecord, cause: Cause) => ExitError;
let makeTrap: (message: string, kind: TrapKind, frames: Trap['frames'], cause?: Cause, exception?: object) => Trap;

/**
 * Base of the errors of this package. `code` is stable; the message carries wazero's own text. What is not printed in names of guests is
 * escaped in it, names end after 256 bytes and messages after 64 KiB, with "…".
 */
export class WazeroError<C extends ErrorCode = ErrorCode> extends Error {
  /** Stable: see `ErrorCode`. */
  readonly code: C;
  static {
    make = (code, message, cause) => new WazeroError(code, message, cause);
    WazeroError.prototype.name = 'WazeroError';
    markAsOurs(WazeroError.prototype);
  }
  protected constructor(code: C, message: string, cause?: Cause) {
    super(shownMessage(message), cause);
    this.code = code;
  }
}

/** The binary is not a valid module, or needs a feature that is off. */
export class CompileError extends WazeroError<'ERR_WAZERO_COMPILE'> {
  static {
    makeCompile = (message) => new CompileError('ERR_WAZERO_COMPILE', message);
    CompileError.prototype.name = 'CompileError';
  }
}

/** An import is missing or does not fit, or a module name is taken. A trap or exit in a start function stays Trap or ExitError. */
export class LinkError extends WazeroError<'ERR_WAZERO_LINK'> {
  static {
    makeLink = (message) => new LinkError('ERR_WAZERO_LINK', message);
    LinkError.prototype.name = 'LinkError';
  }
}

/** A limit of `withLimits` or of a tenant is reached and the guest has no way to be told. */
export class LimitError extends WazeroError<'ERR_WAZERO_LIMIT'> {
  /** Which one. */
  readonly limit: LimitOf;
  static {
    makeLimit = (message, limit) => new LimitError(message, limit);
    LimitError.prototype.name = 'LimitError';
  }
  private constructor(message: string, limit: LimitOf) {
    super('ERR_WAZERO_LIMIT', message);
    this.limit = limit;
  }
}

/**
 * The guest was stopped or stopped itself, and its module is closed (wazero: sys.ExitError). Timeout: exitCode 0xefffffff, name
 * 'TimeoutError'. Abort: 0xffffffff, name 'AbortError', cause = signal.reason.
 */
export class ExitError extends WazeroError<'ERR_WAZERO_EXIT'> {
  readonly exitCode: number;
  /** Tells a guest's own proc_exit of those numbers apart. */
  readonly reason: 'exit' | 'close' | 'timeout' | 'abort' | 'cpu';
  /** Milliseconds that the guest ran, with what was nested in the call; undefined where native code does not say. */
  readonly ranMs?: number | undefined;
  /** Milliseconds that the call waited for a processor or a budget. */
  readonly waitedMs?: number | undefined;
  /** The module's memory at that moment. */
  readonly memoryBytes?: number | undefined;
  static {
    makeExit = (message, record, cause) => new ExitError(message, record, cause);
    ExitError.prototype.name = 'ExitError';
  }
  private constructor(message: string, record: ErrorRecord, cause: Cause) {
    super('ERR_WAZERO_EXIT', message, cause);
    this.exitCode = record.exitCode ?? 0;
    this.reason = record.reason ?? 'exit';
    this.ranMs = record.cost?.ranMs;
    this.waitedMs = record.cost?.waitedMs;
    this.memoryBytes = record.cost?.memoryBytes;
  }
}

/** The guest trapped; its module stays open unless its runtime has `withCloseOnTrap(true)`. A host function that threw: kind 'host function', `cause` is that very object. */
export class Trap extends WazeroError<'ERR_WAZERO_TRAP'> {
  readonly kind: TrapKind;
  /** Innermost first; `source` is file and line where the module has DWARF sections and withDebugInfoEnabled is on. */
  readonly frames: readonly { readonly function: string; readonly source?: string }[];
  static {
    makeTrap = (message, kind, frames, cause, exception) => new Trap(message, kind, frames, cause, exception);
    Trap.prototype.name = 'Trap';
  }
  /** Of kind 'uncaught exception': the Exception that nobody caught. */
  readonly exception?: object;
  private constructor(message: string, kind: TrapKind, frames: Trap['frames'], cause: Cause, exception?: object) {
    super('ERR_WAZERO_TRAP', message, cause);
    this.kind = kind;
    this.frames = frames;
    if (exception !== undefined) this.exception = exception;
  }
}

/** For `switch (e.code)`; also across two copies of the package. */
export function isWazeroError(error: unknown): error is AnyWazeroError {
  return typeof error === 'object' && error !== null && brand in error;
}

function withCode<E extends Error, C extends string>(error: E, code: C): E & { readonly code: C } {
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
  return error as E & { readonly code: C };
}
export function invalidArgument(message: string): InvalidArgumentError {
  return withCode(markAsOurs(new TypeError(shownMessage(message))) as TypeError, 'ERR_WAZERO_INVALID_ARGUMENT');
}
export function outOfRange(message: string): OutOfRangeError {
  return withCode(markAsOurs(new RangeError(shownMessage(message))) as RangeError, 'ERR_WAZERO_OUT_OF_RANGE');
}

export const closedError = (message: string) => make('ERR_WAZERO_CLOSED', message);
export const busyError = (message: string) => make('ERR_WAZERO_BUSY', message);
export const wouldBlockError = (message: string) => make('ERR_WAZERO_WOULD_BLOCK', message);
export const notInterruptibleError = (message: string) => make('ERR_WAZERO_NOT_INTERRUPTIBLE', message);
export const noExternalBuffersError = (message: string) => make('ERR_WAZERO_NO_EXTERNAL_BUFFERS', message);
export const unsupportedError = (message: string) => make('ERR_WAZERO_UNSUPPORTED_PLATFORM', message);
export const linkError = (message: string) => makeLink(message);
export const limitError = (message: string, limit: LimitOf) => makeLimit(message, limit);

/** What native code answered cannot be read (it is longer than a string can be, the stack is full): still an error, of whose answer it was. */
export const unreadableError = (what: string, cause: unknown) =>
  makeTrap(`${what} cannot be read: ${thrownText(cause)}`, 'host function', [], { cause });
/** Likewise. */
export const unreadableModuleError = (cause: unknown) =>
  makeCompile(`the answer of the compiler cannot be read: ${thrownText(cause)}`);

/** Why a call was stopped by its own options. */
export type Interruption = { readonly reason: 'timeout' } | { readonly reason: 'abort'; readonly cause: unknown };

/** A compilation, or a call that had not started; `timeoutMs` is what it had. */
export function abortedError(what: string, why: Interruption, timeoutMs?: number): WazeroError<'ERR_WAZERO_ABORTED'> {
  const error =
    why.reason === 'timeout'
      ? make(
          'ERR_WAZERO_ABORTED',
          `${what} timed out${timeoutMs === undefined ? '' : ` after ${timeoutMs} ms (timeoutMs)`}`,
        )
      : make('ERR_WAZERO_ABORTED', `${what} was aborted`, { cause: why.cause });
  return named(error, why.reason);
}

const interruptionNames: Partial<Record<string, string>> = {
  timeout: 'TimeoutError',
  cpu: 'TimeoutError',
  abort: 'AbortError',
};
function named<E extends Error>(error: E, reason: string): E {
  const name = interruptionNames[reason];
  if (name !== undefined)
    Object.defineProperty(error, 'name', { value: name, enumerable: false, configurable: true, writable: true });
  return error;
}

function thrownText(value: unknown): string {
  try {
    const text = value instanceof Error ? `${value.message}` : String(value);
    return text.length <= mostMessage / 2 ? text : `${text.slice(0, mostMessage / 2).toWellFormed()}…`; // the trace follows
  } catch {
    return 'host function'; // it has no text
  }
}

/** An error that was made while a message was taken gets the stack of who awaits it: only in an async function, after its await. */
export function withStackOfAwaiter(error: unknown): unknown {
  if (error instanceof Error) Error.captureStackTrace(error, withStackOfAwaiter);
  return error;
}

/** What the frame knows of an error that Go made: the value a host function threw, and the reason of the signal that stopped it. */
export interface ErrorContext {
  readonly parked?: { readonly value: unknown } | undefined;
  readonly abort?: { readonly cause: unknown } | undefined;
  /** What nobody caught. */
  readonly exception?: object | undefined;
  /** What there is to say after wazero's own words. */
  readonly more?: string | undefined;
}

export interface ErrorRecord {
  code: string;
  message: string;
  exitCode?: number;
  reason?: 'exit' | 'close' | 'timeout' | 'abort' | 'cpu';
  /** of a guest that was stopped or has left: what it ran, with what is nested in it, and waited; its memory */ cost?: {
    ranMs: number;
    waitedMs: number;
    memoryBytes: number;
  };
  kind?: string;
  frames?: { function: string; source?: string }[];
  limit?: string;
  /** what nobody caught; words are decimal */
  exception?: { tag: number; types: string[]; words: string[]; thrown?: number };
  /** the thrown object is parked in the frame: it is the cause */ host?: boolean;
  /** modules of the link group that were found closed when the frame ended */ closed?: number[];
}

/** Of a host function that charged more than there was. */
export const outOfFuelError = () => makeTrap('wasm error: out of fuel', 'out of fuel', Object.freeze([]));

/** Makes the error that a record of native/go/failure/failure.go describes. */
export function makeError(record: ErrorRecord, context: ErrorContext = {}): Error {
  const { code, message } = record;
  const { more } = context;
  const longer = more === undefined ? message : `${message}: ${more}`;
  switch (code) {
    case 'ERR_WAZERO_COMPILE':
      return makeCompile(message);
    case 'ERR_WAZERO_LINK':
      return makeLink(message);
    case 'ERR_WAZERO_LIMIT':
      return makeLimit(message, record.limit as LimitOf);
    case 'ERR_WAZERO_EXIT': {
      const { reason = 'exit' } = record;
      return named(makeExit(longer, record, reason === 'abort' ? context.abort : undefined), reason);
    }
    case 'ERR_WAZERO_TRAP': {
      const cause = record.host && context.parked ? { cause: context.parked.value } : undefined;
      // Where Go would show the panic's value, wazero's text has what stands for it.
      const text = cause ? message.replace('host function (', () => `${thrownText(cause.cause)} (`) : message;
      const frames = Object.freeze((record.frames ?? []).map((frame) => Object.freeze(frame)));
      return makeTrap(text, record.kind as TrapKind, frames, cause, context.exception);
    }
    case 'ERR_WAZERO_ABORTED':
      return named(make(code, longer, record.reason === 'abort' ? context.abort : undefined), record.reason ?? 'abort');
    case 'ERR_WAZERO_INVALID_ARGUMENT':
      return invalidArgument(message);
    case 'ERR_WAZERO_OUT_OF_RANGE':
      return outOfRange(message);
    case 'ERR_WAZERO_NOT_IMPLEMENTED': // the definition of a function reference, with the upstream engine: no stable code, so not branded
      return withCode(new Error(message), code);
    default:
      return make(code as ErrorCode, message);
  }
}
