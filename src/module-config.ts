import type { FSConfig } from './fs-config.js';
import { type ClockFields, fieldsOf, type ModuleFields, type Mount, type RandSource } from './io/fields.js';
import type { ReadOnlyFileSystem } from './io/file-system.js';
import { checkFileSystem } from './io/files.js';
import { checkSource } from './io/source.js';
import { checkSink } from './io/stdio.js';
import type { SockConfig } from './sock-config.js';
import type { Clock, InputSource, OutputSink } from './stdio.js';
import type { Tenant } from './tenant.js';
import type { ModuleLimits } from './types.js';
import { invalidArgument } from './values/errors.js';
import { mergeLimits } from './values/limits.js';
import { types } from './values/node.js';
import { Uncloneable } from './values/uncloneable.js';
import {
  checkFunction,
  checkInteger,
  checkName,
  checkString,
  checkStrings,
  isShared,
  MAX_U32,
  wrongType,
} from './values/validate.js';

const none: readonly never[] = Object.freeze([]);
const defaults: ModuleFields = Object.freeze({
  args: none,
  env: new Map(),
  mounts: none,
  listeners: none,
  limits: Object.freeze({}),
});

/**
 * What a module is instantiated with (wazero: ModuleConfig). An immutable value: each `with...` returns a new one, and the source is not
 * modified. By default a guest gets nothing from the host: no arguments, environment, files or output, a clock that starts in 2022 and
 * random numbers that are always the same.
 *
 * What wazero refuses when it instantiates (a NUL in an argument, a clock resolution of more than 0.8 s) is refused then, in its words.
 */
export class ModuleConfig extends Uncloneable {
  #fields = defaults;
  static {
    fieldsOf.moduleConfig = (value) =>
      typeof value === 'object' && value !== null && #fields in value ? value.#fields : undefined;
  }

  constructor() {
    super();
    Object.freeze(this);
  }

