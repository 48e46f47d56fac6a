import type { CompilationCache } from './compilation-cache.js';
import { fieldsOf, type RuntimeFields } from './io/fields.js';
import { ENGINE } from './native/binding.js';
import type { Limits } from './types.js';
import { unsupportedError } from './values/errors.js';
import { mergeLimits } from './values/limits.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkBoolean, checkInteger, wrongRange, wrongType } from './values/validate.js';

const defaults: RuntimeFields = Object.freeze({
  engine: ENGINE.auto,
  memoryCapacityFromMax: false,
  debugInfoEnabled: true,
  customSections: false,
  closeOnContextDone: false,
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
   * What guests may make the host allocate (ours, not wazero's). Merged field by field with what was set before; undefined takes a field
   * back to its default.
   * @throws RangeError where a field is no positive integer, TypeError for a field that there is not
   */
  withLimits(limits: Limits): RuntimeConfig {
    return this.#with({ limits: mergeLimits(this.#fields.limits, limits, 'runtime') });
  }
}
