import type { ModuleLimits, Tenant } from '../index.js';
import type { CallContext } from './context.js';
import type { LogLevel } from './log-level.js';
import type { PluginOutput } from './output.js';

// The types of @extism/extism 2.0.0-rc13 by their names, and what is ours beyond them.

/** Key to value. */
export interface PluginConfigLike {
  [key: string]: string;
}
export type PluginConfig = Record<string, string>;

/** A host function: the context, then what the plugin passes. It may return a Promise, which parks the plugin. */
export type HostFunction = (context: CallContext, ...args: any[]) => any;

export interface MemoryOptions {
  /** Pages of 64 KiB that blocks of the host's memory may have together: input, output, and whatever the plugin passes to the host. Default: no limit of its own. What the plugin has for itself is bounded by `limits`. */
  maxPages?: number | undefined;
  /** Bytes of one HTTP response. Default: 50 MiB. */
  maxHttpResponseBytes?: number | undefined;
  /** Bytes of the values of all vars. Default: 1 MiB; 0: no vars. */
  maxVarBytes?: number | undefined;
}

/** What js-sdk passes to the Worker that is not needed here. */
export interface NodeWorkerArgs {
  [key: string]: unknown;
}

/** What a manifest may say, too; an option goes before the manifest, the manifest before the default. */
export interface NativeManifestOptions {
  /** Guest path to directory or file of the host; with `ro:` in front of the latter read-only. A file is read-only in any case. Needs `useWasi`. Default: none. */
  allowedPaths?: { [guestPath: string]: string } | undefined;
  /** Hosts that `http_request` may go to, at every redirect: names, `*` for any characters, `?` for one. Default: none. */
  allowedHosts?: string[] | undefined;
  memory?: MemoryOptions | undefined;
  /** What the plugin can read with config_get. Default: nothing. */
  config?: PluginConfigLike | undefined;
  /** Milliseconds for each call, counted from when it begins to run, and for making the instance. Default: none. */
  timeoutMs?: number | null | undefined;
}

export interface ExtismPluginOptions extends NativeManifestOptions {
  /** WASI preview 1 for the plugin, with real clocks and random numbers, and no environment. Default: false. */
  useWasi?: boolean;
  /** What the plugin logs goes here, if `logLevel` lets it. Default: `console`. */
  logger?: Console;
  /** Default: 'silent'; with a logger of 1.0, which has no `trace`, 'trace'. */
  logLevel?: LogLevel;
  /** Namespace to name to function. */
  functions?: { [namespace: string]: { [name: string]: HostFunction } } | undefined;
  /** WASI's stdin, stdout and stderr are those of the process. Default: whether EXTISM_ENABLE_WASI_OUTPUT is set. */
  enableWasiOutput?: boolean;
  /** For `url`s and for `http_request`. Default: the global one. */
  fetch?: typeof fetch;
  /** `http_headers` gives the headers of the last response. Default: false. */
  allowHttpResponseHeaders?: boolean;

  /** Taken, and of no effect: no call is on the JS thread. With it \`ro:\` paths are refused, as by js-sdk. */
  runInWorker?: boolean;
  /** Taken and without meaning here. */
  sharedArrayBufferSize?: number;
  /** Taken and without meaning here. */
  nodeWorkerArgs?: NodeWorkerArgs;

  /** Ours: how many calls of the plugin may run at once, each in an instance of its own; vars are shared, and what else a plugin keeps is its instance's. Calls beyond that wait, in order. Default: 1. */
  instances?: number;
  /** Ours: each call begins as the plugin was when it had been initialized, once, and sees nothing of other calls but vars. Default: false. */
  fresh?: boolean;
  /** Ours: what each module of the plugin may have for itself (ModuleConfig.withLimits). Default: the package's. */
  limits?: ModuleLimits;
  /** Ours: machine code is kept in that directory, for this and later processes (CompilationCache.withDir). Default: in memory only. */
  cacheDir?: string;
  /** Ours: whose account all modules of the plugin are on (ModuleConfig.withTenant). It stays yours to close. Default: nobody's. */
  tenant?: Tenant | undefined;
  /** Ours: milliseconds that the plugin may run, for each call, and for each function that initializes it; what it waits for does not count. Past it: ExitError, its reason 'cpu'. Default: no limit. */
  cpuTimeMs?: number | undefined;
  /** Ours: what a call may execute, and each function that initializes the plugin, about one for each instruction: docs/fuel.md. Past it: Trap of kind 'out of fuel'. The plugin counts then, which makes it slower. Default: it does not count. */
  fuel?: bigint | undefined;
}

