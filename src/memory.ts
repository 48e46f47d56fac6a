import type { MemoryState } from './instances/memory-state.js';
import { native } from './native/native.js';
import { Birth } from './values/birth.js';
import { outOfRange } from './values/errors.js';
import { inspectedAs, shownName, shownOr } from './values/inspect.js';
import { Buffer } from './values/node.js';
import type { MemoryDefinition } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkBytes, checkInteger, checkString, isShared, MAX_U32, wrongRange, wrongType } from './values/validate.js';

const birth = new Birth<MemoryState>();
let make: (state: MemoryState) => Memory;
/** Not exported by the package. */
export const makeMemory = (state: MemoryState): Memory => make(state);

// Single values go through these: eight bytes, little endian.
const scratch = new Uint8Array(8);
const view = new DataView(scratch.buffer);
const one = scratch.subarray(0, 1);
const two = scratch.subarray(0, 2);
const four = scratch.subarray(0, 4);

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * A linear memory (wazero: api.Memory). Offsets and sizes are in bytes; what lies outside is a RangeError with code
 * ERR_WAZERO_OUT_OF_RANGE.
 *
 * While guest code runs in this memory on another thread (a call() that is not parked in a host function), every method and `buffer` give
 * ERR_WAZERO_BUSY; not so for a shared memory (threads). After its module is closed they give ERR_WAZERO_CLOSED.
 */
export class Memory extends Uncloneable {
  readonly #state: MemoryState;
  static {
    make = (state) => birth.give(state, () => new Memory());
    inspectedAs('Memory', Memory.prototype, (memory) => ({
      byteLength: shownOr(() => memory.size()),
      min: memory.definition.min,
      max: memory.definition.max,
      module: shownName(memory.#state.module.name),
    }));
  }
  private constructor() {
    super();
    this.#state = birth.take('Memory');
  }

  get definition(): MemoryDefinition {
    return this.#state.definition;
  }

  /** Bytes. */
  size(): number {
    return this.#state.size();
  }

  /** Grows by pages of 64 KiB. Returns the previous size in pages, -1 where it is refused. Detaches `buffer`. */
  grow(deltaPages: number): number {
    checkInteger(deltaPages, 0, MAX_U32, 'deltaPages');
    const previous = native().memoryGrow(this.#state.use(), deltaPages);
    if (previous < 0) this.#state.size(); // closed is another answer than refused
    this.#state.refresh();
    return previous;
  }

  /**
   * The live memory, not a copy. Detached by grow, by close, and whenever guest code enters it from call(): take it again after each of
   * them.
   * @throws WazeroError ERR_WAZERO_NO_EXTERNAL_BUFFERS for shared memory, and where the platform has no such buffers: read and write work
   */
  get buffer(): ArrayBuffer {
    return this.#state.buffer();
  }

  /** A copy. */
  read(offset: number, byteCount: number): Uint8Array<ArrayBuffer> {
    checkOffset(offset);
    checkInteger(byteCount, 0, Number.MAX_SAFE_INTEGER, 'byteCount');
    const size = this.size();
    if (byteCount > size || offset > size - byteCount) throw outside(offset, byteCount, size); // before it is allocated
    const bytes = room(byteCount);
    this.#read(offset, bytes); // all of it
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    checkOffset(offset);
    checkBytes(bytes, 'bytes');
    // Another thread could change a shared one meanwhile, and native code takes none.
    this.#write(offset, isShared(bytes) ? bytes.slice() : bytes);
  }

  /** UTF-8; invalid bytes become U+FFFD. */
  readString(offset: number, byteCount: number): string {
    return decoder.decode(this.read(offset, byteCount));
  }

  /** UTF-8. Returns how many bytes were written. */
  writeString(offset: number, value: string): number {
    checkOffset(offset);
    checkString(value, 'value');
    const bytes = encoder.encode(value);
    this.#write(offset, bytes);
    return bytes.byteLength;
  }

  readByte(offset: number): number {
    this.#readValue(offset, one);
    return view.getUint8(0);
  }
  writeByte(offset: number, value: number): void {
    checkOffset(offset);
    checkInteger(value, 0, 0xff, 'value');
    view.setUint8(0, value);
    this.#write(offset, one);
  }

  readUint16Le(offset: number): number {
    this.#readValue(offset, two);
    return view.getUint16(0, true);
  }
  writeUint16Le(offset: number, value: number): void {
    checkOffset(offset);
    checkInteger(value, 0, 0xffff, 'value');
    view.setUint16(0, value, true);
    this.#write(offset, two);
  }

  readUint32Le(offset: number): number {
    this.#readValue(offset, four);
    return view.getUint32(0, true);
  }
  writeUint32Le(offset: number, value: number): void {
    checkOffset(offset);
    checkInteger(value, 0, MAX_U32, 'value');
    view.setUint32(0, value, true);
    this.#write(offset, four);
  }

  readUint64Le(offset: number): bigint {
    this.#readValue(offset, scratch);
    return view.getBigUint64(0, true);
  }
  writeUint64Le(offset: number, value: bigint): void {
    checkOffset(offset);
    if (typeof value !== 'bigint') throw wrongType('a bigint', 'value', value);
    if (value < 0n || value >= 2n ** 64n) throw wrongRange('a bigint from 0 to 2^64-1', 'value', value);
    view.setBigUint64(0, value, true);
    this.#write(offset, scratch);
  }

  readFloat32Le(offset: number): number {
    this.#readValue(offset, four);
    return view.getFloat32(0, true);
  }
  writeFloat32Le(offset: number, value: number): void {
    checkOffset(offset);
    checkNumber(value);
    view.setFloat32(0, value, true);
    this.#write(offset, four);
  }

  readFloat64Le(offset: number): number {
    this.#readValue(offset, scratch);
    return view.getFloat64(0, true);
  }
  writeFloat64Le(offset: number, value: number): void {
    checkOffset(offset);
    checkNumber(value);
    view.setFloat64(0, value, true);
    this.#write(offset, scratch);
  }

  #readValue(offset: number, into: Uint8Array): void {
    checkOffset(offset);
    this.#read(offset, into);
  }
  #read(offset: number, into: Uint8Array): void {
    if (!native().memoryRead(this.#state.use(), offset, into))
      throw outside(offset, into.byteLength, this.#state.size());
  }
  #write(offset: number, bytes: Uint8Array): void {
    if (!native().memoryWrite(this.#state.use(), offset, bytes))
      throw outside(offset, bytes.byteLength, this.#state.size());
  }
}

/** For bytes that are all written next: many are not zeroed first. */
const many = 4096;
const room = (byteCount: number): Uint8Array<ArrayBuffer> =>
  byteCount < many ? new Uint8Array(byteCount) : new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);

function checkOffset(offset: unknown): asserts offset is number {
  checkInteger(offset, 0, Number.MAX_SAFE_INTEGER, 'offset');
}
function checkNumber(value: unknown): void {
  if (typeof value !== 'number') throw wrongType('a number', 'value', value);
}
function outside(offset: number, byteCount: number, size: number): Error {
  return outOfRange(`Expected offset ${offset} and ${byteCount} bytes to lie within the ${size} bytes of the memory`);
}
