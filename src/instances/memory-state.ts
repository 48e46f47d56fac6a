import type { Instance } from '../calls/link-group.js';
import type { Handle } from '../native/binding.js';
import { native } from '../native/native.js';
import { busyError, closedError, noExternalBuffersError } from '../values/errors.js';
import type { MemoryDefinition } from '../values/types.js';

const closedText = 'the module that the memory belongs to is closed';

/** A linear memory as one link group sees it. */
export class MemoryState {
  readonly handle: Handle;
  readonly module: Instance & { readonly gone: boolean };
  readonly definition: MemoryDefinition;
  readonly shared: boolean;
  /** Made when it is first asked for. */
  public: object | undefined;
  #buffer: WeakRef<ArrayBuffer> | undefined;
  #generation = 0;

  constructor(module: MemoryState['module'], handle: Handle, definition: MemoryDefinition, shared: boolean) {
    this.module = module;
    this.handle = handle;
    this.definition = definition;
    this.shared = shared;
  }

  /** The handle, where JavaScript may touch the memory. */
  use(): Handle {
    if (this.module.closed) throw closedError(closedText);
    // Bytes that another thread changes may not be read here: V8 crashes when it decodes such bytes. A shared memory is made for it.
    if (!this.shared && this.module.group.isRunning)
      throw busyError('guest code is running in this memory: wait for the call that runs it');
    return this.handle;
  }

  /** Bytes. Native code may have closed the module already, at a deadline, and the message that says so is on its way. */
  size(): number {
    const size = native().memorySize(this.use());
    if (size < 0) throw closedError(closedText);
    return size;
  }

  buffer(): ArrayBuffer {
    const handle = this.use();
    const cached = this.#buffer?.deref();
    const generation = native().memoryGeneration(handle);
    if (cached && generation === this.#generation) return cached;
    this.detach();
    const buffer = this.shared ? undefined : native().memoryBuffer(handle);
    if (!buffer) {
      this.size();
      throw noExternalBuffersError('this memory cannot be shown as an ArrayBuffer: use read and write, which copy');
    }
    this.#buffer = new WeakRef(buffer);
    this.#generation = generation;
    this.module.group.buffers.add(this);
    return buffer;
  }

  detach(): void {
    const buffer = this.#buffer?.deref();
    if (buffer) native().detach(buffer);
    this.#buffer = undefined;
    this.module.group.buffers.delete(this);
  }

  /** Detaches the buffer if the memory grew or moved. */
  refresh(): void {
    if (this.module.gone || native().memoryGeneration(this.handle) !== this.#generation) this.detach();
  }
}