  #with(change: Partial<ModuleFields>): ModuleConfig {
    const next = new ModuleConfig();
    next.#fields = Object.freeze({ ...this.#fields, ...change });
    return next;
  }

  /** Command-line arguments, the program's own name first. Default: none. Replaces those set before. No argument may hold a NUL. */
  withArgs(...args: string[]): ModuleConfig {
    return this.#with({ args: checkStrings(args, 'args') });
  }

  /**
   * One environment variable. Default: none. The last value of a key counts, at the place of the first. At instantiation, a key that is
   * empty or holds '=', and a NUL, are a TypeError.
   */
  withEnv(key: string, value: string): ModuleConfig {
    checkString(key, 'key');
    checkString(value, 'value');
    return this.#with({ env: new Map(this.#fields.env).set(key, value) });
  }

  /** One file system as '/', for reading. Default: undefined, none. Replaces what withFS and withFSConfig set before. */
  withFS(fs: ReadOnlyFileSystem | undefined): ModuleConfig {
    if (fs === undefined) return this.#with({ mounts: none });
    checkFileSystem(fs, 'fs');
    const mount: Mount = Object.freeze({ kind: 'fs', fs, guestPath: '/' });
    return this.#with({ mounts: Object.freeze([mount]) });
  }

  /** The file systems of `config`. Default: undefined, none. Replaces what withFS and withFSConfig set before. */
  withFSConfig(config: FSConfig | undefined): ModuleConfig {
    if (config === undefined) return this.#with({ mounts: none });
    const mounts = fieldsOf.fsConfig(config);
    if (mounts === undefined) throw wrongType('an FSConfig', 'config', config);
    return this.#with({ mounts });
  }

  /**
   * The name under which others import from the module, unique in its runtime. Default: the one in the module's name section. '' is
   * anonymous: any number of those may live side by side.
   */
  withName(name: string): ModuleConfig {
    checkName(name, 'name');
    return this.#with({ name });
  }

  /**
   * Exported functions without parameters that instantiation calls, in order; those that are missing are skipped. Default: '_start'. None
   * calls none; a WASI reactor wants '_initialize'.
   */
  withStartFunctions(...names: string[]): ModuleConfig {
    return this.#with({ startFunctions: checkStrings(names, 'names') });
  }

  /** Default: undefined, 'ignore': end of input. A Uint8Array is copied here. */
  withStdin(source: InputSource | undefined): ModuleConfig {
    if (source !== undefined) checkSource(source, 'source');
    return this.#with({ stdin: types.isUint8Array(source) ? source.slice() : source });
  }

  /** Default: undefined, 'ignore'. */
  withStdout(sink: OutputSink | undefined): ModuleConfig {
    if (sink !== undefined) checkSink(sink, 'sink');
    return this.#with({ stdout: sink });
  }

  /** Default: undefined, 'ignore'. */
  withStderr(sink: OutputSink | undefined): ModuleConfig {
    if (sink !== undefined) checkSink(sink, 'sink');
    return this.#with({ stderr: sink });
  }

  /**
   * The time of day: nanoseconds since 1970. Default: undefined, a fake that starts at 2022-01-01 and advances by 1 ms whenever it is read.
   * @param resolutionNs what clock_res_get answers, in nanoseconds: 1 to 817405952
   */
  withWalltime(clock: Clock | undefined, resolutionNs: number): ModuleConfig {
    return this.#with({ walltime: clockFields(clock, resolutionNs) });
  }

  /** The host's own time of day. */
  withSysWalltime(): ModuleConfig {
    return this.#with({ walltime: systemClock });
  }

  /**
   * A clock that never goes back, in nanoseconds. Default: undefined, a fake that starts at 0 and advances by 1 ms whenever it is read.
   * @param resolutionNs what clock_res_get answers, in nanoseconds: 1 to 817405952
   */
  withNanotime(clock: Clock | undefined, resolutionNs: number): ModuleConfig {
    return this.#with({ nanotime: clockFields(clock, resolutionNs) });
  }

  /** The host's own monotonic clock. */
  withSysNanotime(): ModuleConfig {
    return this.#with({ nanotime: systemClock });
  }

  /** How a guest sleeps, given nanoseconds. Default: undefined, it does not: it returns at once. */
  withNanosleep(sleep: ((ns: bigint) => void | PromiseLike<void>) | undefined): ModuleConfig {
    if (sleep !== undefined) checkFunction(sleep, 'sleep');
    return this.#with({ nanosleep: sleep });
  }

  /** Sleeps really; a deadline, a signal or close() ends it. */
  withSysNanosleep(): ModuleConfig {
    return this.#with({ nanosleep: 'system' });
  }

  /** What sched_yield does. Default: undefined, nothing. */
  withOsyield(osyield: (() => void) | undefined): ModuleConfig {
    if (osyield !== undefined) checkFunction(osyield, 'osyield');
    return this.#with({ osyield });
  }

  /**
   * Random bytes. Default: undefined, always the same ones. 'secure': the operating system's. Bytes are copied here; when they are used up
   * the guest gets EIO. A function fills all of `buffer`.
   */
  withRandSource(source: RandSource | undefined): ModuleConfig {
    if (source === undefined || source === 'secure' || typeof source === 'function')
      return this.#with({ rand: source });
    if (!types.isUint8Array(source)) throw wrongType("'secure', a Uint8Array or a function", 'source', source);
    return this.#with({ rand: notShared(source).slice() });
  }

  /**
   * The host's own clocks, sleep and random bytes in one word (ours): `withSysWalltime`, `withSysNanotime`, `withSysNanosleep` and
   * `withRandSource('secure')`. Each can be set otherwise afterwards.
   */
  withSystem(): ModuleConfig {
    return this.#with({ walltime: systemClock, nanotime: systemClock, nanosleep: 'system', rand: 'secure' });
  }

  /** Sockets. Default: undefined, none. */
  withSockConfig(config: SockConfig | undefined): ModuleConfig {
    if (config === undefined) return this.#with({ listeners: none });
    const listeners = fieldsOf.sockConfig(config);
    if (listeners === undefined) throw wrongType('a SockConfig', 'config', config);
    return this.#with({ listeners });
  }

  /**
   * The limits per module; they can only lower those of the runtime. Merged field by field; undefined takes a field back to the runtime's.
   * @throws RangeError where a field is no positive integer, TypeError for a field that is not per module
   */
  withLimits(limits: ModuleLimits): ModuleConfig {
    return this.#with({ limits: mergeLimits(this.#fields.limits, limits, 'module') });
  }

  /** On whose account the module runs. Default: undefined, nobody's. A closed one is refused at instantiation, with ERR_WAZERO_CLOSED. */
  withTenant(tenant: Tenant | undefined): ModuleConfig {
    if (tenant === undefined) return this.#with({ tenant: undefined });
    const state = fieldsOf.tenant(tenant);
    if (state === undefined) throw wrongType('a Tenant', 'tenant', tenant);
    return this.#with({ tenant: state });
  }
}

const systemClock: ClockFields = Object.freeze({ system: true });

function clockFields(clock: Clock | undefined, resolutionNs: number): ClockFields | undefined {
  if (clock === undefined) return undefined;
  checkFunction(clock, 'clock');
  // Of an integer that is out of wazero's bounds wazero itself complains, at instantiation.
  checkInteger(resolutionNs, 0, MAX_U32, 'resolutionNs');
  return Object.freeze({ system: false, read: clock, resolutionNs });
}

function notShared(bytes: Uint8Array): Uint8Array {
  if (isShared(bytes))
    throw invalidArgument('Expected bytes of an ArrayBuffer for source but received a view of a SharedArrayBuffer');
  return bytes;
}
