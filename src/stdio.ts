import type { OutputSinkOf } from './io/streams.js';
import type { OutputBuffer } from './output-buffer.js';

export type { Clock, InputSource } from './io/streams.js';

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
 * A stream to the guest also where a descriptor is a file's: it can add to it, and neither move in it, cut it nor read it back.
 *
 * Never ended or closed by us. A sink that fails gives the guest the errno of the error's `code`, EPIPE where the other side is gone, else
 * EIO; the process gets a warning of code WAZERO_STREAM, once for each sink, unless the other side hung up or the call was stopped. The error
 * of what was ahead is told by the next write, or by closing.
 */
export type OutputSink = OutputSinkOf<OutputBuffer>;
