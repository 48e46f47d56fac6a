import { type CheckedOptions, defaultOptions } from '../calls/options.js';
import type { RuntimeFields } from '../io/fields.js';
import type { Handle } from '../native/binding.js';
import { native } from '../native/native.js';
import type { CacheState } from '../native/owned.js';
import { netUnder } from '../native/owned.js';
import { busyError, closedError } from '../values/errors.js';
import type { Limits } from '../values/types.js';
import type { CompileOwner, CompileRequest } from './compile.js';
import type { CompiledOwner, CompiledState } from './compiled-state.js';
import { runtimeRecord } from './flatten.js';
import { HostTemplates } from './host-template.js';
import type { ImageOwner, ImageState } from './image-state.js';
import type { ModuleOwner, ModuleState } from './module-state.js';
import type { Closable } from './owner.js';

interface Owned {
  readonly handle: Handle;
  readonly cache: CacheState | undefined;
}
function closeNatively({ handle, cache }: Owned, exitCode: number): void {
  try {
    native().runtimeClose(handle, exitCode);
  } finally {
    cache?.removeUser();
  }
}
// A runtime is forgotten when nothing of it is held: its compiled modules and modules hold it, and a call in flight holds those.
const forgotten = netUnder<Owned>((owned) => closeNatively(owned, 0));

/** A Runtime's inside: what was made by it, and its end. */
export class RuntimeState implements ModuleOwner, CompiledOwner, ImageOwner, CompileOwner {
  readonly handle: Handle;
  readonly engine: 'compiler' | 'interpreter';
  readonly closeOnContextDone: boolean;
  readonly closeOnTrap: boolean;
  /** Of a call that is given none. */
  readonly defaultOptions: CheckedOptions;
  readonly limits: Limits;
  readonly modules = new Set<{ deref(): Closable | undefined }>();
  readonly names = new Map<string, ModuleState>();
  readonly compiled = new Set<{ deref(): CompiledState | undefined }>();
  readonly images = new Set<{ deref(): ImageState | undefined }>();
  readonly hostTemplates = new HostTemplates();
  readonly requests = new Set<CompileRequest>();
  readonly #owned: Owned;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(fields: RuntimeFields) {
    const cache = fields.compilationCache;
    cache?.addUser();
    try {
      const { handle, engine } = native().runtimeNew(runtimeRecord(fields));
      this.handle = handle;
      this.engine = engine;
    } catch (error) {
      cache?.removeUser();
      throw error;
    }
    this.closeOnContextDone = fields.closeOnContextDone;
    this.closeOnTrap = fields.closeOnTrap;
    this.defaultOptions = defaultOptions(fields.defaultTimeoutMs, fields.closeOnContextDone, fields.fuel);
    this.limits = fields.limits;
    this.#owned = { handle: this.handle, cache };
    forgotten.register(this, this.#owned, this);
  }

  get closed(): boolean {
    return this.#closed;
  }
  checkOpen(): void {
    if (this.#closed) throw closedError('the runtime is closed');
  }

  /** As wazero closes them. */
  newestFirst(): Closable[] {
    const open: Closable[] = [];
    for (const place of this.modules) {
      const module = place.deref();
      if (module === undefined) this.modules.delete(place);
      else open.push(module);
    }
    return open.sort((a, b) => b.id - a.id);
  }

  close(exitCode: number): Promise<void> {
    this.#closing ??= this.#close(exitCode);
    return this.#closing;
  }
  async #close(exitCode: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const ends = [...this.requests].map((request) => request.cancel(closedError('the runtime is closed')));
    for (const module of this.newestFirst()) ends.push(module.close(exitCode));
    const outcomes = await Promise.allSettled(ends);
    this.#end(exitCode);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  closeSync(exitCode: number): void {
    if (this.#closed && !this.#closing) return;
    if (this.requests.size > 0) throw busyError('a module is being compiled');
    for (const module of this.newestFirst())
      if (!module.group.isIdle) throw busyError('a call runs in a module of this runtime');
    if (this.#closing) return; // nothing runs: what close() began is as good as done
    this.#closed = true;
    for (const module of this.newestFirst()) module.closeSync(exitCode);
    this.#end(exitCode);
  }

  #end(exitCode: number): void {
    for (const ref of this.images) ref.deref()?.close();
    for (const ref of this.compiled) ref.deref()?.close();
    forgotten.unregister(this);
    closeNatively(this.#owned, exitCode);
  }
}
