import type { Handle, NativeBinding } from '../native/binding.js';
import { native } from '../native/native.js';
import { ENDINGS, u32 } from '../values/area.js';
import { busyError, closedError, noExternalBuffersError, type OutOfRangeError, outOfRange } from '../values/errors.js';
import { Buffer } from '../values/node.js';
import type { MemoryDefinition } from '../values/types.js';
import type { ExternOwner } from './owner.js';

const closed = () => closedError('the module that the memory belongs to is closed');

/** Who holds an ArrayBuffer holds its memory: else that would go with its module, and the buffer show nothing. */
const shownIn = new WeakMap<ArrayBuffer, MemoryState>();

export function outside(offset: number, byteCount: number, size: number): OutOfRangeError {
  return outOfRange(`Expected offset ${offset} and ${byteCount} bytes to lie within the ${size} bytes of the memory`);
}

/**
 * A linear memory as one link group sees it.
 *
 * JavaScript reads and writes it through an ArrayBuffer of its own over the live bytes, which nobody else ever holds, so that nobody can
 * transfer or detach it. Whether it may is asked of native code once; the answer holds until guest code has run or the memory may have grown
 * (`doubt`), or the module is closed. Native code frees no memory before it has been told of that close, and the buffer keeps the range.
 */
export class MemoryState {
  readonly handle: Handle;
  readonly module: ExternOwner;
  readonly definition: MemoryDefinition;
  readonly shared: boolean;
  /** Made when it is first asked for. */
  public: object | undefined;
  /** What users were given. */
  #buffer: WeakRef<ArrayBuffer> | undefined;
  #bufferGeneration = 0;
  /** Our own; undefined while there is none. */
  #view: DataView<ArrayBuffer> | undefined;
  #pin: Handle = 0;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #text: Buffer | undefined;
  #size = 0;
  #generation = 0;
  /** The view is of all of the memory, and no guest code runs in it. */
  #sure = false;
  /** There can be none: the memory is shared, or the platform has no such buffers. */
  #copies: boolean;

  constructor(module: MemoryState['module'], handle: Handle, definition: MemoryDefinition, shared: boolean) {
    this.module = module;
    this.handle = handle;
    this.definition = definition;
    this.shared = shared;
    this.#copies = shared;
  }

  /** The handle, where JavaScript may touch the memory. */
  use(): Handle {
    if (this.module.closed) throw closed();
    // Bytes that another thread changes may not be read here: V8 crashes when it decodes such bytes. A shared memory is made for it.
    if (!this.shared && this.module.group.isRunning)
      throw busyError('guest code is running in this memory: wait for the call that runs it');
    return this.handle;
  }

  /**
   * The view, where so many bytes at `offset` lie in the memory and JavaScript may touch them; undefined where it has to ask native code to
   * copy. For this turn, and until anything else is called.
   * @throws BUSY, CLOSED, and what `outside` makes
   */
  at(offset: number, byteCount: number): DataView<ArrayBuffer> | undefined {
    if (!this.#sure || this.module.closed || u32[ENDINGS] !== 0) this.#look();
    const view = this.#view;
    if (view !== undefined && offset > this.#size - byteCount) throw outside(offset, byteCount, this.#size);
    return view;
  }

  /** Whether there is a view that `at` would give; false where it would say why not. */
  has(offset: number, byteCount: number): boolean {
    return this.#sure && offset <= this.#size - byteCount;
  }

  /** Of the view that `at` has just given. */
  bytes(view: DataView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.#bytes ??= new Uint8Array(view.buffer);
    return this.#bytes;
  }
  /** Likewise; for text. */
  text(view: DataView<ArrayBuffer>): Buffer {
    this.#text ??= Buffer.from(view.buffer);
    return this.#text;
  }

  #look(): void {
    const handle = this.use();
    if (this.#copies) return;
    const generation = native().memoryGeneration(handle);
    if (generation < 0) throw closed(); // at a deadline, and the message that says so is on its way
    if (!this.#view || generation !== this.#generation) {
      this.#dropView();
      this.#show(native().memoryView(handle), generation);
    }
    this.#sure = this.#view !== undefined;
    if (this.#sure) this.module.group.buffers.add(this);
  }
  #show(shown: ReturnType<NativeBinding['memoryView']>, generation: number): void {
    if (!shown) {
      if (native().memorySize(this.handle) < 0) throw closed();
      this.#copies = true;
      return;
    }
    const [buffer, pin] = shown;
    this.#pin = pin;
    this.#view = new DataView(buffer);
    this.#size = buffer.byteLength;
    this.#generation = generation;
  }
  /** The range is free at once, not when the ArrayBuffer is collected. */
  #dropView(): void {
    const view = this.#view;
    this.#sure = false;
    this.#view = undefined;
    this.#bytes = undefined;
    this.#text = undefined;
    if (!view) return;
    native().detach(view.buffer);
    native().memoryUnpin(this.#pin);
  }

  /** Bytes. Native code may have closed the module already, at a deadline, and the message that says so is on its way. */
  size(): number {
    if (this.at(0, 0)) return this.#size;
    const size = native().memorySize(this.handle);
    if (size < 0) throw closed();
    return size;
  }

  buffer(): ArrayBuffer {
    const handle = this.use();
    const cached = this.#buffer?.deref();
    const generation = native().memoryGeneration(handle);
    if (generation < 0) throw closed();
    if (cached && generation === this.#bufferGeneration) return cached;
    this.#detachBuffer();
    const buffer = this.shared ? undefined : native().memoryBuffer(handle);
    if (!buffer) {
      this.size();
      throw noExternalBuffersError('this memory cannot be shown as an ArrayBuffer: use read and write, which copy');
    }
    this.#buffer = new WeakRef(buffer);
    shownIn.set(buffer, this);
    this.#bufferGeneration = generation;
    this.module.group.buffers.add(this);
    return buffer;
  }
  #detachBuffer(): void {
    const buffer = this.#buffer?.deref();
    if (buffer) {
      native().detach(buffer);
      shownIn.delete(buffer);
    }
    this.#buffer = undefined;
  }

  /** Guest code is about to run in it on another thread: what users have is detached, and what we have is not touched before it was looked at. */
  hide(): void {
    this.#detachBuffer();
    this.#sure = false;
    this.module.group.buffers.delete(this);
  }

  /** Guest code may have run in it on this thread. */
  refresh(): void {
    this.#sure = false;
    if (!this.#buffer) this.module.group.buffers.delete(this);
    else if (this.module.gone || native().memoryGeneration(this.handle) !== this.#bufferGeneration) this.hide();
  }

  /** Native code may free it after this, or put another one in its place. */
  end(): void {
    this.hide();
    this.#dropView();
  }
}
