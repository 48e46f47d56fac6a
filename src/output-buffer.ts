import { fieldsOf } from './io/fields.js';
import { native } from './native/native.js';
import { OutputBufferState } from './native/owned.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkInteger, checkKeys, checkObject } from './values/validate.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Keeps what a guest writes (Go's bytes.Buffer), without a call to JavaScript per write. Several modules may share one.
 *
 * ```ts
 * const out = new OutputBuffer();
 * await runtime.instantiate(bytes, new ModuleConfig().withStdout(out));
 * console.log(out.text());
 * ```
 */
export class OutputBuffer extends Uncloneable {
  readonly #state: OutputBufferState;
  static {
    fieldsOf.outputBuffer = (value) =>
      typeof value === 'object' && value !== null && #state in value ? value.#state : undefined;
  }

  /**
   * @param options.maxBytes past it the guest gets ENOSPC. Default: 1 MiB.
   */
  constructor(options: { maxBytes?: number } = {}) {
    super();
    checkObject(options, 'options');
    checkKeys(options, ['maxBytes'], 'options');
    const { maxBytes = 2 ** 20 } = options;
    checkInteger(maxBytes, 0, Number.MAX_SAFE_INTEGER, 'options.maxBytes');
    this.#state = new OutputBufferState(maxBytes);
  }

  /** How much is in it. */
  get byteLength(): number {
    const handle = this.#state.handleIfUsed;
    return handle === 0 ? 0 : native().outputBufferSize(handle);
  }

  /** A copy of what was written. */
  bytes(): Uint8Array<ArrayBuffer> {
    const handle = this.#state.handleIfUsed;
    return handle === 0 ? new Uint8Array() : native().outputBufferBytes(handle);
  }

  /** What was written as UTF-8; invalid bytes become U+FFFD. */
  text(): string {
    return decoder.decode(this.bytes());
  }

  /** Empties it. */
  reset(): void {
    const handle = this.#state.handleIfUsed;
    if (handle !== 0) native().outputBufferReset(handle);
  }
}
