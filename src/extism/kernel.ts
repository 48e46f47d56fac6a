import { Buffer } from 'node:buffer';
import type { ExportedFunction, Memory, Module } from '../index.js';
import type { VarName } from './vars.js';

// The control words of kernel.wat, by name.
const BASE = 0;
const LOG_LEVEL = 4;
const OUTPUT_IS_SET = 8;
const OUTPUT_HANDLE = 12;
const OUTPUT_LENGTH = 16;
const ERROR_IS_SET = 20;
const ERROR_HANDLE = 24;
const ERROR_LENGTH = 28;
const VAR_CHANGES = 32;
const VARS_BEGIN = 36;
const VARS_END = 40;
const VAR_BYTES = 44;
const MOST_VAR_BYTES = 48;
const MOST_BLOCK_BYTES = 56;
const HTTP_STATUS = 64;
const ALLOC_REFUSED = 68;
const VARS_IN_CHANGE = 72;
const POSITION = 76;
const DIRTY = 80;
const COUNT = 84;
const USED = 88;
const RECORDS = 128;
/** Of the table of blocks. */
const ENTRY = 12;
const FREE = 0xffff_ffff;

/** Functions of kernel.wat that no plugin may import. */
export const ofHost: ReadonlySet<string> = new Set(['begin', 'room']);

const mostOfMemory = 0xffff_ffff;
const pageSize = 65_536;
const mostPages = 65_536;

/** Where kernel functions are called: on the kernel's own module, or on it as it is lent to a host function. */
type Through = Pick<Module, 'exportedFunction'>;

/** An instance of kernel.wat: a plugin's side of the host. Not while a guest runs: its memory is BUSY then. */
export class Kernel {
  readonly module: Module;
  readonly #memory: Memory;
  readonly #begin: ExportedFunction<readonly ['i32'], readonly ['i32']>;

  /** `isSet`: of an image, which has its limits. */
  constructor(module: Module, limits: { maxPages: number | undefined; maxVarBytes: number }, isSet = false) {
    this.module = module;
    this.#memory = module.memory as Memory;
    this.#begin = module.exportedFunction('begin', ['i32'], ['i32']);
    if (isSet) return;
    const { maxPages } = limits;
    // js-sdk counts a block of one byte for the null page.
    if (maxPages) this.#memory.writeUint64Le(MOST_BLOCK_BYTES, BigInt(Math.min(maxPages, mostPages) * pageSize - 1));
    this.#memory.writeUint32Le(MOST_VAR_BYTES, Math.min(limits.maxVarBytes, mostOfMemory));
  }

  // ---------------------------------------------------------------- calls

