import type { Handle } from '../native/binding.js';
import { native } from '../native/native.js';
import { netUnder } from '../native/owned.js';
import { closedError } from '../values/errors.js';
import type { CompiledState } from './compiled-state.js';

interface Held {
  readonly handle: Handle;
  readonly compiled: CompiledState;
}
function letGo({ handle, compiled }: Held): void {
  native().imageClose(handle);
  compiled.removeInstance();
}
const forgotten = netUnder<Held>(letGo);

/** The runtime as its images know it. */
export interface ImageOwner {
  /** WeakRefs, as those to compiled modules. */
  readonly images: Set<{ deref(): ImageState | undefined }>;
}

/** The state of a module as it was frozen. It keeps what there is to know of its compiled module, closed or not. */
export class ImageState {
  readonly runtime: ImageOwner;
  readonly compiled: CompiledState;
  readonly name: string;
  readonly handle: Handle;
  readonly byteLength: number;
  /** A call waits in a host function: 0 none, 1 one that is asked again, 2 + the number of an imported function one that `answer` is for. */
  readonly waitsIn: number;
  readonly #ref = new WeakRef(this);
  #closed = false;

  constructor(
    runtime: ImageOwner,
    compiled: CompiledState,
    name: string,
    handle: Handle,
    byteLength: number,
    waitsIn: number,
  ) {
    this.runtime = runtime;
    this.compiled = compiled;
    this.name = name;
    this.handle = handle;
    this.byteLength = byteLength;
    this.waitsIn = waitsIn;
    compiled.addInstance();
    runtime.images.add(this.#ref);
    forgotten.register(this, { handle, compiled }, this);
  }

  get closed(): boolean {
    return this.#closed;
  }
  checkOpen(): void {
    if (this.#closed) throw closedError('the image is closed');
  }

  /** Idempotent. Modules of it live on. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.runtime.images.delete(this.#ref);
    forgotten.unregister(this);
    letGo(this);
  }
}
