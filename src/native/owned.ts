import { closedError } from '../values/errors.js';
import type { Handle } from './binding.js';
import { native } from './native.js';

// Native things that belong to one JavaScript object. The finalizers are the net under a forgotten close, never the way.

/** A finalizer must not throw, and the handle may have gone with its runtime. */
function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // closed already
  }
}

/** A FinalizationRegistry, whose type consumers with ECMAScript 2020 do not have. */
interface Net<T> {
  register(object: object, held: T, token?: object): void;
  unregister(token: object): void;
}
/** The net under objects that nobody closes: `close` gets what each was registered with. */
export const netUnder = <T>(close: (held: T) => void): Net<T> =>
  new FinalizationRegistry((held) => quietly(() => close(held)));

/** Makes what will own the handle. Where that fails nobody else knows of it. */
export function ownerOf<T>(handle: Handle, close: (handle: Handle) => void, make: () => T): T {
  try {
    return make();
  } catch (error) {
    quietly(() => close(handle));
    throw error;
  }
}

const forgottenBuffers = netUnder<Handle>((handle) => native().outputBufferFree(handle));

/** The native half of an OutputBuffer, made on first use. Guests that write to it hold it through their module. */
export class OutputBufferState {
  readonly maxBytes: number;
  #handle: Handle = 0;
  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }
  get handle(): Handle {
    if (this.#handle === 0) {
      this.#handle = native().outputBufferNew(this.maxBytes);
      forgottenBuffers.register(this, this.#handle);
    }
    return this.#handle;
  }
  /** 0: nothing can have been written yet. */
  get handleIfUsed(): Handle {
    return this.#handle;
  }
}

const forgottenCaches = netUnder<Handle>((handle) => native().cacheClose(handle));

/** The native half of a CompilationCache: closed when close() was called and the last runtime that uses it is closed. */
export class CacheState {
  readonly handle: Handle;
  #users = 0;
  #closed = false;
  constructor(directory: string, sharedName: string) {
    this.handle = native().cacheNew(directory, sharedName);
    forgottenCaches.register(this, this.handle, this);
  }
  addUser(): void {
    if (this.#closed) throw closedError('the compilation cache is closed');
    this.#users++;
  }
  removeUser(): void {
    this.#users--;
    if (this.#closed && this.#users === 0) this.#closeNow();
  }
  /** Settles at once: waiting for the runtimes would hang whoever awaits it before he closes them, `await using` included. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#users === 0) this.#closeNow();
  }
  #closeNow(): void {
    forgottenCaches.unregister(this);
    native().cacheClose(this.handle);
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}
/** Promise.withResolvers, which Node 20 lacks. */
export function withResolvers(): PromiseWithResolvers {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}
