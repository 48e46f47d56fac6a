import type { CompilationCache } from './compilation-cache.js';
import { fieldsOf, type RuntimeFields } from './io/fields.js';
import { ENGINE } from './native/binding.js';
import type { Limits } from './types.js';
import { unsupportedError } from './values/errors.js';
import { mergeLimits } from './values/limits.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkBoolean, checkInteger, checkTimeout, wrongRange, wrongType } from './values/validate.js';

const defaults: RuntimeFields = Object.freeze({
  engine: ENGINE.auto,
  memoryCapacityFromMax: false,
  debugInfoEnabled: true,
  customSections: false,
  closeOnContextDone: false,
  closeOnTrap: false,
  fuel: false,
  guardPages: 'auto',
  defaultTimeoutMs: Infinity,
  limits: Object.freeze({}),
});

/**
 * What a Runtime is made with (wazero: RuntimeConfig). An immutable value: each `with...` returns a new one, and the source is not
 * modified.
 *
 * ```ts
 * const config = new RuntimeConfig().withCloseOnContextDone(true).withMemoryLimitPages(256);
 * ```
 */
export class RuntimeConfig extends Uncloneable {
  #fields = defaults;
  static {
    fieldsOf.runtimeConfig = (value) =>
      typeof value === 'object' && value !== null && #fields in value ? value.#fields : undefined;
  }

  /** The compiler where the CPU and the operating system allow it, else the interpreter (wazero: NewRuntimeConfig). */
  constructor() {
    super();
    Object.freeze(this);
  }

  /**
   * Compiles modules to machine code (wazero: NewRuntimeConfigCompiler).
   * @throws WazeroError ERR_WAZERO_UNSUPPORTED_PLATFORM where that is not supported
   */
  static compiler(): RuntimeConfig {
    if (process.arch !== 'x64' && process.arch !== 'arm64')
      throw unsupportedError(`the compiler does not support ${process.platform}-${process.arch}`);
    return new RuntimeConfig().#with({ engine: ENGINE.compiler });
  }

  /** Interprets modules (wazero: NewRuntimeConfigInterpreter): slower, on every platform. */
  static interpreter(): RuntimeConfig {
    return new RuntimeConfig().#with({ engine: ENGINE.interpreter });
  }

  /**
   * Everything that code of strangers calls for (ours, not wazero's): `withCloseOnContextDone(true)`, `withCloseOnTrap(true)`,
   * `withDefaultTimeout(10_000)`, memories of at most 256 MiB each, and together, as by default, of at most half of what the machine or its
   * control group has. Each can be set otherwise afterwards.
   */
  static untrusted(): RuntimeConfig {
    return new RuntimeConfig()
      .withCloseOnContextDone(true)
      .withCloseOnTrap(true)
      .withDefaultTimeout(10_000)
      .withLimits({ memoryPages: 4096 });
  }

