import { Buffer } from 'node:buffer';
import type { CompiledModule, Module } from '../index.js';
import type { Code, Engine } from './engine.js';
import { sha256 } from './engine.js';
import { ENV, hostModules, replacedKernel } from './host.js';
import { manifestOf, partsOf } from './manifest.js';
import { importsAndExports } from './sections.js';
import { type Settings, settingsOf } from './settings.js';
import type { ExtismPluginOptions, ManifestLike, ModuleExportDescriptor, ModuleImportDescriptor } from './types.js';

/** A module of the plugin, compiled. */
export interface Part {
  readonly name: string;
  readonly compiled: CompiledModule;
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
      const parts = await partsOf(manifest, fetchIt);
      // All of them, also where one fails: what is compiled is to be released.
      const compiled = await Promise.allSettled(
        parts.map(async ({ bytes, hash }) => {
          const code = await engine.compile(bytes, hash);
          program.#code.push(code);
          return { compiled: code.module, ...importsAndExports(bytes) };
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
  readonly #code: Code[] = [];
  readonly #glue = new Map<string, CompiledModule>();
  readonly #hosts: Module[] = [];
  #users = 1;

  private constructor(engine: Engine, settings: Settings, kernel: Program['kernel']) {
    this.engine = engine;
    this.settings = settings;
    this.kernel = kernel;
  }
  use(): void {
    this.#users++;
  }
  release(): void {
    if (--this.#users > 0) return;
    for (const code of this.#code) code.release();
    for (const module of this.#glue.values()) module.closeSync();
    for (const module of this.#hosts) module.closeSync();
  }

  #add(name: string, { compiled, imports, exports }: Omit<Part, 'name' | 'hosts' | 'kernel'>): void {
    const { functions } = this.settings;
    const hosts = hostModules(this.engine.runtime, compiled, functions);
    this.#hosts.push(...hosts.values());
    const kernel = hosts.has(ENV) ? this.glue(replacedKernel(compiled, functions)) : undefined;
    this.parts.push({ name, compiled, imports, exports, hosts, kernel });
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