  /** Frees all blocks, and takes the input. False: there is no room for it. */
  begin(input: Uint8Array): boolean {
    const address = this.#begin.callSync(input.byteLength) >>> 0;
    if (address === 0) return false;
    if (input.byteLength > 0) this.#memory.write(address, input);
    return true;
  }
  /** undefined: the plugin has set none. */
  output(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#word(OUTPUT_IS_SET) === 0) return undefined;
    return this.#block(this.#word(OUTPUT_HANDLE), this.#word(OUTPUT_LENGTH));
  }
  error(): string | undefined {
    if (this.#word(ERROR_IS_SET) === 0) return undefined;
    const length = this.#word(ERROR_LENGTH);
    return length === 0 ? '' : this.#memory.readString(this.#address(this.#word(ERROR_HANDLE)), length);
  }
  /** An alloc was refused since the call began. */
  get allocRefused(): boolean {
    return this.#word(ALLOC_REFUSED) !== 0;
  }
  reset(): void {
    this.module.exportedFunction('reset', [], []).callSync();
  }

  // ---------------------------------------------------------------- blocks

  /** A block of zeros. 0n: there is no room, or nothing was asked for. */
  alloc(through: () => Through, length: bigint): bigint {
    if (length > 0n && length <= mostOfMemory) {
      const handle = this.#bump(Number(length));
      if (handle !== 0) {
        this.#clear(handle, handle + rounded(Number(length)));
        return BigInt(handle);
      }
    }
    return through().exportedFunction('alloc', ['i64'], ['i64']).callSync(BigInt.asUintN(64, length));
  }
  /** 0n: there is no such block. */
  length(handle: bigint): bigint {
    const entry = this.#entry(handle);
    return entry === undefined ? 0n : BigInt(this.#word(entry + 4));
  }

  // The twins of what kernel.wat does for nearly every alloc and length: a call into the kernel, in the middle of one into the plugin, takes
  // longer than all else that a host function needs.

  /** `$block` where there is room behind the last one; 0: there is none. What was there before still is. */
  #bump(length: number): number {
    const need = rounded(length);
    const [position, count] = [this.#word(POSITION), this.#word(COUNT)];
    const entry = this.#memory.size() - ENTRY * (count + 1);
    const used = this.#memory.readUint64Le(USED) + BigInt(length);
    if (length === 0 || this.#word(BASE) + position + need > entry) return 0;
    if (used > this.#memory.readUint64Le(MOST_BLOCK_BYTES)) return 0;
    this.#memory.writeUint32Le(entry, position);
    this.#memory.writeUint32Le(entry + 4, length);
    this.#memory.writeUint32Le(entry + 8, need);
    this.#memory.writeUint32Le(COUNT, count + 1);
    this.#memory.writeUint32Le(POSITION, position + need);
    this.#memory.writeUint64Le(USED, used);
    return position;
  }
  /** Zeros up to the end of a block, which is part of what may hold what was from now on. */
  #clear(from: number, end: number): void {
    const dirty = this.#word(DIRTY);
    const zeros = Math.min(end, dirty) - from;
    if (zeros > 0) this.#memory.write(this.#address(from), new Uint8Array(zeros));
    if (end > dirty) this.#memory.writeUint32Le(DIRTY, end);
  }
  /** `$find`. */
  #entry(handle: bigint): number | undefined {
    if (handle >= BigInt(this.#word(POSITION))) return undefined;
    const wanted = Number(handle);
    const end = this.#memory.size();
    let high = this.#word(COUNT);
    for (let low = 0; low < high; ) {
      const middle = (low + high) >>> 1;
      const entry = end - ENTRY * (middle + 1);
      const at = this.#word(entry);
      if (at === wanted) return this.#word(entry + 4) === FREE ? undefined : entry;
      if (at < wanted) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }
  setError(through: () => Through, handle: bigint): void {
    through().exportedFunction('error_set', ['i64'], []).callSync(handle);
  }
  /** undefined: there is no such block. */
  read(handle: bigint): Uint8Array<ArrayBuffer> | undefined {
    const length = this.length(handle);
    return length === 0n ? undefined : this.#block(Number(handle), Number(length));
  }
  /** A block of these bytes; 0n: there is no room, or there are none. */
  store(through: () => Through, bytes: Uint8Array): bigint {
    const length = bytes.byteLength;
    let handle = this.#bump(length);
    if (handle === 0) handle = Number(this.alloc(through, BigInt(length)));
    else this.#clear(handle + length, handle + rounded(length));
    if (handle !== 0) this.#memory.write(this.#address(handle), bytes);
    return BigInt(handle);
  }
  #address(handle: number): number {
    return this.#word(BASE) + handle;
  }
  #block(handle: number, length: number): Uint8Array<ArrayBuffer> {
    return length === 0 ? new Uint8Array(0) : this.#memory.read(this.#address(handle), length);
  }
  /** What the kernel has passed as address and length. */
  bytesAt(address: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#memory.read(address >>> 0, length >>> 0);
  }
  textAt(address: number, length: number): string {
    return this.#memory.readString(address >>> 0, length >>> 0);
  }

  // ---------------------------------------------------------------- words

  set httpStatus(status: number) {
    this.#memory.writeUint32Le(HTTP_STATUS, status);
  }
  get logLevel(): number {
    return this.#word(LOG_LEVEL);
  }
  set logLevel(level: number) {
    this.#memory.writeUint32Le(LOG_LEVEL, level);
  }
  #word(at: number): number {
    return this.#memory.readUint32Le(at);
  }

  // ---------------------------------------------------------------- config and vars

  /** Goes up with each change that the plugin makes to its vars. */
  get varChanges(): number {
    return this.#word(VAR_CHANGES);
  }
  /** undefined: the plugin was stopped in the middle of a change. */
  readVars(): Map<VarName, Uint8Array> | undefined {
    if (this.#word(VARS_IN_CHANGE) !== 0) return undefined;
    const begin = this.#word(VARS_BEGIN);
    const { buffer } = this.#memory.read(begin, this.#word(VARS_END) - begin);
    const records = Buffer.from(buffer);
    const vars = new Map<VarName, Uint8Array>();
    for (let at = 0; at < records.byteLength; ) {
      const key = at + 8;
      const value = key + records.readUInt32LE(at);
      const end = value + records.readUInt32LE(at + 4);
      vars.set(records.toString('latin1', key, value) as VarName, records.subarray(value, end));
      at = end;
    }
    return vars;
  }
  writeConfig(through: () => Through, config: ReadonlyMap<VarName, Uint8Array>): boolean {
    const records = recordsOf(config);
    if (!this.#room(through, RECORDS + records.byteLength)) return false;
    this.#memory.write(RECORDS, records);
    for (const word of [VARS_BEGIN, VARS_END]) this.#memory.writeUint32Le(word, RECORDS + records.byteLength);
    return true;
  }
  /** False: there is no room, and nothing has changed. */
  writeVars(through: () => Through, vars: ReadonlyMap<VarName, Uint8Array>): boolean {
    const records = recordsOf(vars);
    const begin = this.#word(VARS_BEGIN);
    if (!this.#room(through, begin + records.byteLength)) return false;
    this.#memory.write(begin, records);
    this.#memory.writeUint32Le(VARS_END, begin + records.byteLength);
    let bytes = 0;
    for (const value of vars.values()) bytes += value.byteLength;
    this.#memory.writeUint32Le(VAR_BYTES, bytes);
    this.#memory.writeUint32Le(VARS_IN_CHANGE, 0);
    return true;
  }
  #room(through: () => Through, end: number): boolean {
    if (end <= this.#word(BASE)) return true;
    return through().exportedFunction('room', ['i64'], ['i32']).callSync(BigInt(end)) === 1;
  }
}

/** What a block takes. */
const rounded = (length: number) => Math.ceil(length / 8) * 8;

function recordsOf(values: ReadonlyMap<VarName, Uint8Array>): Buffer {
  let size = 0;
  for (const [name, value] of values) size += 8 + name.length + value.byteLength;
  const records = Buffer.allocUnsafe(size);
  let at = 0;
  for (const [name, value] of values) {
    records.writeUInt32LE(name.length, at);
    records.writeUInt32LE(value.byteLength, at + 4);
    records.write(name, at + 8, 'latin1');
    records.set(value, at + 8 + name.length);
    at += 8 + name.length + value.byteLength;
  }
  return records;
}
