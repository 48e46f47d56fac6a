const decoder = new TextDecoder();

/** Bytes from a plugin: a copy that is yours. It reads like a DataView, and cannot be written. */
export class PluginOutput extends DataView<ArrayBuffer> {
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /** @internal */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = bytes;
  }

  /** @throws SyntaxError where it is no JSON */
  json(): any {
    return JSON.parse(this.string());
  }
  arrayBuffer(): ArrayBuffer {
    return this.buffer;
  }
  text(): string {
    return this.string();
  }
  /** UTF-8; invalid bytes become U+FFFD. */
  string(): string {
    return decoder.decode(this.bytes());
  }
  bytes(): Uint8Array<ArrayBuffer> {
    this.#bytes ??= new Uint8Array(this.buffer);
    return this.#bytes;
  }
}

for (const name of Object.getOwnPropertyNames(DataView.prototype))
  if (name.startsWith('set'))
    Object.defineProperty(PluginOutput.prototype, name, {
      value: () => {
        throw new Error('Cannot set values on output');
      },
    });
