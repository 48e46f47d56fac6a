import { tagState } from '../calls/exceptions.js';
import { FunctionState } from '../calls/function-state.js';
import { type ClosedBy, type Frame, LinkGroup } from '../calls/link-group.js';
import type { CheckedOptions } from '../calls/options.js';
import type { TagState } from '../calls/thrown.js';
import type { Callbacks } from '../io/callbacks.js';
import { type Handle, type ModuleDescription, STOP, USAGE } from '../native/binding.js';
import { type DescribedMemory, memoryDefinition } from '../native/definitions.js';
import { native } from '../native/native.js';
import { withResolvers } from '../native/owned.js';
import type { TenantState } from '../native/tenant.js';
import { busyError, closedError, limitError } from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { RareMap } from '../values/rare-map.js';
import { referencesMade } from '../values/references.js';
import { report } from '../values/report.js';
import { forgetPresent, usageOf } from '../values/tenant.js';
import type { FunctionDefinition, Limits, Usage, ValueType } from '../values/types.js';
import type { CompiledState } from './compiled-state.js';
import type { ImageState } from './image-state.js';
import { MemoryState } from './memory-state.js';
import { castNet, type Place, placed, unlisted } from './module-places.js';
import type { Closable, ExternOwner, GlobalState, TableState } from './owner.js';
import type { Succession } from './successor.js';

/** The runtime as its modules know it. */
export interface ModuleOwner {
  readonly handle: Handle;
  readonly closeOnContextDone: boolean;
  readonly closeOnTrap: boolean;
  /** Of a call that is given none. */
  readonly defaultOptions: CheckedOptions;
  readonly limits: Limits;
  /** Until they are closed: those that nobody can find again weakly. */
  readonly modules: Set<Place<Closable>>;
  /** Taken names, from the beginning of an instantiation until its module is closed. */
  readonly names: Map<string, ModuleState>;
}

/** To be copied: an array that native code has seen is one that V8 keeps outside of its heap, which takes longer than all else of a close. */
const usedWords = new BigUint64Array(USAGE.words);

/** An instance: from before it is instantiated until its link group is released. */
export class ModuleState implements ExternOwner, Closable {
  readonly runtime: ModuleOwner;
  readonly name: string;
  readonly compiled: CompiledState;
  #handle: Handle = 0;
  /** Instantiated: until then only its instantiation closes it. */
  ready = false;
  /** What it was made of, where that is an image. */
  readonly image: ImageState | undefined;
  /** Its streams, clocks and so on. */
  readonly own: Callbacks;
  /** Its config: native code writes to output buffers that only this may hold. */
  readonly keptAlive: unknown;
  /** Made when it is first asked for; as a field, for 10,000 entries of a WeakMap are work for each collection. */
  public: object | undefined;
  /** Calls that wait in the queue. */
  queued = 0;
  /** Its memory or a global was handed out for longer than a conversation: calls may have addresses in them. */
  handedOut = false;
  /** Of one made of an image, where there can be another: what becomes of its calls that wait. */
  succession: Succession | undefined;
  /** Of a module of an image that waits in a host function: it waits again, and its instantiation settles. */
  waitsAgain: (() => void) | undefined;
  readonly id = nextId();
  lastWaiting: Frame | undefined;
  /** Those that it imports from. A host module is in no group of those that call it. */
  importedFrom: readonly ExternOwner[] = [];
  /** Where its runtime and its tenant have it. */
  readonly #place: Place<object>;
  readonly queuedCalls: number;
  readonly #tenant: TenantState | undefined;
  /** Calls that wait in the queue and have a place in it. */
  #waiting = 0;
  /** What it had used when its native half was closed. */
  #used: BigUint64Array | undefined;
  #group = new LinkGroup();
  #closed = false;
  #gone = false;
  #exitCode = 0;
  #closedBy: ClosedBy | undefined;
  #closing: ReturnType<typeof withResolvers> | undefined;
  #notifier: ((exitCode: number) => void) | undefined;
  /** See `failed`. */
  readonly #referencesBefore = referencesMade();
  readonly #functions = new RareMap<string, FunctionState>();
  readonly #referred = new RareMap<number, FunctionState>();
  readonly #memories = new RareMap<string | undefined, MemoryState | undefined>();
  readonly #globals = new RareMap<string, GlobalState | undefined>();
  readonly #tables = new RareMap<string, TableState | undefined>();

