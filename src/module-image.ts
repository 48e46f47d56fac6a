import { checkPath, saveImage } from './instances/image-file.js';
import type { ImageState } from './instances/image-state.js';
import { Birth } from './values/birth.js';
import { inspectedAs, shownName } from './values/inspect.js';
import { Uncloneable } from './values/uncloneable.js';

const birth = new Birth<ImageState>();
let make: (state: ImageState) => ModuleImage;
let read: (value: unknown) => ImageState | undefined;
/** Not exported by the package. */
export const makeModuleImage = (state: ImageState): ModuleImage => make(state);
export const imageStateOf = (value: unknown): ImageState | undefined => read(value);

/**
 * The frozen state of a module: memory, tables, globals. `Runtime.instantiateModule` makes modules of it that begin there; they share its pages
 * until they write them. It needs its runtime, and keeps its compiled code.
 *
 * What a guest has once drawn at random (the seeds of its hash tables, say) is the same in all modules of an image: see docs/images.md.
 */
export class ModuleImage extends Uncloneable implements AsyncDisposable, Disposable {
  readonly #state: ImageState;
  static {
    make = (state) => birth.give(state, () => new ModuleImage());
    read = (value) => (typeof value === 'object' && value !== null && #state in value ? value.#state : undefined);
    inspectedAs('ModuleImage', ModuleImage.prototype, (image) => ({
      name: shownName(image.name),
      byteLength: image.byteLength,
      isWaiting: image.isWaiting,
      isClosed: image.#state.closed,
    }));
  }
  private constructor() {
    super();
    this.#state = birth.take('ModuleImage');
  }

  /** That of the module that was frozen. */
  get name(): string {
    return this.#state.name;
  }

  /** Bytes that it holds: pages of 4 KiB that are not all zero, and what is not memory. They count for `limits.totalMemoryBytes`. */
  get byteLength(): number {
    return this.#state.byteLength;
  }

  /** The guest waited in a host function, or at its first read of stdin: modules of it go on from there. */
  get isWaiting(): boolean {
    return this.#state.waitsIn > 0;
  }

  /**
   * Writes it to a file, beside it and renamed, with a checksum: for `Runtime.loadImage`, also of another process. It holds data of the guest and no
   * machine code (of a guest that waits also its stack, for the same build of this package); whoever reads it reads the guest's memory. The file can only be read, by its owner.
   *
   * Rejects with TypeError where the path cannot be written to, or has something that is no file (a folder, a device); ERR_WAZERO_CLOSED.
   */
  async save(path: string | URL): Promise<void> {
    await saveImage(this.#state, checkPath(path));
  }

  /** Idempotent. Modules that were made of it live on, and can be reset. */
  async close(): Promise<void> {
    this.#state.close();
  }
  closeSync(): void {
    this.#state.close();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
  [Symbol.dispose](): void {
    this.closeSync();
  }
}
