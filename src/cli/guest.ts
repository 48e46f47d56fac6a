import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import {
  CompilationCache,
  type CompiledModule,
  type CompileOptions,
  type ExportedFunction,
  type Module,
  Runtime,
  type RuntimeConfig,
} from '../index.js';
import { during, Failure, helpFlags, print } from './command.js';
import { featureFlags, withFeatures } from './features.js';
import type { Flags } from './flags.js';

export const compileFlags = {
  cachedir: {
    kind: 'string',
    help: 'Writeable directory for native code compiled from wasm. Used again by the same build of node-wazero.',
  },
  ...featureFlags,
  ...helpFlags,
  workers: { kind: 'int', help: 'Number of threads that compile one module: faster, for more memory. (default 1)' },
} as const satisfies Flags;

/** Where a command's module comes from, and how it is compiled. */
export interface Source {
  readonly path: string;
  readonly cachedir: string;
  readonly workers: number;
  readonly features: readonly string[];
}

export function pathOf(rest: readonly string[], usage: string): string {
  if (rest[0] === undefined) throw new Failure('missing path to wasm file', usage);
  return rest[0];
}

export const readBinary = (path: string) => during('error reading wasm binary', () => readFile(path));

export async function withCompiled<T>(
  { path, cachedir, workers, features }: Source,
  config: RuntimeConfig,
  options: CompileOptions,
  use: (runtime: Runtime, compiled: CompiledModule) => T | Promise<T>,
): Promise<T> {
  const binary = await readBinary(path);
  const cache = cachedir ? await during('invalid cachedir', () => CompilationCache.withDir(cachedir)) : undefined;
  const most = availableParallelism();
  if (workers > most)
    print(
      `warning: desired number of compilation workers (${workers}) greater than the processors (${most}) that there are: using these`,
    );
  const runtime = new Runtime(config.withCompilationCache(cache).withCoreFeatures(withFeatures(features)));
  try {
    const threads = Math.min(workers, most);
    const compiled = await during('error compiling wasm binary', () =>
      runtime.compileModule(binary, threads > 1 ? { ...options, workers: threads } : options),
    );
    return await use(runtime, compiled);
  } finally {
    await runtime.close();
    await cache?.close();
  }
}

/** A function that can be called from the command line. */
export function callOf(module: Module, name: string): ExportedFunction<readonly [], readonly never[]> {
  const found = module.exportedFunction(name);
  if (!found) throw new Failure(`there is no exported function ${JSON.stringify(name)}`);
  if (found.definition.paramTypes.length > 0)
    throw new Failure(`${JSON.stringify(name)} has parameters: it cannot be invoked`);
  return found as never;
}