  constructor(
    runtime: ModuleOwner,
    name: string,
    compiled: CompiledState,
    own: {
      readonly image: ImageState | undefined;
      readonly callbacks: Callbacks;
      readonly keptAlive: unknown;
      readonly queuedCalls: number;
      readonly tenant: TenantState | undefined;
      readonly notifier: ((exitCode: number) => void) | undefined;
    },
  ) {
    this.runtime = runtime;
    this.name = name;
    this.compiled = compiled;
    this.image = own.image;
    this.own = own.callbacks;
    this.keptAlive = own.keptAlive;
    this.queuedCalls = own.queuedCalls;
    this.#tenant = own.tenant;
    this.#notifier = own.notifier;
    this.#group.modules.add(this);
    this.#place = placed(this, this.#isFree);
    compiled.addInstance();
  }

  get callbacks(): Callbacks['byId'] {
    return this.own.byId;
  }
  get group(): LinkGroup {
    const group = this.#group.find();
    if (group !== this.#group) this.#group = group;
    return group;
  }
  /** 0 until native code has said it: at the end of an instantiation, or when its start section calls a host function. */
  get handle(): Handle {
    return this.#handle;
  }
  set handle(handle: Handle) {
    this.#handle = handle;
    this.group.byHandle.set(handle, this);
  }
  get isHost(): boolean {
    return this.compiled.host !== undefined;
  }
  /** No guest code of it starts any more. */
  get closed(): boolean {
    return this.#closed;
  }
  /** Its native half is closed. */
  get gone(): boolean {
    return this.#gone;
  }
  checkOpen(): void {
    if (this.#closed) throw this.#closedError();
  }
  #closedError(): Error {
    return closedError(`the module is closed${closedText(this.#closedBy)}`);
  }
  /** Of calls that wait. */
  #waitedError(): Error {
    if (!this.#closedBy) return this.#closedError();
    return closedError(`this call waited and did not run, for the module is closed${closedText(this.#closedBy)}`);
  }

  // ---- exports; asked of the native half once, on first use

  /** undefined where there is none of that name. */
  function(name: string): FunctionState | undefined {
    let found = this.#functions.get(name);
    if (!found) {
      const definition = this.compiled.exportedFunction(name);
      if (!definition) return undefined;
      found = new FunctionState(this, name, definition);
      this.#functions.set(name, found);
    }
    return found;
  }

  /** Of a reference: by its index, exported or not. */
  referredFunction(definition: FunctionDefinition, handle: Handle): FunctionState {
    let found = this.#referred.get(definition.index);
    if (!found) {
      found = new FunctionState(this, definition.name || definition.debugName, definition, handle);
      this.#referred.set(definition.index, found);
    }
    return found;
  }

  /** undefined as name: the memory that its functions use, own or imported. */
  memory(name: string | undefined): MemoryState | undefined {
    const known = this.#memories.get(name); // a caller's is asked for in each call of a host function
    if (known !== undefined || this.#memories.has(name)) return known;
    const found = this.#findMemory(name);
    this.#memories.set(name, found);
    return found;
  }
  #findMemory(name: string | undefined): MemoryState | undefined {
    const described = name === undefined ? this.#usedMemory() : this.compiled.exportedMemory(name);
    if (!described) return undefined;
    // Of a closed module nobody knows the handle any more, and nobody needs it: its memory answers ERR_WAZERO_CLOSED.
    const handle = this.#gone ? 0 : native().moduleMemory(this.handle, name);
    for (const known of this.#memories.values()) if (known?.handle === handle) return known;
    return new MemoryState(this, handle, described.definition, described.shared);
  }
  #usedMemory(): DescribedMemory | undefined {
    if (this.#gone || !this.compiled.importsMemory) return this.compiled.memory;
    const record = (JSON.parse(native().moduleDescribe(this.handle)) as ModuleDescription).memory;
    return record && memoryDefinition(record.moduleName, record, record.exportNames ?? []);
  }

  /** undefined where there is none of that name. */
  global(name: string): GlobalState | undefined {
    if (!this.#globals.has(name)) {
      if (this.#gone) throw this.#closedError();
      const found = name.isWellFormed() ? native().moduleGlobal(this.handle, name) : undefined;
      this.#globals.set(name, found && { ...found, type: found.type as ValueType, name, module: this });
    }
    return this.#globals.get(name);
  }

  /** undefined where there is none of that name. */
  table(name: string): TableState | undefined {
    if (!this.#tables.has(name)) {
      if (this.#gone) throw this.#closedError();
      const found = name.isWellFormed() ? native().moduleTable(this.handle, name) : undefined;
      this.#tables.set(name, found && { ...found, type: found.type as TableState['type'], name, module: this });
    }
    return this.#tables.get(name);
  }

  // ---- its account

  usage(): Usage {
    const waiting = this.#tenant ? 0 : this.#waiting; // native code knows them of a tenant's
    const now = this.#usedNow();
    if (now) return usageOf(now, waiting);
    return usageOf(forgetPresent(this.#used ?? new BigUint64Array(USAGE.words)));
  }
  spent() {
    const words = this.#usedNow() ?? this.#used ?? new BigUint64Array(USAGE.words);
    const [ran, waited, memory] = words as unknown as readonly [bigint, bigint, bigint];
    return {
      ranMs: Number(ran) / 1e6,
      waitedMs: Number(waited) / 1e6,
      memoryBytes: Number(memory),
      fuel: words[USAGE.fuel] as bigint,
    };
  }
  #usedNow(): BigUint64Array | undefined {
    if (this.#handle === 0 || !native().moduleUsage(this.#handle, usedWords)) return undefined;
    return usedWords.slice();
  }

  checkQueue(): void {
    if (this.queued >= this.queuedCalls)
      throw limitError(`${this.queuedCalls} calls are waiting in the module already`, 'queuedCalls');
    if (this.#tenant && this.#handle !== 0 && !native().moduleMayQueue(this.#handle))
      throw limitError(
        `as many calls are waiting in the modules of the tenant ${JSON.stringify(this.#tenant.name)} as may, by the limit tenant.queuedCalls`,
        'tenant.queuedCalls',
      );
  }
  waits(by: 1 | -1): void {
    this.#waiting += by;
    if (this.#tenant && this.#handle !== 0 && !this.#gone) native().moduleQueued(this.#handle, this.#waiting);
  }

  /** undefined where there is none of that name. */
  tag(name: string): TagState | undefined {
    if (this.#gone) throw this.#closedError();
    const found = name.isWellFormed() ? native().moduleTag(this.handle, name) : undefined;
    return found && tagState(found.handle, found.types as ValueType[], this, name);
  }

  // ---- closing

  /** Marks it closed: by close(), or because native code found it closed. The first exit code counts. */
  markClosed(exitCode: number, why?: ClosedBy): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#exitCode = exitCode;
    this.#closedBy = why;
    this.group.noteClosed(this, () => this.#waitedError(), this.succession?.isOf(why) ?? false);
  }

  /** Resolves when its native half is closed. Running calls of its group are stopped where the runtime allows that. */
  close(exitCode: number): Promise<void> {
    if (this.#closing) return this.#closing.promise;
    this.#closing = withResolvers();
    const later = this.succession?.close(exitCode, () => this.#closedError());
    if (this.#gone) Promise.resolve(later).then(this.#closing.resolve, this.#closing.reject);
    this.markClosed(exitCode);
    const { group } = this;
    for (const frame of [...group.runningFrames()]) {
      if (frame.lane === 'exclusive') {
        if (frame.module === this) frame.cancel(this.#closedError());
      } else if (this.runtime.closeOnContextDone) {
        native().frameStop(frame.id, STOP.close, exitCode);
      }
    }
    group.settle();
    return this.#closing.promise;
  }

  closeSync(exitCode: number): void {
    if (this.#gone) return;
    if (!this.group.isIdle) throw busyError('a call runs or waits in this module or in one that is linked with it');
    this.markClosed(exitCode);
    this.group.settle();
  }

  /** Only from LinkGroup.settle, at rest. */
  closeNow(): void {
    this.detachBuffers();
    this.#endDirect();
    this.#gone = true;
    try {
      native().moduleClose(this.handle, this.#exitCode);
      this.#used = this.#usedNow();
      this.#closing?.resolve();
    } catch (error) {
      this.#closing?.reject(error);
    }
    this.#leaveRuntime();
    this.succession?.begin();
    this.#notify();
  }

  /** Instantiation failed: native code has done away with it. `ran`: code of its own has run. */
  failed(exitCode: number, ran: boolean): void {
    this.markClosed(exitCode);
    this.detachBuffers();
    this.#endDirect();
    this.#gone = true;
    this.#used = this.#usedNow();
    this.#leaveRuntime();
    this.group.modules.delete(this);
    this.group.byHandle.delete(this.#handle);
    // Its start function's host functions may have read its memory until now; and may have put its functions into tables of others.
    const kept = referencesMade() > this.#referencesBefore && this.group.modules.size > 0;
    if (this.#handle !== 0) kept ? this.group.addClosed([this.#handle]) : native().moduleRelease(this.#handle);
    if (ran) this.#notify();
    this.#closing?.resolve();
    this.group.settle(); // it may have been the last one open
  }

  /** Instantiation succeeded; it may have been closed meanwhile, by close() or by its own start function. */
  instantiated(): void {
    this.ready = true;
    if (this.#closed) this.group.settle();
    else if (this.#isFree) castNet(this, this.#place);
  }
  /** It has no name by which it could be found, and nobody wants to hear of its end: it goes with the last who holds it. */
  get #isFree(): boolean {
    return this.name === '' && this.#notifier === undefined;
  }
  /** Of module-places.ts. */
  deref(): this {
    return this;
  }
  get lists() {
    return [this.runtime.modules, this.#tenant?.modules] as [Set<Place<object>>, Set<Place<object>> | undefined];
  }

  /** Before its memory goes, or is another. */
  detachBuffers(): void {
    for (const memory of this.#memories.values()) memory?.end();
  }

  #endDirect(): void {
    for (const found of this.#functions.values()) found.endDirect();
    for (const found of this.#referred.values()) found.endDirect();
  }

  #leaveRuntime(): void {
    if (unlisted(this, this.#place)) this.compiled.removeInstance();
    if (this.runtime.names.get(this.name) === this) this.runtime.names.delete(this.name);
  }

  #notify(): void {
    const notifier = this.#notifier;
    this.#notifier = undefined;
    try {
      notifier?.(this.#exitCode);
    } catch (error) {
      report(error, 'closeNotifier threw');
    }
  }
}

function closedText(by: ClosedBy | undefined): string {
  if (!by) return '';
  const { code, reason, kind, exitCode } = by;
  if (code === 'ERR_WAZERO_TRAP')
    return `: ${by.what} trapped (${kind}), which closes it by withCloseOnTrap(true); make a new instance`;
  if (reason === 'timeout') return `: ${by.what} was stopped at its deadline; make a new instance`;
  if (reason === 'cpu') return `: ${by.what} was stopped when it had run for as long as it may; make a new instance`;
  if (reason === 'abort') return `: ${by.what} was stopped by its signal; make a new instance`;
  return reason === 'exit' ? `: the guest left by proc_exit(${exitCode}) in ${by.what}` : '';
}
