import { Buffer } from 'node:buffer';
import { type CallerModule, lend, type Module } from '../index.js';
import { ExtismError } from './errors.js';
import type { Kernel } from './kernel.js';
import { type LogLevel, levelName, levelNumber } from './log-level.js';
import { PluginOutput } from './output.js';
import { type Vars, varName } from './vars.js';

/** What a context knows of its instance of the plugin. */
export interface ContextOwner {
  readonly kernel: Kernel;
  readonly vars: Vars;
  readonly maxVarBytes: number;
  /** Of the host function that runs. */
  readonly caller: CallerModule | undefined;
  readonly hostContext: unknown;
  /** What the plugin has changed comes into `vars`. */
  pullVars(): void;
  /** What has changed in `vars` comes to the plugin. */
  pushVars(through: () => Pick<Module, 'exportedFunction'>): void;
}

/**
 * What a host function is given first: the plugin's side of the host. Handles are blocks of its memory, which are freed when the next call
 * begins. Between calls it can be used, too; while the plugin runs in a call that is not yours, ERR_WAZERO_BUSY.
 */
export class CallContext {
  #of: ContextOwner | undefined;
  /** @internal */
  constructor(owner: ContextOwner) {
    this.#of = owner;
  }
  /** The instance is another's from now on. @internal */
  end(): void {
    this.#of = undefined;
  }
  get #owner(): ContextOwner {
    if (!this.#of)
      throw new ExtismError('ERR_EXTISM_CLOSED', 'the instance of the plugin is closed, or has had its call (fresh)');
    return this.#of;
  }

  /** The third argument of the call that this is in. */
  hostContext<T = unknown>(): T {
    return this.#owner.hostContext as T;
  }

  /** Ours: aborts when the call ends for whatever reason; for fetch and its like. undefined between calls. */
  get signal(): AbortSignal | undefined {
    return this.#owner.caller?.signal;
  }

  /** A block of so many zeros. 0n where there is no room, and for none. */
  alloc(size: bigint | number): bigint {
    return this.#owner.kernel.alloc(this.#through, BigInt(size));
  }
  /** A copy of a block; null where there is none. */
  read(handle: bigint | number): PluginOutput | null {
    const bytes = this.#owner.kernel.read(BigInt.asUintN(64, BigInt(handle)));
    return bytes ? new PluginOutput(bytes) : null;
  }
  /**
   * A block of these bytes, or of text as UTF-8. 0n for none.
   * @throws ExtismError ERR_EXTISM_MEMORY where there is no room
   */
  store(input: string | Uint8Array): bigint {
    const bytes = typeof input === 'string' ? Buffer.from(input) : input;
    const handle = this.#owner.kernel.store(this.#through, bytes);
    if (handle === 0n && bytes.byteLength > 0)
      throw new ExtismError('ERR_EXTISM_MEMORY', 'failed to store output: there is no room (memory.maxPages, limits)');
    return handle;
  }
  /** 0n where there is no such block. */
  length(handle: bigint | number): bigint {
    return this.#owner.kernel.length(BigInt.asUintN(64, BigInt(handle)));
  }
  /** What the call will reject with, as the plugin's own error; null: it will not. */
  setError(error: string | Error | null = null): void {
    const { kernel } = this.#owner;
    const handle = error === null ? 0n : this.store((error instanceof Error ? error.message : error) || 'error');
    kernel.setError(this.#through, handle);
  }

  /** A copy; null where there is none. */
  getVariable(name: string): PluginOutput | null {
    this.#owner.pullVars();
    const value = this.#owner.vars.get(varName(name));
    return value ? new PluginOutput(new Uint8Array(value)) : null;
  }
  /** @throws ExtismError ERR_EXTISM_VARS where there would be more than `memory.maxVarBytes` */
  setVariable(name: string, value: string | Uint8Array): void {
    const { vars, maxVarBytes } = this.#owner;
    this.#owner.pullVars();
    vars.set(varName(name), typeof value === 'string' ? Buffer.from(value) : value.slice(), maxVarBytes);
    this.#owner.pushVars(this.#through);
  }
  deleteVariable(name: string): void {
    this.#owner.pullVars();
    this.#owner.vars.delete(varName(name));
    this.#owner.pushVars(this.#through);
  }

  /** Of this instance of the plugin. */
  get logLevel(): LogLevel {
    return levelName(this.#owner.kernel.logLevel);
  }
  set logLevel(level: LogLevel) {
    this.#owner.kernel.logLevel = levelNumber(level);
  }

  /** Where the kernel is called from here. */
  readonly #through = (): Module => {
    const { kernel, caller } = this.#owner;
    return caller ? lend(caller, kernel.module) : kernel.module;
  };
}
