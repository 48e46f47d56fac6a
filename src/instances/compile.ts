import { hereInstead } from '../calls/turns.js';
import type { Handle } from '../native/binding.js';
import { STOP } from '../native/binding.js';
import { addActive, native, removeActive } from '../native/native.js';
import { withResolvers } from '../native/owned.js';
import {
  abortedError,
  type ErrorRecord,
  type Interruption,
  invalidArgument,
  makeError,
  unreadableModuleError,
  withStackOfAwaiter,
} from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { Buffer, clearTimeout, now, setImmediate, setTimeout } from '../values/node.js';

export interface TimeLimit {
  /** Of now(), Infinity for none. */
  readonly deadline: number;
  /** What it was made of, for messages. */
  readonly timeoutMs: number;
}
export interface CompileSettings extends TimeLimit {
  readonly signal?: AbortSignal | undefined;
  readonly workers: number;
  /** JSON: ListenerDescription */
  readonly listener?: string | undefined;
}

/** The runtime as its compilations know it. */
export interface CompileOwner {
  readonly handle: Handle;
  readonly requests: Set<CompileRequest>;
}

/** What native code compiles for: the runtime, or a listener of it. */
export const compileTarget = ({ handle }: CompileOwner, listener: string | undefined): Handle =>
  listener === undefined ? handle : native().listenerNew(handle, listener);

/** Of a request that failed. */
export function errorOf(bytes: Uint8Array): Error {
  try {
    return makeError(JSON.parse(Buffer.from(bytes).toString()) as ErrorRecord);
  } catch (error) {
    return unreadableModuleError(error);
  }
}

/** What is copied in one turn of the event loop: three to four milliseconds. */
const PIECE = 4 << 20;
const nothing = new Uint8Array();
/** The bytes of a module, or the path of a file that has them, which native code reads. */
export type Bytes = Uint8Array | string;

/** Requests off the JS thread, by id: who hears the MSG.done of each. */
const requests = new Map<number, Done>();
type Done = (status: number, target: Handle, bytes: Uint8Array) => void;
export const addRequest = (id: number, done: Done): void => void requests.set(id, done);
export function requestDone(id: number, ...answer: Parameters<Done>): void {
  const done = requests.get(id);
  requests.delete(id);
  done?.(...answer);
}

/** What native code does off the JS thread, whose answer is text. */
export function atRequest(begin: (request: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const id = nextId();
    begin(id);
    addActive();
    addRequest(id, (status, _, bytes) => {
      removeActive();
      if (status === 0) resolve(Buffer.from(bytes).toString());
      else reject(errorOf(bytes));
    });
  });
}

/** The pieces of large bytes, a turn of the event loop for each. */
async function* piecesOf(binary: Uint8Array, total = binary.byteLength): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < total; at += PIECE) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (binary.byteLength !== total)
      throw invalidArgument(
        'Expected the bytes of a module to be left alone until it is compiled but they were detached or resized',
      );
    yield binary.subarray(at, at + PIECE);
  }
}

/** For who reads them again when the caller has them back. */
export async function copyOf(binary: Uint8Array): Promise<Uint8Array> {
  if (binary.byteLength <= PIECE) return binary.slice();
  const copy = new Uint8Array(binary.byteLength);
  let at = 0;
  for await (const piece of piecesOf(binary)) {
    copy.set(piece, at);
    at += piece.byteLength;
  }
  return copy;
}

/**
 * A compilation off the JS thread. It settles at its deadline or signal whatever the compiler does; the compiled module that comes after
 * that is closed.
 */
export class CompileRequest {
  readonly #id = nextId();
  readonly #runtime: CompileOwner;
  readonly #ended = withResolvers();
  #settle: { resolve(handle: Handle): void; reject(error: unknown): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopListening: (() => void) | undefined;

  constructor(runtime: CompileOwner) {
    this.#runtime = runtime;
  }

