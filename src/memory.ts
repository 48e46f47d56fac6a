import { type MemoryState, outside } from './instances/memory-state.js';
import { native } from './native/native.js';
import { Birth } from './values/birth.js';
import { inspectedAs, shownName, shownOr } from './values/inspect.js';
import { Buffer } from './values/node.js';
import type { MemoryDefinition } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkBytes, checkInteger, checkString, isShared, MAX_U32, wrongRange, wrongType } from './values/validate.js';

const birth = new Birth<MemoryState>();
let make: (state: MemoryState) => Memory;
let read: (value: unknown) => MemoryState | undefined;
/** The same object whenever it is asked for. Not exported by the package. */
export function publicMemory(state: MemoryState): Memory {
  state.public ??= make(state);
  return state.public as Memory;
}
/** Not exported by the package. */
export const memoryStateOf = (value: unknown): MemoryState | undefined => read(value);

// Where a memory has no view, single values go through these: eight bytes, little endian.
const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);
const parts = Array.from({ length: 9 }, (_, byteCount) => scratch.subarray(0, byteCount));

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** Text of so few characters is written by a loop, where it is ASCII: the way into V8 takes longer. */
const few = 24;
/** What toString calls, behind checks that take longer than a short text: not documented, and in every version of Node. */
type Sliced = Buffer & { utf8Slice?(start: number, end: number): string };
/** What Buffer decodes in every version of Node; the rest, in a memory of more than 2 GiB, goes another way. */
const mostText = 2 ** 31 - 1;

/**
 * A linear memory (wazero: api.Memory) of a module, or one that the host has made (`Runtime.newMemory`). Offsets and sizes are in bytes; what lies outside is a RangeError with code
 * ERR_WAZERO_OUT_OF_RANGE.
 *
 * While guest code runs in this memory on another thread (a call() that is not parked in a host function), every method and `buffer` give
 * ERR_WAZERO_BUSY; not so for a shared memory (threads). After its module is closed they give ERR_WAZERO_CLOSED.
 */
