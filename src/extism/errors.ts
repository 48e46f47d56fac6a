/** ERR_EXTISM_PLUGIN: the plugin said so itself (error_set). The others: who used it, or what it was given, was wrong. */
export type ExtismErrorCode =
  | 'ERR_EXTISM_ABORTED'
  | 'ERR_EXTISM_BUSY'
  | 'ERR_EXTISM_CLOSED'
  | 'ERR_EXTISM_HASH'
  | 'ERR_EXTISM_HTTP'
  | 'ERR_EXTISM_LINK'
  | 'ERR_EXTISM_MANIFEST'
  | 'ERR_EXTISM_MEMORY'
  | 'ERR_EXTISM_NO_FUNCTION'
  | 'ERR_EXTISM_NO_INSTANCE'
  | 'ERR_EXTISM_PLUGIN'
  | 'ERR_EXTISM_REENTRANT'
  | 'ERR_EXTISM_TIMEOUT'
  | 'ERR_EXTISM_VARS';

/**
 * What goes wrong in Extism's own terms; messages are those of Extism's js-sdk where it has one. What the engine says (Trap, ExitError,
 * CompileError, LimitError, ...) and what a host function throws is passed on as it is.
 */
export class ExtismError extends Error {
  readonly code: ExtismErrorCode;
  /** @internal */
  constructor(code: ExtismErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExtismError';
    this.code = code;
  }
}

/** For what js-sdk answers with a TypeError. */
export function manifestError(message: string, options?: ErrorOptions): TypeError {
  return Object.assign(new TypeError(message, options), { code: 'ERR_EXTISM_MANIFEST' as const });
}
