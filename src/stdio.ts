import type { OutputBuffer } from './output-buffer.js';

/** Nanoseconds. For walltime since 1970, for nanotime since any moment. */
export type Clock = () => bigint;

/**
 * Where a guest's stdout or stderr goes (wazero: an io.Writer).
 * - 'inherit': the process's own; 'ignore': nowhere; a number: that file descriptor
 * - an OutputBuffer keeps it
 * - a Node or web stream: the guest waits while the stream is full
 * - a function: `chunk` is a copy that is yours; one that returns a Promise parks the guest until it settles
 *
 * In `call` a guest may be up to 1 MiB ahead of a function that has answered at once, or of a Node stream: it waits before it asks for
 * anything else, and at its end.
 *
 * Never ended or closed by us. A sink that fails gives the guest the errno of the error's `code`, else EIO; the process gets a warning. The
 * error of what was ahead is told by the next write, or by closing.
 */
export type OutputSink =
  | 'inherit'
  | 'ignore'
  | number
  | OutputBuffer
  | NodeJS.WritableStream
  | WritableStream<Uint8Array>
  | ((chunk: Uint8Array<ArrayBuffer>) => void | PromiseLike<void>);

/**
 * Where a guest's stdin comes from (wazero: an io.Reader).
 * - 'inherit': the process's own; 'ignore': end of input at once; a number: that file descriptor; bytes: these, from the beginning for
 *   each module
 * - a Node or web stream, an async iterable
 * - a function that fills `buffer`, which is not guest memory and dead once you have answered, and answers how many bytes; 0 = end of
 *   input. One that returns a Promise parks the guest until it settles.
 *
 * Never closed by us.
 */
export type InputSource =
  | 'inherit'
  | 'ignore'
  | number
  | Uint8Array
  | NodeJS.ReadableStream
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | ((buffer: Uint8Array) => number | PromiseLike<number>);
