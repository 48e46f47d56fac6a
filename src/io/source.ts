import { READ, SOURCE } from '../native/binding.js';
import { native } from '../native/native.js';
import { invalidArgument } from '../values/errors.js';
import { setImmediate, types } from '../values/node.js';
import { checkFd, isShared, wrongType } from '../values/validate.js';
import { type Callback, type Callbacks, isPromiseLike, type Question } from './callbacks.js';
import { Input } from './input.js';
import type { StreamRecord } from './stdio.js';
import { ERRNO, streamErrno, warnOfStream } from './stream-failure.js';
import type { InputSource } from './streams.js';

const sources =
  "'inherit', 'ignore', a file descriptor, a Uint8Array, a readable stream, an async iterable or a function";
export function checkSource(value: unknown, name: string): asserts value is InputSource {
  if (value === 'inherit' || value === 'ignore' || typeof value === 'function') return;
  if (typeof value === 'number') return checkFd(value, name);
  if (types.isUint8Array(value)) {
    if (isShared(value))
      throw invalidArgument(`Expected bytes of an ArrayBuffer for ${name} but received a view of a SharedArrayBuffer`);
    return;
  }
  if (typeof value === 'object' && value !== null && Input.accepts(value)) return;
  throw wrongType(sources, name, value);
}

export function sourceRecord(source: InputSource | undefined, callbacks: Callbacks): StreamRecord {
  if (source === undefined || source === 'ignore') return { kind: SOURCE.eof };
  if (source === 'inherit') return { kind: SOURCE.fd, fd: 0 };
  if (typeof source === 'number') return { kind: SOURCE.fd, fd: source };
  if (types.isUint8Array(source)) return { kind: SOURCE.bytes, bytes: source };
  const input = typeof source === 'function' ? Input.ofFunction(countedBy(source)) : Input.of(source);
  return { kind: SOURCE.callback, target: callbacks.add(answerRead(input, source)) };
}

type Fill = (buffer: Uint8Array) => number | PromiseLike<number>;

/** What a function says it has filled is checked before it counts. */
function countedBy(fill: Fill): (buffer: Uint8Array) => number | Promise<number> {
  return (buffer) => {
    const check = (count: unknown) => checkCount(count, buffer, 'stdin');
    const answer = fill(buffer);
    return isPromiseLike(answer) ? Promise.resolve(answer).then(check) : check(answer);
  };
}

export function checkCount(count: unknown, buffer: Uint8Array, what: string): number {
  if (!Number.isInteger(count) || (count as number) < 0 || (count as number) > buffer.byteLength)
    throw wrongType(`an integer from 0 to ${buffer.byteLength}`, `the answer of ${what}`, count);
  return count as number;
}

/** MSG.read. words[0] = a READ, words[1] = the module; answer: words[0] = bytes, words[1] = errno or READ.later. */
function answerRead(input: Input, source: object): Callback {
  return (question) => {
    const { words, bytes, sync } = question;
    const mode = Number(words[0]);
    const module = Number(words[1]);
    const done = (count: number) => {
      words[0] = BigInt(count);
      words[1] = ERRNO.ok;
    };
    const failed = (error: unknown) => {
      words[0] = 0n;
      words[1] = streamErrno(error, false);
      warnOfStream(source, 'stdin', error, question);
    };
    const read = () => {
      try {
        const count = input.read(bytes);
        if (isPromiseLike(count)) return count.then(done, failed);
        done(count);
      } catch (error) {
        failed(error);
      }
      return undefined;
    };
    if (mode === READ.wait) return read();
    const take = mode === READ.now ? read : () => done(0);
    const soon = input.ready();
    if (!soon) return take();
    if (mode === READ.insist) return soon.then(take);
    const told = soon.then(() => native().sourceReady(module)); // the guest may have ended: then nobody listens
    const later = () => {
      words[0] = 0n;
      words[1] = READ.later;
    };
    if (sync) return later();
    // Many a Promise has settled as good as already.
    return Promise.race([told.then(() => true), nextTurn()]).then((isReady) =>
      isReady && input.isReady ? take() : later(),
    );
  };
}

const nextTurn = () => new Promise<boolean>((resolve) => setImmediate(resolve, false));

/** MSG.random: words[0] = bytes, words[1] = errno. */
export function answerCount(fill: Fill, what: string): Callback {
  return (question: Question) => {
    const { words, bytes } = question;
    const done = (count: number) => {
      words[0] = BigInt(checkCount(count, bytes, what));
      words[1] = ERRNO.ok;
    };
    const failed = (error: unknown) => {
      words[0] = 0n;
      words[1] = streamErrno(error, false);
      warnOfStream(fill, what, error, question);
    };
    try {
      const answer = fill(bytes);
      if (isPromiseLike(answer)) return answer.then(done).then(undefined, failed);
      done(answer);
    } catch (error) {
      failed(error);
    }
    return undefined;
  };
}
