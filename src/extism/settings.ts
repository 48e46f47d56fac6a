import type { ModuleConfig, ModuleLimits, Tenant } from '../index.js';
import { CAPABILITIES } from './capabilities.js';
import { anonymous } from './engine.js';
import { ExtismError, manifestError } from './errors.js';
import { type LogLevel, levelNumber } from './log-level.js';
import { manifestOptions } from './manifest.js';
import { checkShapes } from './shapes.js';
import type { ExtismPluginOptions, HostFunction, Manifest, PluginCallOptions } from './types.js';

export type Functions = Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;

/** What a call may take, beside its time by the clock. */
export type Bounds = Pick<PluginCallOptions, 'cpuTimeMs' | 'fuel'>;

/** Options and manifest, with every default. */
export interface Settings {
  readonly useWasi: boolean;
  readonly enableWasiOutput: boolean;
  readonly logger: Console;
  readonly logLevel: number;
  readonly functions: Functions;
  readonly allowedPaths: Readonly<Record<string, string>>;
  readonly allowedHosts: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly maxPages: number | undefined;
  readonly maxVarBytes: number;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number | undefined;
  readonly fetch: typeof fetch;
  readonly allowHttpResponseHeaders: boolean;
  readonly limits: ModuleLimits;
  readonly tenant: Tenant | undefined;
  /** Of each module of the plugin: its limits and tenant. */
  readonly moduleConfig: ModuleConfig;
  /** Of each call into it. */
  readonly bounds: Bounds;
}

/** An option goes before the manifest, as in js-sdk: what is empty or 0 there is none. */
export function settingsOf(options: ExtismPluginOptions, manifest: Manifest): Settings {
  const own = manifestOptions(manifest);
  checkShapes('manifest', own);
  const useWasi = options.useWasi ?? false;
  const memory = options.memory || own.memory || {};
  const { tenant } = options;
  const limits = { ...options.limits };
  return {
    useWasi,
    enableWasiOutput: options.enableWasiOutput ?? (useWasi && CAPABILITIES.extismStdoutEnvVarSet),
    logger: options.logger ?? console,
    logLevel: levelNumber(options.logLevel ?? defaultLevel(options.logger)),
    functions: checkFunctions(options.functions ?? {}),
    allowedPaths: checkPaths(options.allowedPaths || own.allowedPaths || {}, options),
    allowedHosts: options.allowedHosts || own.allowedHosts || [],
    config: options.config || own.config || {},
    maxPages: memory.maxPages,
    maxVarBytes: memory.maxVarBytes ?? 2 ** 20,
    maxResponseBytes: memory.maxHttpResponseBytes ?? 50 * 2 ** 20,
    timeoutMs: options.timeoutMs || own.timeoutMs || undefined,
    fetch: options.fetch ?? fetch,
    allowHttpResponseHeaders: Boolean(options.allowHttpResponseHeaders),
    limits,
    tenant,
    moduleConfig: anonymous.withLimits(limits).withTenant(tenant),
    bounds: boundsOf(options),
  };
}

/** A logger without \`trace\` is one for 1.0 of js-sdk, which had no levels. */
function defaultLevel(logger: Partial<Console> | undefined): LogLevel {
  return logger && logger.trace === undefined ? 'trace' : 'silent';
}

/** What was written for js-sdk's Workers is told what those tell it. */
function checkPaths(paths: Settings['allowedPaths'], { runInWorker }: ExtismPluginOptions): Settings['allowedPaths'] {
  const readOnly = Object.values(paths).find((path) => path.startsWith('ro:'));
  if (runInWorker && readOnly !== undefined)
    throw new ExtismError('ERR_EXTISM_MANIFEST', `Readonly dirs are not supported: ${readOnly}`);
  return paths;
}

function checkFunctions(functions: Functions): Functions {
  for (const [namespace, members] of Object.entries(functions))
    for (const [name, fn] of Object.entries(members))
      if (typeof fn !== 'function')
        throw manifestError(`Expected a function for functions["${namespace}"]["${name}"] but received ${typeof fn}`);
  return functions;
}

/** Without what is not given: undefined would be a value. */
export function boundsOf({ cpuTimeMs, fuel }: Bounds, otherwise: Bounds = {}): Bounds {
  const bounds: Bounds = { ...otherwise };
  if (cpuTimeMs !== undefined) bounds.cpuTimeMs = cpuTimeMs;
  if (fuel !== undefined) bounds.fuel = fuel;
  return bounds;
}
