import { Buffer } from 'node:buffer';
import type { CompiledModule, Module } from '../index.js';
import type { Code, Engine, Pace, SharedHost } from './engine.js';
import { sha256 } from './engine.js';
import type { Frozen } from './frozen.js';
import { ENV, hostModules, replacedKernel } from './host.js';
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
      return program;
    } catch (error) {
      program.release();
      throw error;
    }
  }

  readonly engine: Engine;
  readonly settings: Settings;
  readonly kernel: { readonly compiled: CompiledModule; readonly host: Module };
  readonly parts: Part[] = [];
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

  #add(name: string, { module: compiled, imports, exports, pace }: Code): void {
    const { functions } = this.settings;
    const shared = hostModules(this.engine, compiled, functions);
    this.#hosts.push(...shared.values());
    const hosts = new Map([...shared].map(([namespace, { module }]) => [namespace, module]));
    const kernel = hosts.has(ENV) ? this.glue(replacedKernel(compiled, functions)) : undefined;
    this.parts.push({ name, compiled, pace, imports, exports, hosts, kernel });
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
