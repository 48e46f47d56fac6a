import type { Handle } from '../native/binding.js';
import { STOP } from '../native/binding.js';
import { addActive, native, removeActive } from '../native/native.js';
import { withResolvers } from '../native/owned.js';
import type { ErrorRecord } from '../values/errors.js';
import {
  abortedError,
  type Interruption,
  makeError,
  unreadableModuleError,
  withStackOfAwaiter,
} from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { Buffer, clearTimeout, now, setTimeout } from '../values/node.js';

export interface TimeLimit {
  /** performance.now(), Infinity for none. */
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

function errorOf(bytes: Uint8Array): Error {
  try {
    return makeError(JSON.parse(Buffer.from(bytes).toString()) as ErrorRecord);
  } catch (error) {
    return unreadableModuleError(error);
  }
}

const requests = new Map<number, CompileRequest>();
export const findRequest = (id: number): CompileRequest | undefined => requests.get(id);

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

  async run(binary: Uint8Array, settings: CompileSettings): Promise<Handle> {
    try {
      return await this.#run(binary, settings);
    } catch (error) {
      throw withStackOfAwaiter(error);
    }
  }
  #run(binary: Uint8Array, { signal, deadline, timeoutMs, workers, listener }: CompileSettings): Promise<Handle> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw abortedError('the compilation', { reason: 'abort', cause: signal.reason });
      native().compile(compileTarget(this.#runtime, listener), binary, workers, this.#id);
      this.#settle = { resolve, reject };
      requests.set(this.#id, this);
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
    requests.delete(this.#id);
    this.#runtime.requests.delete(this);
    this.#unwatch();
    removeActive();
    const settle = this.#settle;
    this.#settle = undefined;
    if (status !== 0) settle?.reject(errorOf(bytes));
    else if (settle) settle.resolve(compiled);
    else if (compiled !== 0) native().compiledClose(compiled);
    this.#ended.resolve();
  }
}