  async run(binary: Bytes, settings: CompileSettings): Promise<Handle> {
    try {
      return await this.#run(binary, settings);
    } catch (error) {
      throw withStackOfAwaiter(error);
    }
  }
  #run(binary: Bytes, settings: CompileSettings): Promise<Handle> {
    const { signal, deadline, timeoutMs } = settings;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw abortedError('the compilation', { reason: 'abort', cause: signal.reason });
      if (typeof binary === 'string' || binary.byteLength > PIECE) void this.#beginLater(binary, settings);
      else {
        const made = this.#begin(binary, settings);
        if (made !== 0) {
          resolve(made);
          this.#ended.resolve();
          return;
        }
      }
      this.#settle = { resolve, reject };
      addRequest(this.#id, (status, compiled, bytes) => this.done(status, compiled, bytes));
      this.#runtime.requests.add(this);
      addActive();
      const stop = (why: Interruption) => {
        void this.cancel(
          abortedError('the compilation', why, timeoutMs),
          why.reason === 'abort' ? STOP.abort : STOP.timeout,
        );
      };
      this.#watch(deadline, stop);
      if (signal) {
        const listener = () => stop({ reason: 'abort', cause: signal.reason });
        signal.addEventListener('abort', listener, { once: true });
        this.#stopListening = () => signal.removeEventListener('abort', listener);
      }
    });
  }

  /** What was made at once, or 0. */
  #begin(binary: Uint8Array, { workers, listener, signal, deadline }: CompileSettings): Handle {
    const target = compileTarget(this.#runtime, listener);
    // A signal may still come in this turn, and what is at once would not hear it.
    const atOnce = signal === undefined && hereInstead.hasTime && deadline > now() + 1;
    return hereInstead.run(() => native().compile(target, binary, workers, this.#id, atOnce ? 1 : 0));
  }

  /** What takes longer than a turn: copying hundreds of MiB takes tenths of seconds, which the event loop does not have. */
  async #beginLater(binary: Bytes, settings: CompileSettings): Promise<void> {
    const { handle } = this.#runtime;
    const total = binary.length;
    try {
      await undefined; // nobody hears yet how it ends
      if (!this.#settle) return this.#finish();
      if (typeof binary === 'string') native().compileFile(handle, this.#id, binary);
      else {
        native().compilePiece(handle, this.#id, total, nothing); // room is found for all until the first comes
        for await (const piece of piecesOf(binary, total)) {
          if (!this.#settle) return this.#finish();
          native().compilePiece(handle, this.#id, total, piece);
        }
      }
      if (!this.#settle) return this.#finish();
      this.#begin(nothing, settings);
    } catch (error) {
      this.#settle?.reject(error);
      native().compileCancel(this.#id, STOP.close);
      this.#finish();
    }
  }

  #watch(deadline: number, stop: (why: Interruption) => void): void {
    if (deadline === Infinity) return;
    const left = deadline - now();
    if (left <= 0) stop({ reason: 'timeout' });
    else this.#timer = setTimeout(() => this.#watch(deadline, stop), Math.min(Math.ceil(left), 0x7fffffff));
  }

  /** Settles at once; the Promise resolves when the native side has let go. */
  cancel(error: Error, reason: number = STOP.close): Promise<void> {
    if (this.#settle) {
      this.#settle.reject(error);
      this.#settle = undefined;
      this.#unwatch();
      native().compileCancel(this.#id, reason);
    }
    return this.#ended.promise;
  }

  progress(): { readonly done: number; readonly functions: number } {
    const words = native().compileProgress(this.#id);
    return { done: Number(words >> 32n), functions: Number(words & 0xffffffffn) };
  }

  #unwatch(): void {
    clearTimeout(this.#timer);
    this.#stopListening?.();
  }

  /** MSG.done. */
  done(status: number, compiled: Handle, bytes: Uint8Array): void {
    const settle = this.#settle;
    if (status !== 0) settle?.reject(errorOf(bytes));
    else if (settle) settle.resolve(compiled);
    else if (compiled !== 0) native().compiledClose(compiled);
    this.#finish();
  }

  #finish(): void {
    this.#runtime.requests.delete(this);
    this.#unwatch();
    removeActive();
    this.#settle = undefined;
    this.#ended.resolve();
  }
}
