import { invalidArgument } from '../values/errors.js';
import { Buffer } from '../values/node.js';
import { show } from '../values/validate.js';
import { isPromiseLike } from './callbacks.js';
import type { InputSource } from './streams.js';

type Streams = Exclude<InputSource, string | number | Uint8Array | ((buffer: Uint8Array) => unknown)>;
type NodeReadable = NodeJS.ReadableStream & {
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
  readonly errored?: Error | null;
};
/** undefined: the end. */
type Chunk = Uint8Array | undefined;
type Pull = () => Chunk | Promise<Chunk>;

const has = (value: object, method: PropertyKey): boolean =>
  method in value && typeof (value as Record<PropertyKey, unknown>)[method] === 'function';

// What a guest did not take of a chunk waits here: several modules may read from one stream.
const inputs = new WeakMap<object, Input>();

/** Most bytes that a function is asked for by a guest that only wants to know whether there are any. */
const askedFor = 64 << 10;

/** Reads a stream, an async iterable or a function as a guest does: some bytes at a time. */
export class Input {
  readonly #pull: Pull;
  /** A function fills the guest's own buffer, where there is one. */
  readonly #fill: ((buffer: Uint8Array) => number | Promise<number>) | undefined;
  #rest: Uint8Array = new Uint8Array();
  /** What came of asking instead of bytes, for the next read. */
  #end: 'end' | { readonly failure: unknown } | undefined;
  #last: Promise<unknown> | undefined;

  private constructor(pull: Pull, fill?: (buffer: Uint8Array) => number | Promise<number>) {
    this.#pull = pull;
    this.#fill = fill;
  }

  static accepts(value: object): boolean {
    return (has(value, 'read') && has(value, 'on')) || has(value, 'getReader') || has(value, Symbol.asyncIterator);
  }

  static of(source: Streams): Input {
    let input = inputs.get(source);
    if (!input) {
      input = new Input(pullFrom(source));
      inputs.set(source, input);
    }
    return input;
  }
  /** Each of them is a source of its own, also where the function is the same. */
  static ofFunction(fill: (buffer: Uint8Array) => number | Promise<number>): Input {
    const pull = () => {
      const buffer = new Uint8Array(askedFor);
      const chunk = (count: number) => (count === 0 ? undefined : buffer.subarray(0, count));
      const count = fill(buffer);
      return isPromiseLike(count) ? (count as Promise<number>).then(chunk) : chunk(count);
    };
    return new Input(pull, fill);
  }

  /** How many bytes are in `buffer`; 0 is the end. */
  read(buffer: Uint8Array): number | Promise<number> {
    if (this.#last) {
      const mine = this.#last.then(() => this.#readNow(buffer));
      return this.#follow(mine);
    }
    const answer = this.#readNow(buffer);
    return isPromiseLike(answer) ? this.#follow(answer as Promise<number>) : answer;
  }

  /** undefined: a read is answered at once. Else that will be so, unless another guest reads first: the source is asked, what it gives is kept. */
  ready(): undefined | Promise<void> {
    if (this.#last) return this.#follow(this.#last.then(() => this.#ask()));
    const late = this.#ask();
    return late && this.#follow(late);
  }

  /** A read is answered at once. */
  get isReady(): boolean {
    return this.#last === undefined && this.#isKept;
  }
  get #isKept(): boolean {
    return this.#rest.byteLength > 0 || this.#end !== undefined;
  }

  #follow<T>(answer: Promise<T>): Promise<T> {
    const settled = answer.then(
      () => {},
      () => {},
    );
    this.#last = settled;
    void settled.then(() => {
      if (this.#last === settled) this.#last = undefined;
    });
    return answer;
  }

  #ask(): undefined | Promise<void> {
    if (this.#isKept) return undefined;
    const failed = (failure: unknown) => {
      this.#end = { failure };
    };
    const keep = (chunk: Chunk): undefined | Promise<void> => {
      if (chunk === undefined) this.#end = 'end';
      else this.#rest = chunk;
      return this.#ask(); // an empty chunk is not the end
    };
    try {
      const chunk = this.#pull();
      return isPromiseLike(chunk) ? chunk.then(keep).then(undefined, failed) : keep(chunk);
    } catch (error) {
      failed(error);
      return undefined;
    }
  }

  #readNow(buffer: Uint8Array): number | Promise<number> {
    if (this.#rest.byteLength > 0) return this.#take(buffer);
    const end = this.#end;
    this.#end = undefined;
    if (end === 'end') return 0;
    if (end) throw end.failure;
    if (this.#fill) return this.#fill(buffer);
    const chunk = this.#pull();
    return isPromiseLike(chunk) ? chunk.then((late) => this.#accept(late, buffer)) : this.#accept(chunk, buffer);
  }
  #accept(chunk: Chunk, buffer: Uint8Array): number | Promise<number> {
    if (chunk === undefined) return 0;
    this.#rest = chunk;
    return chunk.byteLength > 0 ? this.#take(buffer) : this.#readNow(buffer); // an empty chunk is not the end
  }
  #take(buffer: Uint8Array): number {
    const count = Math.min(buffer.byteLength, this.#rest.byteLength);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === 'string') return Buffer.from(chunk);
  throw invalidArgument(`Expected a Uint8Array for a chunk of stdin but received ${show(chunk)}`);
}

function pullFrom(source: Streams): Pull {
  if (has(source, 'read') && has(source, 'on')) return () => pullNode(source as NodeReadable);
  if (has(source, 'getReader')) return () => pullWeb(source as ReadableStream<Uint8Array>);
  const iterator = (source as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await iterator.next();
    return done ? undefined : bytesOf(value);
  };
}

async function pullWeb(stream: ReadableStream<Uint8Array>): Promise<Chunk> {
  const reader = stream.getReader();
  try {
    const { done, value } = await reader.read();
    return done ? undefined : bytesOf(value);
  } finally {
    reader.releaseLock(); // it stays theirs
  }
}

function pullNode(stream: NodeReadable): Chunk | Promise<Chunk> {
  if (stream.errored) throw stream.errored;
  const chunk: unknown = stream.read();
  if (chunk !== null) return bytesOf(chunk);
  if (stream.readableEnded || stream.destroyed) return undefined;
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      stream.off('readable', again);
      stream.off('end', again);
      stream.off('close', again);
      stream.off('error', failed);
      act();
    };
    const again = () =>
      settle(() => {
        try {
          resolve(pullNode(stream));
        } catch (error) {
          reject(error);
        }
      });
    const failed = (error: unknown) => settle(() => reject(error));
    stream.on('readable', again);
    stream.on('end', again);
    stream.on('close', again);
    stream.on('error', failed);
  });
}