export class Memory extends Uncloneable {
  readonly #state: MemoryState;
  static {
    make = (state) => birth.give(state, () => new Memory());
    read = (value) => (typeof value === 'object' && value !== null && #state in value ? value.#state : undefined);
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
    const view = this.#state.at(offset, byteCount);
    if (view && byteCount < many) return this.#state.bytes(view).slice(offset, offset + byteCount);
    if (!view) this.#checkWithin(offset, byteCount); // before it is allocated
    const bytes = room(byteCount);
    if (view) bytes.set(this.#state.bytes(view).subarray(offset, offset + byteCount));
    else this.#copyOut(offset, bytes); // all of it
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    checkOffset(offset);
    checkBytes(bytes, 'bytes');
    const { length } = bytes; // byteLength is no field to V8 before Node 22
    const view = this.#state.at(offset, length);
    if (view) {
      if (length > 0) this.#state.bytes(view).set(bytes, offset); // one that is detached has none
    } else {
      // Another thread could change a shared one meanwhile, and native code takes none.
      this.#copyIn(offset, isShared(bytes) ? bytes.slice() : bytes);
    }
  }

  /** UTF-8; invalid bytes become U+FFFD. */
  readString(offset: number, byteCount: number): string {
    checkOffset(offset);
    checkInteger(byteCount, 0, Number.MAX_SAFE_INTEGER, 'byteCount');
    const end = offset + byteCount;
    const view = this.#state.at(offset, byteCount);
    if (!view) return decoder.decode(this.read(offset, byteCount));
    if (end > mostText) return decoder.decode(this.#state.bytes(view).subarray(offset, end));
    const text: Sliced = this.#state.text(view);
    return text.utf8Slice?.(offset, end) ?? text.toString('utf8', offset, end);
  }

  /** UTF-8. Returns how many bytes were written. */
  writeString(offset: number, value: string): number {
    checkOffset(offset);
    checkString(value, 'value');
    const { length } = value;
    if (length <= few && isAscii(value)) {
      const view = this.#state.at(offset, length);
      if (view) {
        const bytes = this.#state.bytes(view);
        for (let i = 0; i < length; i++) bytes[offset + i] = value.charCodeAt(i);
        return length;
      }
    }
    // Nothing is written where not all of it has room, so what may not have is counted first.
    const most = this.#state.has(offset, 3 * length) ? 3 * length : Buffer.byteLength(value);
    const view = this.#state.at(offset, most);
    if (view) return encoder.encodeInto(value, new Uint8Array(view.buffer, offset, most)).written;
    const bytes = encoder.encode(value);
    this.#copyIn(offset, bytes);
    return bytes.byteLength;
  }

  readByte(offset: number): number {
    checkOffset(offset);
    const view = this.#state.at(offset, 1);
    return view ? view.getUint8(offset) : this.#copied(offset, 1).getUint8(0);
  }
  writeByte(offset: number, value: number): void {
    checkOffset(offset);
    checkInteger(value, 0, 0xff, 'value');
    const view = this.#state.at(offset, 1);
    if (view) {
      view.setUint8(offset, value);
    } else {
      scratchView.setUint8(0, value);
      this.#copyIn(offset, parts[1] as Uint8Array);
    }
  }

  readUint16Le(offset: number): number {
    checkOffset(offset);
    const view = this.#state.at(offset, 2);
    return view ? view.getUint16(offset, true) : this.#copied(offset, 2).getUint16(0, true);
  }
  writeUint16Le(offset: number, value: number): void {
    checkOffset(offset);
    checkInteger(value, 0, 0xffff, 'value');
    const view = this.#state.at(offset, 2);
    if (view) {
      view.setUint16(offset, value, true);
    } else {
      scratchView.setUint16(0, value, true);
      this.#copyIn(offset, parts[2] as Uint8Array);
    }
  }

  readUint32Le(offset: number): number {
    checkOffset(offset);
    const view = this.#state.at(offset, 4);
    return view ? view.getUint32(offset, true) : this.#copied(offset, 4).getUint32(0, true);
  }
  writeUint32Le(offset: number, value: number): void {
    checkOffset(offset);
    checkInteger(value, 0, MAX_U32, 'value');
    const view = this.#state.at(offset, 4);
    if (view) {
      view.setUint32(offset, value, true);
    } else {
      scratchView.setUint32(0, value, true);
      this.#copyIn(offset, parts[4] as Uint8Array);
    }
  }

  readUint64Le(offset: number): bigint {
    checkOffset(offset);
    const view = this.#state.at(offset, 8);
    return view ? view.getBigUint64(offset, true) : this.#copied(offset, 8).getBigUint64(0, true);
  }
  writeUint64Le(offset: number, value: bigint): void {
    checkOffset(offset);
    checkUint64(value);
    const view = this.#state.at(offset, 8);
    if (view) {
      view.setBigUint64(offset, value, true);
    } else {
      scratchView.setBigUint64(0, value, true);
      this.#copyIn(offset, parts[8] as Uint8Array);
    }
  }

  readFloat32Le(offset: number): number {
    checkOffset(offset);
    const view = this.#state.at(offset, 4);
    return view ? view.getFloat32(offset, true) : this.#copied(offset, 4).getFloat32(0, true);
  }
  writeFloat32Le(offset: number, value: number): void {
    checkOffset(offset);
    checkNumber(value);
    const view = this.#state.at(offset, 4);
    if (view) {
      view.setFloat32(offset, value, true);
    } else {
      scratchView.setFloat32(0, value, true);
      this.#copyIn(offset, parts[4] as Uint8Array);
    }
  }

  readFloat64Le(offset: number): number {
    checkOffset(offset);
    const view = this.#state.at(offset, 8);
    return view ? view.getFloat64(offset, true) : this.#copied(offset, 8).getFloat64(0, true);
  }
  writeFloat64Le(offset: number, value: number): void {
    checkOffset(offset);
    checkNumber(value);
    const view = this.#state.at(offset, 8);
    if (view) {
      view.setFloat64(offset, value, true);
    } else {
      scratchView.setFloat64(0, value, true);
      this.#copyIn(offset, parts[8] as Uint8Array);
    }
  }

  // Where there is no view: by native code, which looks at the range itself.
  #copied(offset: number, byteCount: number): DataView {
    this.#copyOut(offset, parts[byteCount] as Uint8Array);
    return scratchView;
  }
  #copyOut(offset: number, into: Uint8Array): void {
    if (!native().memoryRead(this.#state.handle, offset, into)) this.#checkWithin(offset, into.byteLength);
  }
  #copyIn(offset: number, bytes: Uint8Array): void {
    if (!native().memoryWrite(this.#state.handle, offset, bytes)) this.#checkWithin(offset, bytes.byteLength);
  }
  #checkWithin(offset: number, byteCount: number): void {
    const size = this.#state.size();
    if (byteCount > size || offset > size - byteCount) throw outside(offset, byteCount, size);
  }
}

/** For bytes that are all written next: many are not zeroed first. */
const many = 4096;
const room = (byteCount: number): Uint8Array<ArrayBuffer> =>
  byteCount < many ? new Uint8Array(byteCount) : new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
  return true;
}

function checkOffset(offset: unknown): asserts offset is number {
  checkInteger(offset, 0, Number.MAX_SAFE_INTEGER, 'offset');
}
function checkNumber(value: unknown): void {
  if (typeof value !== 'number') throw wrongType('a number', 'value', value);
}
function checkUint64(value: unknown): void {
  if (typeof value !== 'bigint') throw wrongType('a bigint', 'value', value);
  if (BigInt.asUintN(64, value) !== value) throw wrongRange('a bigint from 0 to 2^64-1', 'value', value);
}
