import type { CacheState, OutputBufferState } from '../native/owned.js';
import type { TenantState } from '../native/tenant.js';
import type { Limits } from '../values/types.js';
import type { ReadOnlyFileSystem } from './file-system.js';
import type { Clock, InputSource, OutputSink } from './streams.js';

// What the immutable configs hold inside; flatten.ts makes records of it. Absent = wazero's default.

export interface RuntimeFields {
  readonly engine: number;
  readonly coreFeatures?: bigint;
  readonly memoryLimitPages?: number;
  readonly memoryCapacityFromMax: boolean;
  readonly debugInfoEnabled: boolean;
  readonly compilationCache?: CacheState | undefined;
  readonly customSections: boolean;
  readonly closeOnContextDone: boolean;
  readonly closeOnTrap: boolean;
  readonly fuel: boolean;
  readonly guardPages: boolean | 'auto';
  /** Milliseconds; Infinity for none. */
  readonly defaultTimeoutMs: number;
  readonly limits: Limits;
}

export interface ModuleFields {
  readonly name?: string;
  readonly args: readonly string[];
  /** In order of first use. */
  readonly env: ReadonlyMap<string, string>;
  readonly startFunctions?: readonly string[];
  readonly mounts: readonly Mount[];
  readonly stdin?: InputSource | undefined;
  readonly stdout?: OutputSink | undefined;
  readonly stderr?: OutputSink | undefined;
  readonly walltime?: ClockFields | undefined;
  readonly nanotime?: ClockFields | undefined;
  readonly nanosleep?: 'system' | ((ns: bigint) => void | PromiseLike<void>) | undefined;
  readonly osyield?: (() => void) | undefined;
  readonly rand?: RandSource | undefined;
  readonly listeners: readonly TCPListener[];
  readonly limits: Limits;
  readonly tenant?: TenantState | undefined;
}
export type ClockFields =
  | { readonly system: true }
  | { readonly system: false; readonly read: Clock; readonly resolutionNs: number };
export type RandSource = 'secure' | Uint8Array | ((buffer: Uint8Array) => void | PromiseLike<void>);
export interface TCPListener {
  readonly host: string;
  readonly port: number;
}
export type Mount =
  | { readonly kind: 'dir' | 'readOnlyDir'; readonly hostDir: string; readonly guestPath: string }
  | { readonly kind: 'fs' | 'sysFs'; readonly fs: ReadOnlyFileSystem; readonly guestPath: string };

/**
 * How the inside reads the private state of the public classes: each class puts its reader here, from a static block. undefined: the
 * value is none of that class.
 */
export interface Readers {
  runtimeConfig(value: unknown): RuntimeFields | undefined;
  moduleConfig(value: unknown): ModuleFields | undefined;
  fsConfig(value: unknown): readonly Mount[] | undefined;
  sockConfig(value: unknown): readonly TCPListener[] | undefined;
  compilationCache(value: unknown): CacheState | undefined;
  outputBuffer(value: unknown): OutputBufferState | undefined;
  tenant(value: unknown): TenantState | undefined;
}
const none = () => undefined;
export const fieldsOf: Readers = {
  runtimeConfig: none,
  moduleConfig: none,
  fsConfig: none,
  sockConfig: none,
  compilationCache: none,
  outputBuffer: none,
  tenant: none,
};
