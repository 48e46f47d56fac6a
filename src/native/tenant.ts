import { closedError } from '../values/errors.js';
import { forgetPresent, mergeTenantLimits, tenantLimitsOf, tenantLimitWords, usageOf } from '../values/tenant.js';
import type { TenantLimits, Usage } from '../values/types.js';
import { type Handle, type TenantRecord, USAGE } from './binding.js';
import { native } from './native.js';
import { netUnder, withResolvers } from './owned.js';

/** What a tenant knows of its instances of this thread. */
interface Closable {
  close(exitCode: number): Promise<void>;
}

/** Those of this thread, by handle: a tenant is the same object whoever asks. */
const known = new Map<Handle, WeakRef<TenantState>>();
const knownOf = (handle: Handle): TenantState | undefined => known.get(handle)?.deref();

const forgotten = netUnder<Handle>((handle) => {
  if (knownOf(handle) === undefined) known.delete(handle);
  native().tenantClose(handle);
});

/** A tenant as this thread has it. What it counts and may is in native code (native/go/accounts), for all threads. */
export class TenantState {
  readonly handle: Handle;
  readonly name: string;
  /** Instances of this thread that are not closed. */
  readonly modules = new Set<{ deref(): Closable | undefined }>();
  /** Its Tenant. */
  public: object | undefined;
  /** This thread has opened it, and not just found it in the list. */
  readonly #owned: boolean;
  #closed = false;
  #closing: ReturnType<typeof withResolvers> | undefined;
  #last: { readonly usage: Usage; readonly limits: TenantLimits } | undefined;

  private constructor(handle: Handle, name: string, owned: boolean) {
    this.handle = handle;
    this.name = name;
    this.#owned = owned;
    known.set(handle, new WeakRef(this));
    if (owned) forgotten.register(this, handle, this);
  }

  /** shared: the one of that name, where there is one. */
  static open(name: string, shared: boolean, limits: TenantLimits): TenantState {
    const handle = native().tenantNew(name, shared, tenantLimitWords(limits));
    const here = knownOf(handle);
    if (here === undefined || here.#closed || !here.#owned) return new TenantState(handle, name, true);
    native().tenantClose(handle); // opened twice, and it is one
    return here;
  }
  /** All that are open, of all threads. */
  static list(): TenantState[] {
    const records = JSON.parse(native().tenantList()) as TenantRecord[];
    const all = records.map(({ handle, name }) => knownOf(handle) ?? new TenantState(handle, name, false));
    return all.filter((tenant) => !tenant.#closed);
  }

  checkOpen(): void {
    if (this.#closed) throw closedError(`the tenant ${JSON.stringify(this.name)} is closed`);
  }

  get limits(): TenantLimits {
    if (this.#last) return this.#last.limits;
    const words = new BigUint64Array(USAGE.limits);
    native().tenantLimits(this.handle, words, false);
    return tenantLimitsOf(words);
  }
  setLimits(limits: TenantLimits): void {
    this.checkOpen();
    native().tenantLimits(this.handle, tenantLimitWords(mergeTenantLimits(this.limits, limits)), true);
  }

  usage(): Usage {
    if (this.#last) return this.#last.usage;
    return usageOf(this.#words());
  }
  #words(): BigUint64Array {
    const words = new BigUint64Array(USAGE.words);
    // Another thread has closed what this one has only found in the list.
    if (!native().tenantUsage(this.handle, words))
      throw closedError(`the tenant ${JSON.stringify(this.name)} is closed`);
    return words;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing.promise;
  }
  #close(): ReturnType<typeof withResolvers> {
    const closing = withResolvers();
    this.#closed = true;
    const ends = [...this.modules].reverse().map((place) => place.deref()?.close(0));
    void Promise.allSettled(ends).then((outcomes) => {
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      try {
        const { limits } = this;
        this.#last = { usage: usageOf(forgetPresent(this.#words())), limits };
      } catch {
        // Another thread was first.
      }
      if (knownOf(this.handle) === this) known.delete(this.handle);
      forgotten.unregister(this);
      if (this.#owned) native().tenantClose(this.handle);
      if (failed) closing.reject(failed.reason);
      else closing.resolve();
    });
    return closing;
  }
}
