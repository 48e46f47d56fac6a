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

export const calling = 'EXTISM: call canceled due to timeout';
export const instantiating = 'EXTISM: timed out while waiting for plugin to instantiate';

/** A guest that does not go on from where it was cannot be called again: its stack pointer, at least, is as it was left. */
export function isLeftInTheMiddle(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ERR_WAZERO_TRAP' || code === 'ERR_WAZERO_EXIT' || code === 'ERR_WAZERO_CLOSED';
}
export function isTimeout(error: unknown): boolean {
  const { code, reason, name } = (error ?? {}) as { code?: string; reason?: string; name?: string };
  return reason === 'timeout' || (code === 'ERR_WAZERO_ABORTED' && name === 'TimeoutError');
}
export function noRoom(what: string): ExtismError {
  return new ExtismError('ERR_EXTISM_MEMORY', `Expected room for the ${what} of the plugin: raise limits.memoryPages`);
}
