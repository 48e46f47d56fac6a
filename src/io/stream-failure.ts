import { errnoOf } from '../values/errno.js';
import type { Question } from './callbacks.js';

/** wazero's numbers of errno (experimental/sys); from 0x1000 on the WASI number above it, which wazero's own list lacks. */
export const ERRNO = { ok: 0n, io: 8n, pipe: 0x1000n + 64n } as const;

/** Nobody is there to write to: a stream that is closed. */
export class BrokenPipe extends Error {}

// A peer that goes away, and a call that was aborted, are no failure of anybody's: they happen to every server, as often as strangers like.
const hangUps: ReadonlySet<unknown> = new Set([
  'ABORT_ERR',
  'ECONNABORTED',
  'ECONNRESET',
  'EPIPE',
  'ERR_HTTP2_INVALID_STREAM',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
]);
function isHangUp(error: unknown): boolean {
  if (error instanceof BrokenPipe) return true;
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return hangUps.has(code) || name === 'AbortError';
}

/** What a guest hears of a sink or a source that failed. */
export function streamErrno(error: unknown, isSink: boolean): bigint {
  return errnoOf(error) ?? (isSink && isHangUp(error) ? ERRNO.pipe : ERRNO.io);
}

const warned = new WeakSet<object>();
/** The process hears of it once for each stream or function, however many guests it serves; not at all where somebody hung up. */
export function warnOfStream(stream: object, what: string, error: unknown, { call }: Question): void {
  if (call?.isStopped || isHangUp(error) || warned.has(stream)) return;
  warned.add(stream);
  const failed = `${what} of a guest of node-wazero failed`;
  const isError = error instanceof Error;
  process.emitWarning(isError ? error.message : `${failed}: ${String(error)}`, {
    code: 'WAZERO_STREAM',
    detail: isError ? `${failed}: ${error.stack}` : '',
  });
}