/** Ours: of one call. */
export interface PluginCallOptions {
  /** Milliseconds from when the call begins to run. Default: the plugin's. */
  timeoutMs?: number | undefined;
  /** Milliseconds that the plugin may run. Default: the plugin's. */
  cpuTimeMs?: number | undefined;
  /** What the call may execute; a TypeError where the plugin was made without `fuel`. Default: the plugin's. */
  fuel?: bigint | undefined;
  /** Ends the call while it runs or waits. */
  signal?: AbortSignal | undefined;
}

type SnakeCase<S extends string> = S extends `${infer First}${infer Rest}`
  ? `${First extends Capitalize<First> ? '_' : ''}${Lowercase<First>}${SnakeCase<Rest>}`
  : S;
type InSnakeCase<T> = { [K in keyof T as SnakeCase<K & string>]: T[K] };

/** In camelCase or snake_case. */
export type ManifestOptions = Omit<NativeManifestOptions, 'memory'> &
  Omit<InSnakeCase<NativeManifestOptions>, 'memory'> & {
    memory?: (MemoryOptions & InSnakeCase<MemoryOptions>) | undefined;
  };

export interface ManifestWasmData {
  data: Uint8Array;
}
export interface ManifestWasmUrl {
  url: URL | string;
}
export interface ManifestWasmPath {
  path: string;
}
export interface ManifestWasmResponse {
  response: Response;
}
/** Refused: such a module is code of V8, from which there is no way back to its bytes. Give the bytes. */
export interface ManifestWasmModule {
  module: object;
}
/** One module. `name`: what the others import it by; the last one without a name is 'main'. `hash`: SHA-256, hexadecimal, of its bytes. */
export type ManifestWasm = (
  | ManifestWasmUrl
  | ManifestWasmData
  | ManifestWasmPath
  | ManifestWasmResponse
  | ManifestWasmModule
) & {
  name?: string | undefined;
  hash?: string | undefined;
};
export interface Manifest extends ManifestOptions {
  wasm: ManifestWasm[];
}
/** A manifest, or what stands for one: the bytes of its only module; JSON, a URL or a path as text; a URL or response of either. */
export type ManifestLike = Manifest | Response | ArrayBuffer | Uint8Array | string | URL | object;

/** As WebAssembly.Module.exports and imports give them. */
export interface ModuleExportDescriptor {
  name: string;
  kind: ImportExportKind;
}
export interface ModuleImportDescriptor extends ModuleExportDescriptor {
  module: string;
}
export type ImportExportKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

/** A function of 'main', or of another module of the manifest, by name or by its place in it. */
export type FunctionName = string | readonly [module: string, name: string];

export interface Plugin extends AsyncDisposable {
  functionExists(name: FunctionName): Promise<boolean>;
  /**
   * Calls a function off the JS thread: bytes in, bytes out. Calls wait for each other, in order, unless there are `instances`.
   *
   * Rejects with ExtismError; with what a host function threw; with Trap, ExitError or LimitError of the engine. After each of the latter
   * three the instance is made anew, for the next call; vars are kept.
   *
   * @param input text is passed as UTF-8, a number as its text; default: nothing
   * @param hostContext `context.hostContext()` of the host functions that this call calls
   * @returns null where the plugin has set no output
   */
  call<T = unknown>(
    name: FunctionName,
    input?: string | number | Uint8Array,
    hostContext?: T,
    options?: PluginCallOptions,
  ): Promise<PluginOutput | null>;
  /**
   * Ours: as `call`, on the JS thread, which does nothing else meanwhile: for what is short and often. What can answer only later (a
   * Promise of a host function, HTTP) is a Trap with cause ERR_WAZERO_WOULD_BLOCK.
   * @throws ExtismError ERR_EXTISM_BUSY while every instance is in a call
   */
  callSync<T = unknown>(
    name: FunctionName,
    input?: string | number | Uint8Array,
    hostContext?: T,
    options?: Omit<PluginCallOptions, 'signal'>,
  ): PluginOutput | null;
  /** Of 'main', or of the module of that name. */
  getExports(module?: string): Promise<ModuleExportDescriptor[]>;
  getImports(module?: string): Promise<ModuleImportDescriptor[]>;
  /** Rejects: there is no WebAssembly.Instance, this is another engine. */
  getInstance(): Promise<never>;
  /** Whether a call is under way. */
  isActive(): boolean;
  /** Frees all blocks. False, and nothing done, while a call is under way. */
  reset(): Promise<boolean>;
  /**
   * Ours: the plugin is that of another manifest from now on: calls that run end on the old one, all others go to the new one, none is
   * lost. Options and vars stay. Where the new one cannot be made it rejects, and nothing has changed.
   */
  replace(manifest: ManifestLike | PromiseLike<ManifestLike>): Promise<void>;
  /** Calls that run are ended, those that wait reject. */
  close(): Promise<void>;
}
