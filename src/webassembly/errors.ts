import {
  CompileError as EngineCompileError,
  LinkError as EngineLinkError,
  type Exception,
  ExitError,
  isWazeroError,
  LimitError,
  Trap,
  type TrapKind,
} from '../index.js';
import { isObject, nativeError } from './idl.js';

/** What V8 says; glue code that looks at the text looks for these. */
const texts: Partial<Record<TrapKind, string>> = {
  'out of bounds memory access': 'memory access out of bounds',
  'integer divide by zero': 'divide by zero',
  'integer overflow': 'divide result unrepresentable',
  'invalid conversion to integer': 'float unrepresentable in integer range',
  'invalid table access': 'table index is out of bounds',
  'indirect call type mismatch': 'null function or function signature mismatch',
  'unaligned atomic': 'operation does not support unaligned accesses',
  'null reference': 'dereferencing a null pointer',
};

/** A trap of what the namespace itself gives guests: its RuntimeError. */
export class IllegalCast extends Error {
  constructor() {
    super('illegal cast');
  }
}

/** The three classes of one namespace, and what the engine's errors are in it. */
export class Errors {
  readonly CompileError = nativeError('CompileError');
  readonly LinkError = nativeError('LinkError');
  readonly RuntimeError = nativeError('RuntimeError');
  /** Set by exception.ts: what an exception that nobody caught is to JavaScript. */
  thrown: (exception: Exception) => unknown = (exception) => exception;
  readonly #traps = new WeakSet<object>();

  /** No guest catches a trap, whichever way it goes through JavaScript. */
  isTrap(error: unknown): boolean {
    return (isWazeroError(error) && !(error instanceof TypeError)) || (isObject(error) && this.#traps.has(error));
  }
  #trap(error: Error): Error {
    this.#traps.add(error);
    return error;
  }

  /** What the namespace throws instead. What JavaScript threw on its way through a guest is itself again. */
  readonly translate = (error: unknown): unknown => {
    if (!isWazeroError(error)) return error;
    const { message } = error;
    if (error instanceof Trap) {
      if (error.kind === 'host function') return 'cause' in error ? this.#thrown(error.cause) : error;
      if (error.exception !== undefined) return this.thrown(error.exception as Exception);
      if (error.kind === 'stack overflow')
        return this.#trap(new RangeError('Maximum call stack size exceeded', { cause: error }));
      return this.#trap(new this.RuntimeError(texts[error.kind] ?? error.kind, { cause: error }));
    }
    if (error instanceof EngineCompileError) return new this.CompileError(message, { cause: error });
    if (error instanceof EngineLinkError) return new this.LinkError(message, { cause: error });
    if (error instanceof LimitError) return new RangeError(message, { cause: error });
    if (error instanceof ExitError) return this.#trap(new this.RuntimeError(message, { cause: error }));
    if (error instanceof TypeError || error instanceof RangeError) return error;
    return this.#trap(new this.RuntimeError(message, { cause: error }));
  };

  /** A host function's own error, or the engine's with what the host function answered. */
  #thrown(cause: unknown): unknown {
    if (cause instanceof IllegalCast) return this.#trap(new this.RuntimeError(cause.message));
    return isWazeroError(cause) && !(cause instanceof TypeError) ? this.translate(cause) : cause;
  }
}
