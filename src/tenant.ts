import { fieldsOf } from './io/fields.js';
import { TenantState } from './native/tenant.js';
import { inspectedAs } from './values/inspect.js';
import { mergeTenantLimits } from './values/tenant.js';
import type { TenantLimits, Usage } from './values/types.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkString, wrongType } from './values/validate.js';

/** The constructor as the inside sees it. */
type WithState = new (state: TenantState) => Tenant;

/**
 * An account: what modules on it use is counted together, and may be limited together (`ModuleConfig.withTenant`). Modules of any runtimes may be on
 * one, and with `Tenant.shared` of any threads.
 *
 * ```ts
 * const acme = new Tenant('acme', { memoryBytes: 256 * 2 ** 20, cpuMsPerSecond: 200 });
 * const module = await runtime.instantiate(bytes, new ModuleConfig().withTenant(acme));
 * console.log(acme.usage().cpuMs);
 * ```
 */
export class Tenant extends Uncloneable implements AsyncDisposable {
  readonly #state: TenantState;
  static {
    fieldsOf.tenant = (value) =>
      typeof value === 'object' && value !== null && #state in value ? value.#state : undefined;
    inspectedAs('Tenant', Tenant.prototype, ({ name, limits }) => ({ name, limits }));
  }

  /**
   * A new one; names may repeat.
   * @param limits none by default
   * @throws RangeError where a limit is no whole number of 0 or more; cpuMsPerSecond and weight: no positive number
   */
  constructor(name: string, limits?: TenantLimits);
  constructor(name: unknown, limits: TenantLimits = {}) {
    super();
    this.#state =
      name instanceof TenantState ? name : TenantState.open(checkedName(name), false, mergeTenantLimits({}, limits));
    this.#state.public = this;
  }

  /** One per process and name, for Workers: objects of this package cannot be posted. The first one's limits count. It is open until all are closed. */
  static shared(name: string, limits: TenantLimits = {}): Tenant {
    return publicTenant(TenantState.open(checkedName(name), true, mergeTenantLimits({}, limits)));
  }

  /** All that are open, of all threads. Those of other threads are closed by these, whatever is done with them here. */
  static list(): Tenant[] {
    return TenantState.list().map(publicTenant);
  }

  get name(): string {
    return this.#state.name;
  }

  /** Those that were set. */
  get limits(): Readonly<TenantLimits> {
    return this.#state.limits;
  }

  /**
   * Merged field by field, at once; undefined takes a field back to none. Lowering one ends nothing that is there.
   * @throws WazeroError ERR_WAZERO_CLOSED
   */
  setLimits(limits: TenantLimits): void {
    this.#state.setLimits(limits);
  }

  /** What its modules have used since it was opened, closed ones included. After close(): as it was then. */
  usage(): Usage {
    return this.#state.usage();
  }

  /** Idempotent. Closes its modules of this thread; new ones are refused with ERR_WAZERO_CLOSED. */
  close(): Promise<void> {
    return this.#state.close();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function publicTenant(state: TenantState): Tenant {
  return (state.public ?? new (Tenant as unknown as WithState)(state)) as Tenant;
}

function checkedName(name: unknown): string {
  checkString(name, 'name');
  if (name === '') throw wrongType('a name', 'name', name);
  return name;
}
