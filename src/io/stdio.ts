import type { Handle } from '../native/binding.js';
import { SINK } from '../native/binding.js';
import { checkFd, wrongType } from '../values/validate.js';
import { type Callback, type Callbacks, isPromiseLike, type Question } from './callbacks.js';
import { fieldsOf } from './fields.js';
import { BrokenPipe, ERRNO, streamErrno, warnOfStream } from './stream-failure.js';
import type { OutputSink } from './streams.js';

type NodeWritable = NodeJS.WritableStream & {
  readonly destroyed?: boolean;
  readonly writableEnded?: boolean;
  readonly writableLength?: number;
  readonly errored?: Error | null;
};

const isNodeWritable = (value: object): value is NodeWritable =>
  'write' in value && typeof value.write === 'function' && 'on' in value && typeof value.on === 'function';
const isWebWritable = (value: object): value is WritableStream<Uint8Array> =>
  'getWriter' in value && typeof value.getWriter === 'function';

const sinks = "'inherit', 'ignore', a file descriptor, an OutputBuffer, a writable stream or a function";
export function checkSink(value: unknown, name: string): asserts value is OutputSink {
  if (value === 'inherit' || value === 'ignore' || typeof value === 'function') return;
  if (typeof value === 'number') return checkFd(value, name);
  if (typeof value === 'object' && value !== null) {
    if (fieldsOf.outputBuffer(value) || isNodeWritable(value) || isWebWritable(value)) return;
  }
  throw wrongType(sinks, name, value);
}

export interface StreamRecord {
  kind: number;
  fd?: number;
  bytes?: Uint8Array;
  target?: Handle;
}

/** `most`: bytes that a stream may hold back while nobody waits for it. */
export function sinkRecord(sink: OutputSink | undefined, own: 1 | 2, callbacks: Callbacks, most: number): StreamRecord {
  if (sink === undefined || sink === 'ignore') return { kind: SINK.discard };
  if (sink === 'inherit') return { kind: SINK.fd, fd: own };
  if (typeof sink === 'number') return { kind: SINK.fd, fd: sink };
  const buffer = fieldsOf.outputBuffer(sink);
  if (buffer) return { kind: SINK.buffer, target: buffer.handle };
  const write = writer(sink, most);
  return { kind: SINK.callback, target: callbacks.add(answerErrno(write, aheadOf(sink, most), sink)) };
}

/** What a guest of the asynchronous lane may be ahead of its sink, from the second write on. */
const mostAhead = 2 ** 20;
/** `late`: also of a sink that has answered with a Promise. */
interface Ahead {
  readonly bytes: bigint;
  readonly late: boolean;
}
function aheadOf(sink: OutputSink, most: number): Ahead {
  const bytes = BigInt(Math.min(most, mostAhead));
  if (typeof sink === 'function') return { bytes, late: false };
  return typeof sink === 'object' && isNodeWritable(sink) ? { bytes, late: true } : { bytes: 0n, late: false };
}

type Write = (question: Question) => void | PromiseLike<void>;

function writer(sink: Exclude<OutputSink, string | number>, most: number): Write {
  if (typeof sink === 'function') return ({ bytes }) => sink(bytes);
  if (isNodeWritable(sink)) {
    return (question) => {
      const written = writeNode(sink, question, most);
      if (!question.sync) return written;
      written.catch(() => {}); // the next write tells: the stream is closed
      return undefined;
    };
  }
  return ({ bytes }) => writeWeb(sink as WritableStream<Uint8Array>, bytes);
}

// While a write is under way somebody listens for errors: a guest that writes to a broken stream must not end the process. Its errno
// is the answer. One pair of listeners serves all guests that write to a stream, or Node would warn of a leak.
interface Writing {
  count: number;
  readonly waiting: Set<() => void>;
  readonly closed: () => void;
}
const writing = new WeakMap<NodeWritable, Writing>();
const ignore = () => {};
function begin(stream: NodeWritable): Writing {
  let state = writing.get(stream);
  if (!state) {
    const waiting = new Set<() => void>();
    state = {
      count: 0,
      waiting,
      closed: () => {
        for (const fail of waiting) fail();
      },
    };
    writing.set(stream, state);
  }
  if (state.count++ === 0) stream.on('error', ignore).on('close', state.closed);
  return state;
}
function end(stream: NodeWritable, state: Writing): void {
  if (--state.count === 0) stream.off('error', ignore).off('close', state.closed);
}

function writeNode(stream: NodeWritable, { bytes, sync }: Question, most: number): Promise<void> {
  if (stream.destroyed || stream.writableEnded) throw new BrokenPipe('the stream is closed');
  // In the sync lane nothing can drain it: the guest runs on this thread.
  if (sync && (stream.writableLength ?? 0) + bytes.byteLength > most)
    throw new Error(`more than ${most} bytes are waiting in the stream`);
  return new Promise((resolve, reject) => {
    const state = begin(stream);
    const closed = () => reject(new BrokenPipe('the stream was closed'));
    const goOn = stream.write(bytes, (error) => {
      state.waiting.delete(closed);
      if (error) {
        reject(error); // the listener stays: the event is still to come
      } else {
        end(stream, state);
        resolve();
      }
    });
    if (goOn) resolve();
    else state.waiting.add(closed);
  });
}

async function writeWeb(stream: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.ready;
    await writer.write(bytes);
  } catch (error) {
    // Closed, or being closed: not a failure of theirs. Node 20 has an assertion where the standard has a TypeError.
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    const isClosed = code === 'ERR_INVALID_STATE' || code === 'ERR_INTERNAL_ASSERTION';
    throw isClosed ? new BrokenPipe('the stream is closed') : error;
  } finally {
    writer.releaseLock(); // it stays theirs
  }
}

/** words[0] = errno, words[1] = what may be ahead. The guest hears of a failure as an errno, the process with its cause. */
function answerErrno(write: Write, ahead: Ahead, sink: object): Callback {
  return (question) => {
    const failed = (error: unknown) => {
      question.words[0] = streamErrno(error, true);
      question.words[1] = 0n;
      warnOfStream(sink, 'a sink', error, question);
    };
    try {
      const answer = write(question);
      question.words[0] = ERRNO.ok;
      question.words[1] = ahead.late || !isPromiseLike(answer) ? ahead.bytes : 0n;
      if (isPromiseLike(answer)) return answer.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
    return undefined;
  };
}
