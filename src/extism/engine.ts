import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { clearTimeout, setTimeout } from 'node:timers';
import {
  type CallerModule,
  CompilationCache,
  type CompiledModule,
  CoreFeatures,
  isWazeroError,
  type Module,
  ModuleConfig,
  type ModuleImage,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../index.js';
import { kernelBinary } from './kernel-binary.js';
import { Pool } from './pool.js';
import { type ImportsAndExports, importsAndExports } from './sections.js';

/** Milliseconds that what nobody uses any more is kept: many hosts make a plugin for each request. */
const lingerMs = 1000;

/** What V8 has, too. */
const features =
  CoreFeatures.V2 |
  CoreFeatures.Threads |
  CoreFeatures.TailCall |
  CoreFeatures.ExtendedConst |
  CoreFeatures.ExceptionHandling;

export const anonymous = new ModuleConfig().withName('').withStartFunctions();

/** A module's code, for as long as it is not released. */
export interface Code extends ImportsAndExports {
  readonly module: CompiledModule;
  readonly pace: Pace;
  release(): void;
}

/** What is known of how long an instantiation takes: segments of data and elements may be large. */
export class Pace {
  /** No more than some hundred microseconds, and no code of the guest's runs in it: not worth another thread. */
  isQuick = false;
  readonly #mayBe: boolean;
  constructor(startsItself: boolean) {
    this.#mayBe = !startsItself;
  }
  took(ms: number): void {
    const quick = 2;
    this.isQuick = this.#mayBe && ms < quick;
  }
}

/** What kernels are made of. */
export interface KernelParts {
  readonly compiled: CompiledModule;
  readonly host: Module;
}

/** A host module that several plugins import. */
export interface SharedHost {
  readonly module: Module;
  release(): void;
}

/** Counts users, and ends some time after the last. */
class Counted {
  #users = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #end: () => void;
  constructor(end: () => void) {
    this.#end = end;
  }
  use(): void {
    this.#users++;
    clearTimeout(this.#timer);
  }
  release(): void {
    if (--this.#users === 0) this.#timer = setTimeout(this.#end, lingerMs).unref();
  }
}

/** What the kernel asks of JavaScript, and which instance of a plugin it is: the context of its calls. */
export interface KernelHost {
  log(level: number, address: number, length: number): void;
  http(caller: CallerModule, address: number, length: number, bodyAddress: number, bodyLength: number): Promise<bigint>;
  headers(caller: CallerModule): bigint;
  varsRefused(caller: CallerModule, bytes: bigint): void;
}

/**
 * One runtime for all plugins of this thread that keep their machine code in the same place: they share the kernel's code, WASI, and the
 * code of modules of the same bytes (to decode 2 MB again takes longer than all else that a plugin needs).
 */
export class Engine {
  static readonly #engines = new Map<string, Engine>();
  /** To be released. */
  static use(cacheDir: string | undefined, countsFuel: boolean): Engine {
    const key = `${countsFuel ? 'fuel' : ''}\0${cacheDir ?? ''}`;
    let engine = Engine.#engines.get(key);
    if (!engine) {
      engine = new Engine(cacheDir, countsFuel, () => Engine.#engines.delete(key));
      Engine.#engines.set(key, engine);
    }
    engine.#users.use();
    return engine;
  }

  readonly runtime: Runtime;
  readonly pool = new Pool(lingerMs);
  readonly #cache: CompilationCache | undefined;
  readonly #code = new Map<string, Compiled>();
  readonly #hosts = new Map<string, { module: Module; users: Counted }>();
  readonly #users: Counted;
  #kernel: Promise<KernelParts> | undefined;
  #kernelImage: ModuleImage | null | undefined;
  #wasi: Module | undefined;

  private constructor(cacheDir: string | undefined, countsFuel: boolean, forget: () => void) {
    this.#cache = cacheDir === undefined ? undefined : CompilationCache.withDir(cacheDir);
    const config = new RuntimeConfig().withCoreFeatures(features).withCloseOnContextDone(true).withFuel(countsFuel);
    this.runtime = new Runtime(config.withCompilationCache(this.#cache));
    this.#users = new Counted(() => {
      forget();
      this.pool.clear();
      void this.runtime.close().then(() => this.#cache?.close());
    });
  }
  release(): void {
    this.#users.release();
  }

  /** The kernel's code, and the module of what it imports. */
  kernel(): Promise<KernelParts> {
    this.#kernel ??= this.#makeKernel();
    return this.#kernel;
  }
  async #makeKernel() {
    const builder = this.runtime.newHostModuleBuilder('extism');
    const host = builder
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, level, address, length) => (caller.context as KernelHost).log(level, address, length),
        ['i32', 'i32', 'i32'],
        [],
      )
      .export('log')
      .newFunctionBuilder()
      .withModuleFunction(
        (caller, ...request) => (caller.context as KernelHost).http(caller, ...request),
        ['i32', 'i32', 'i32', 'i32'],
        ['i64'],
      )
      .export('http')
      .newFunctionBuilder()
      .withModuleFunction((caller) => (caller.context as KernelHost).headers(caller), [], ['i64'])
      .export('headers')
      .newFunctionBuilder()
      .withModuleFunction((caller, bytes) => (caller.context as KernelHost).varsRefused(caller, bytes), ['i64'], [])
      .export('refused')
      .instantiateSync();
    const compiled = await this.runtime.compileModule(Buffer.from(kernelBinary, 'base64'));
    return { compiled, host };
  }

  /** The kernel without settings, once `kernel` has resolved. undefined: it cannot be frozen here. */
  kernelImage({ compiled, host }: KernelParts): ModuleImage | undefined {
    if (this.#kernelImage === undefined) {
      const module = this.runtime.instantiateModuleSync(compiled, anonymous, { importResolver: () => host });
      try {
        this.#kernelImage = module.freezeSync();
      } catch (error) {
        if (!isWazeroError(error)) throw error;
        this.#kernelImage = null;
      } finally {
        module.closeSync();
      }
    }
    return this.#kernelImage ?? undefined;
  }

  /** WASI, for all. What a plugin sees of it is the affair of its config. */
  wasi(): Module {
    this.#wasi ??= wasi.instantiateSync(this.runtime);
    return this.#wasi;
  }

  /** SHA-256, which takes ten times as long as to see that these are bytes which were compiled before. */
  hashOf(bytes: Uint8Array): string {
    for (const [hash, { bytes: known }] of this.#code)
      if (known.byteLength === bytes.byteLength && known.equals(bytes)) return hash;
    return sha256(bytes);
  }

  /** Compiled once for as many as use it at a time. To be released, also when it fails: then it rejects and is nobody's. */
  async compile(bytes: Uint8Array, hash: string): Promise<Code> {
    let entry = this.#code.get(hash);
    if (!entry) {
      const compiled = this.runtime.compileModule(bytes);
      const users = new Counted(() => {
        this.#code.delete(hash);
        void compiled.then((module) => module.close());
      });
      const copy = Buffer.from(bytes);
      const code = compiled.then((module) => {
        const sections = importsAndExports(copy);
        return { module, ...sections, pace: new Pace(sections.startsItself), release: () => users.release() };
      });
      entry = { code, bytes: copy, users };
      this.#code.set(hash, entry);
    }
    entry.users.use();
    try {
      return await entry.code;
    } catch (error) {
      if (this.#code.get(hash) === entry) this.#code.delete(hash);
      throw error;
    }
  }

  /** The host module of that key, made where nobody has it. What it does must hang on the key and the caller alone. To be released. */
  host(key: string, make: () => Module): SharedHost {
    let entry = this.#hosts.get(key);
    if (!entry) {
      const module = make();
      const users = new Counted(() => {
        this.#hosts.delete(key);
        module.closeSync();
      });
      entry = { module, users };
      this.#hosts.set(key, entry);
    }
    const { module, users } = entry;
    users.use();
    return { module, release: () => users.release() };
  }
}

interface Compiled {
  readonly code: Promise<Code>;
  readonly bytes: Buffer;
  readonly users: Counted;
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
