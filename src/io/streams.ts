/** What OutputBuffer is to this room: the public class implements it. */
export interface KeptOutput {
  readonly byteLength: number;
  bytes(): Uint8Array<ArrayBuffer>;
  text(): string;
  reset(): void;
}

/** Nanoseconds. For walltime since 1970, for nanotime since any moment. */
export type Clock = () => bigint;

/** Where a guest's output goes: see OutputSink (stdio.ts). */
export type OutputSinkOf<B> =
  | 'inherit'
  | 'ignore'
  | number
  | B
  | NodeJS.WritableStream
  | WritableStream<Uint8Array>
  | ((chunk: Uint8Array<ArrayBuffer>) => void | PromiseLike<void>);

export type OutputSink = OutputSinkOf<KeptOutput>;

/**
 * Where a guest's stdin comes from (wazero: an io.Reader).
 * - 'inherit': the process's own; 'ignore': end of input at once; a number: that file descriptor; bytes: these, from the beginning for
 *   each module
 * - a Node or web stream, an async iterable
 * - a function that fills `buffer`, which is not guest memory and dead once you have answered, and answers how many bytes; 0 = end of
 *   input. One that returns a Promise parks the guest until it settles.
 *
 * A guest may poll it and read without waiting: then the source is asked once (a function for up to 64 KiB), and what it gives is kept until
 * the guest reads it.
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
