import { Buffer } from 'node:buffer';
import { type CompiledModule, isWazeroError, type Module, type ModuleImage } from '../index.js';
import type { Code, Engine, KernelParts, Pace, SharedHost } from './engine.js';
import { sha256 } from './engine.js';
import { type Frozen, littleMemory } from './frozen.js';
import { ENV, hostModules, replacedKernel, WASI } from './host.js';
import { manifestOf, partsOf } from './manifest.js';
import { type Settings, settingsOf } from './settings.js';
import type {
  ExtismPluginOptions,
  HostFunction,
  ManifestLike,
  ModuleExportDescriptor,
  ModuleImportDescriptor,
} from './types.js';

/** A module of the plugin, compiled. */
export interface Part {
  readonly name: string;
  readonly compiled: CompiledModule;
  readonly pace: Pace;
  readonly startsItself: boolean;
  readonly imports: readonly ModuleImportDescriptor[];
  readonly exports: readonly ModuleExportDescriptor[];
  /** What it imports of the caller's own functions, by namespace. */
  readonly hosts: ReadonlyMap<string, Module>;
  /** Where these replace some of the kernel's: what it imports as the kernel. */
  readonly kernel: CompiledModule | undefined;
}

/** All that instances of one manifest share. Who makes one uses it, and releases it. */
export class Program {
  static async load(
    source: ManifestLike | PromiseLike<ManifestLike>,
    options: ExtismPluginOptions,
    engine: Engine,
  ): Promise<Program> {
    const fetchIt = options.fetch ?? fetch;
    const manifest = await manifestOf(await source, fetchIt);
    const settings = settingsOf(options, manifest);
    const kernel = await engine.kernel();
    const program = new Program(engine, settings, kernel);
    try {
      const parts = await partsOf(manifest, fetchIt, (bytes) => engine.hashOf(bytes));
      // All of them, also where one fails: what is compiled is to be released.
      const compiled = await Promise.allSettled(
        parts.map(async ({ bytes, hash }) => {
          const code = await engine.compile(bytes, hash);
          program.#code.push(code);
          return code;
        }),
      );
      for (const [at, result] of compiled.entries()) {
        if (result.status === 'rejected') throw result.reason;
        program.#add(parts[at]?.name as string, result.value);
      }
      program.kind = program.#kindOf(parts[0]?.hash);
      return program;
    } catch (error) {
      program.release();
      throw error;
    }
  }

  readonly engine: Engine;
  readonly settings: Settings;
  readonly kernel: KernelParts;
  readonly parts: Part[] = [];
  /** Of its instances, where another plugin may have them after it (pool.ts): what is the same there has the same key. */
  kind: string | undefined;
  /** What instances are made of after the first: set where each call has one of its own. */
  frozen: Frozen | undefined;
  readonly #code: Code[] = [];
  readonly #glue = new Map<string, CompiledModule>();
  readonly #hosts: SharedHost[] = [];
  /** As they were when the plugin was loaded. */
  readonly #functions: ReadonlyMap<string, ReadonlyMap<string, HostFunction>>;
  #users = 1;

  private constructor(engine: Engine, settings: Settings, kernel: Program['kernel']) {
    this.engine = engine;
    this.settings = settings;
    this.kernel = kernel;
    const { functions } = settings;
    this.#functions = new Map(
      Object.entries(functions).map(([name, members]) => [name, new Map(Object.entries(members))]),
    );
  }
  use(): void {
    this.#users++;
  }
  release(): void {
    if (--this.#users > 0) return;
    this.frozen?.main.close();
    this.frozen?.kernel.close();
    for (const code of this.#code) code.release();
    for (const module of this.#glue.values()) module.closeSync();
    for (const host of this.#hosts) host.release();
  }

  #add(name: string, { module: compiled, imports, exports, pace, startsItself }: Code): void {
    const { functions } = this.settings;
    const shared = hostModules(this.engine, compiled, functions);
    this.#hosts.push(...shared.values());
    const hosts = new Map([...shared].map(([namespace, { module }]) => [namespace, module]));
    const kernel = hosts.has(ENV) ? this.glue(replacedKernel(compiled, functions)) : undefined;
    this.parts.push({ name, compiled, pace, startsItself, imports, exports, hosts, kernel });
  }

  /**
   * undefined: they are nobody else's. A start section cannot run again. Mounts are of its own; an account is of its own. A reference that a host
   * function was passed is a way into the instance that does not end with the plugin.
   */
  #kindOf(hash: string | undefined): string | undefined {
    const [part] = this.parts;
    const { limits, tenant, useWasi, enableWasiOutput, allowedPaths } = this.settings;
    if (!part || this.parts.length > 1 || part.kernel || part.startsItself || tenant) return undefined;
    const usesWasi = part.imports.some(({ module }) => module === WASI);
    if (usesWasi && Object.keys(allowedPaths).length > 0) return undefined;
    const own: string[] = [];
    for (const { import: from, paramTypes, resultTypes } of part.compiled.importedFunctions()) {
      const { module, name } = from as { module: string; name: string };
      if (!this.#functions.get(module)?.has(name)) continue;
      if ([...paramTypes, ...resultTypes].some((type) => type.endsWith('ref'))) return undefined;
      own.push(module, name);
    }
    return JSON.stringify([hash, limits, usesWasi && useWasi, usesWasi && enableWasiOutput, own]);
  }

  /** A main module none of whose code has run, and that is linked with nothing but its kernel and the host, is what the next of its kind begin with. */
  giveImage(main: Module, isAlone: boolean): void {
    let image: ModuleImage | null = null;
    try {
      const isLittle = (main.memory?.size() ?? 0) <= littleMemory;
      if (isAlone && isLittle && this.engine.kernelImage(this.kernel)) image = main.freezeSync();
    } catch (error) {
      if (!isWazeroError(error)) throw error; // they are made without
    }
    this.engine.pool.setImage(this.kind as string, image);
  }

  hostFunction(namespace: string, name: string): HostFunction {
    return this.#functions.get(namespace)?.get(name) as HostFunction;
  }

  get main(): Part {
    return (this.parts.length === 1 ? this.parts[0] : this.part('main')) as Part;
  }
  /** By its name, or its place in the manifest: 1.0 of js-sdk names modules so that have no name. */
  part(name: string): Part | undefined {
    return this.parts.find((part) => part.name === name) ?? (/^\d+$/.test(name) ? this.parts[Number(name)] : undefined);
  }

  /** A small module, compiled once. */
  glue(bytes: Uint8Array): CompiledModule {
    const key = bytes.byteLength < 256 ? Buffer.from(bytes).toString('latin1') : sha256(bytes);
    let module = this.#glue.get(key);
    if (!module) {
      module = this.engine.runtime.compileModuleSync(bytes);
      this.#glue.set(key, module);
    }
    return module;
  }
}
