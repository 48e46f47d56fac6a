import { type ClosedBy, type Frame, LinkGroup } from '../calls/link-group.js';
import { type Handle, STOP } from '../native/binding.js';
import { native } from '../native/native.js';
import { withResolvers } from '../native/owned.js';
import type { TenantState } from '../native/tenant.js';
import { busyError, closedError } from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { RareMap } from '../values/rare-map.js';
import type { MemoryState } from './memory-state.js';
import { castNet, type Place, placed, unlisted } from './module-places.js';
import type { Closable, ExternOwner } from './owner.js';

/** The runtime as what is made by it knows it. */
interface Maker {
  readonly closeOnContextDone: boolean;
  readonly closeOnTrap: boolean;
  readonly defaultOptions: ExternOwner['runtime']['defaultOptions'];
  readonly modules: Set<Place<Closable>>;
}

const noCallbacks: ExternOwner['callbacks'] = new RareMap();
/** There is none. */
const compiled = { removeInstance(): void {} };

/**
 * A memory, table, global or tag that the host has made: a member of a link group like an instance, so that who imports it is of that group, and
 * nothing of it is given back before all of them are closed. It has no code. It is closed with its runtime or its tenant, and goes with the last who
 * holds it or is linked with it.
 */
export class ExternState implements ExternOwner, Closable {
  readonly runtime: Maker;
  readonly handle: Handle;
  readonly name = '';
  readonly isHost = false;
  readonly ready = true;
  readonly handedOut = false;
  readonly callbacks = noCallbacks;
  readonly compiled = compiled;
  readonly id = nextId();
  queued = 0;
  lastWaiting: Frame | undefined;
  /** Where it is one, and somebody has asked for it. */
  memory: MemoryState | undefined;
  readonly #place: Place<object>;
  readonly #tenant: TenantState | undefined;
  #group = new LinkGroup();
  #closed = false;
  #gone = false;
  #closing: ReturnType<typeof withResolvers> | undefined;

  /** @param make its native half */
  constructor(runtime: Maker, tenant: TenantState | undefined, make: () => Handle) {
    this.runtime = runtime;
    this.#tenant = tenant;
    this.handle = make();
    this.#group.modules.add(this);
    this.#group.byHandle.set(this.handle, this);
    this.#place = placed(this, true);
    castNet(this, this.#place);
  }

  get group(): LinkGroup {
    const group = this.#group.find();
    if (group !== this.#group) this.#group = group;
    return group;
  }
  get closed(): boolean {
    return this.#closed;
  }
  get gone(): boolean {
    return this.#gone;
  }
  /** Of module-places.ts. */
  deref(): this {
    return this;
  }
  get lists() {
    return [this.runtime.modules, this.#tenant?.modules] as [Set<Place<object>>, Set<Place<object>> | undefined];
  }
  checkOpen(): void {
    if (this.#closed)
      throw closedError('what the host has made is closed, as its runtime or its tenant is: make a new one');
  }

  // Of an instance that has no functions: nothing is called, so nothing waits or runs.
  function(): undefined {
    return undefined;
  }
  checkQueue(): void {}
  waits(): void {}
  spent() {
    return { ranMs: 0, waitedMs: 0, memoryBytes: 0, fuel: 0n };
  }

  markClosed(_exitCode: number, _why?: ClosedBy): void {
    if (this.#closed) return;
    this.#closed = true;
    this.group.noteClosed(this, () => closedError('what the host has made is closed'), false);
  }
  close(exitCode: number): Promise<void> {
    if (this.#closing) return this.#closing.promise;
    this.#closing = withResolvers();
    if (this.#gone) this.#closing.resolve();
    this.markClosed(exitCode);
    const { group } = this;
    if (this.runtime.closeOnContextDone)
      for (const { id, lane } of [...group.runningFrames()])
        if (lane !== 'exclusive') native().frameStop(id, STOP.close, exitCode);
    group.settle();
    return this.#closing.promise;
  }
  closeSync(exitCode: number): void {
    if (this.#gone) return;
    if (!this.group.isIdle)
      throw busyError('a call runs or waits in a module that is linked with what the host has made');
    this.markClosed(exitCode);
    this.group.settle();
  }
  closeNow(): void {
    this.memory?.end();
    this.#gone = true;
    try {
      native().moduleClose(this.handle, 0);
      this.#closing?.resolve();
    } catch (error) {
      this.#closing?.reject(error);
    }
    unlisted(this, this.#place);
  }
}