  #with(change: Partial<RuntimeFields>): RuntimeConfig {
    const next = new RuntimeConfig();
    next.#fields = Object.freeze({ ...this.#fields, ...change });
    return next;
  }

  /**
   * Which features of WebAssembly modules may use. Default: `CoreFeatures.V2`. BulkMemoryOperations and ReferenceTypes go together.
   * @throws RangeError for more than 64 bits
   */
  withCoreFeatures(features: bigint): RuntimeConfig {
    if (typeof features !== 'bigint') throw wrongType('a bigint', 'features', features);
    if (features < 0n || features > 0xffff_ffff_ffff_ffffn)
      throw wrongRange('a bigint of 64 bits', 'features', features);
    return this.#with({ coreFeatures: features });
  }

  /**
   * Most pages of 64 KiB that a memory may have. Default: 65536 (4 GiB). A module that needs more does not compile; a larger maximum is
   * lowered silently.
   * @throws RangeError for more than 65536
   */
  withMemoryLimitPages(pages: number): RuntimeConfig {
    checkInteger(pages, 0, 65536, 'pages');
    return this.#with({ memoryLimitPages: pages });
  }

  /** Allocates a memory's maximum at once, so that it never moves. Default: false. */
  withMemoryCapacityFromMax(enabled: boolean): RuntimeConfig {
    checkBoolean(enabled, 'enabled');
    return this.#with({ memoryCapacityFromMax: enabled });
  }

  /** Source file and line in the frames of a Trap, where the module has DWARF sections. Default: true. */
  withDebugInfoEnabled(enabled: boolean): RuntimeConfig {
    checkBoolean(enabled, 'enabled');
    return this.#with({ debugInfoEnabled: enabled });
  }

  /** Where compiled code is kept for other runtimes and processes. Default: undefined, nowhere. */
  withCompilationCache(cache: CompilationCache | undefined): RuntimeConfig {
    const state = fieldsOf.compilationCache(cache);
    if (cache !== undefined && state === undefined) throw wrongType('a CompilationCache', 'cache', cache);
    return this.#with({ compilationCache: state });
  }

  /** Keeps custom sections for `CompiledModule.customSections()`. Default: false. */
  withCustomSections(enabled: boolean): RuntimeConfig {
    checkBoolean(enabled, 'enabled');
    return this.#with({ customSections: enabled });
  }

  /**
   * A deadline, a signal or close() ends a running call, and closes its module. Default: false, as wazero: set it where you run code of
   * others. Without it, calls with `timeoutMs` or `signal` fail with ERR_WAZERO_NOT_INTERRUPTIBLE.
   */
  withCloseOnContextDone(enabled: boolean): RuntimeConfig {
    checkBoolean(enabled, 'enabled');
    return this.#with({ closeOnContextDone: enabled });
  }

  /**
   * A deadline for every call, conversation (`exclusive`), compilation and instantiation that is given no `timeoutMs` (ours, not wazero's).
   * `timeoutMs: Infinity` is none for one of them; a nested call has that of the call that it is in. Default: Infinity, none. Without
   * `withCloseOnContextDone(true)` all of them but compilations fail with ERR_WAZERO_NOT_INTERRUPTIBLE, as with a `timeoutMs` of their own.
   * @param timeoutMs milliseconds
   * @throws RangeError for 0, negative or NaN
   */
  withDefaultTimeout(timeoutMs: number): RuntimeConfig {
    const defaultTimeoutMs = checkTimeout(timeoutMs, 'timeoutMs');
    if (defaultTimeoutMs === undefined) throw wrongType('a number', 'timeoutMs', timeoutMs);
    return this.#with({ defaultTimeoutMs });
  }

  /**
   * A Trap closes its module: the one whose function was called, as a deadline does (ours, not wazero's). What a guest was in the middle of
   * when it trapped stays as it was left, its stack pointer among others: code that was compiled by LLVM may trap in every call from then on.
   * Calls that wait for the module, and later ones, give ERR_WAZERO_CLOSED and name the trap; calls below, which the trapped one was nested
   * in, trap too when their host function answers; a closeNotifier hears exit code 1. Default: false, as wazero: the module stays open.
   */
  withCloseOnTrap(enabled: boolean): RuntimeConfig {
    checkBoolean(enabled, 'enabled');
    return this.#with({ closeOnTrap: enabled });
  }

  /**
   * Guests count what they execute (ours, not wazero's): a call may be given a budget (`fuel`), which it uses up at the same instruction
   * whichever engine, machine or lane runs it, and however busy that is. Default: false. It makes code larger and slower, and is part of the
   * key of a cache. What an instruction costs: docs/fuel.md.
   */
  withFuel(enabled: boolean): RuntimeConfig {
    checkBoolean(enabled, 'enabled');
    return this.#with({ fuel: enabled });
  }

  /**
   * How accesses of guests beyond their memory are found (ours, not wazero's): by guard pages (`true`), by comparing each address with the
   * length of the memory (`false`), or by guard pages as long as there are ranges of address space for them (`'auto'`). Results, traps and
   * limits are the same; code for guard pages is smaller (CPython: 0.6 times), and quicker. Default: `'auto'`.
   *
   * With `true` an instance that finds no range left is refused with LimitError; a process has 8,192 of them. Shared memories, modules that are
   * compiled with a listener, and all where the platform has no guard pages (other than Linux on x64 and arm64, the interpreter, a limit of address
   * space, somebody else's handler of SIGSEGV) are compared in any case: `runtime.guardPages` says which, and `node-wazero doctor` why.
   */
  withGuardPages(mode: boolean | 'auto'): RuntimeConfig {
    if (typeof mode !== 'boolean' && mode !== 'auto') throw wrongType("a boolean or 'auto'", 'mode', mode);
    return this.#with({ guardPages: mode });
  }

  /**
   * What guests may make the host allocate (ours, not wazero's). Merged field by field with what was set before; undefined takes a field
   * back to its default.
   * @throws RangeError where a field is no positive integer, TypeError for a field that there is not
   */
  withLimits(limits: Limits): RuntimeConfig {
    return this.#with({ limits: mergeLimits(this.#fields.limits, limits, 'runtime') });
  }
}
