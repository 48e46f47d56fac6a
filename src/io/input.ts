import { invalidArgument } from '../values/errors.js';
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

/** Reads a stream or an async iterable as a guest does: some bytes at a time. */
export class Input {
  readonly #pull: Pull;
  #rest: Uint8Array = new Uint8Array();
  #last: Promise<unknown> | undefined;

  private constructor(pull: Pull) {
    this.#pull = pull;
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

  /** How many bytes are in `buffer`; 0 is the end. */
  read(buffer: Uint8Array): number | Promise<number> {
    if (this.#last) {
      const mine = this.#last.then(() => this.#readNow(buffer));
      return this.#follow(mine);
    }
    const answer = this.#readNow(buffer);
    return isPromiseLike(answer) ? this.#follow(answer as Promise<number>) : answer;
  }

  #follow(answer: Promise<number>): Promise<number> {
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

  #readNow(buffer: Uint8Array): number | Promise<number> {
    if (this.#rest.byteLength > 0) return this.#take(buffer);
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
