import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type CallerModule,
  CompilationCache,
  type CompiledModule,
  CoreFeatures,
  type ExportedFunction,
  type FunctionReference,
  type Global,
  lend,
  type Memory,
  type Module,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  type Tag,
} from '../index.js';
import type { Binary } from './binary.js';
import { Errors } from './errors.js';
import type { Kind } from './idl.js';
import type { ExternKind, FunctionType, GlobalType, Type, WebAssemblyOptions } from './types.js';

/** Where something is that can be imported. */
export interface Owner {
  readonly module: Module;
  readonly name: string;
}
export interface ModulePart {
  readonly binary: Binary;
  readonly compiled: CompiledModule;
  /** Imports that are string builtins or string constants: what they are, by position. */
  readonly given: ReadonlyMap<number, unknown>;
}
export interface InstancePart {
  readonly exports: object;
}
export interface MemoryPart extends Owner {
  readonly shared: boolean;
  memory?: Memory;
}
export interface TablePart extends Owner {
  readonly type: Type;
  access?: TableAccess;
}
/** What reads and writes a table. */
export interface TableAccess {
  readonly module: Module;
  get(index: number): unknown;
  set(index: number, value: unknown): void;
  grow(by: number, value: unknown): number;
  size(): number;
  /** All of it. */
  fill(value: unknown): void;
}
export interface GlobalPart extends Owner, GlobalType {
  global?: Global;
}
export interface TagPart extends Owner {
  readonly params: readonly Type[];
  tag?: Tag;
}
export interface ExceptionPart {
  readonly tag: object;
  readonly values: readonly unknown[];
}
/** A function of a guest; where nobody exported it, its name says nothing. */
export interface FunctionPart extends Owner {
  readonly index: number;
  readonly type: FunctionType;
  reference?: FunctionReference;
  /** Gives the reference. */
  take(): FunctionReference;
  call?: ExportedFunction;
}

/** The features that V8 has, too. */
const features =
  CoreFeatures.V2 |
  CoreFeatures.Threads |
  CoreFeatures.TailCall |
  CoreFeatures.ExtendedConst |
  CoreFeatures.ExceptionHandling |
  CoreFeatures.TypedFunctionReferences;

const finite = (ms: number | undefined): number | undefined => (ms === Infinity ? undefined : ms);
const anonymous = new ModuleConfig().withName('').withStartFunctions();

class ExportedTags {
  readonly #tags = new Set<{ readonly object: WeakRef<object>; readonly part: WeakRef<TagPart> }>();
  add(object: object, part: TagPart): void {
    this.#tags.add({ object: new WeakRef(object), part: new WeakRef(part) });
  }
  find(tag: Tag): object | undefined {
    for (const one of this.#tags) {
      const [object, part] = [one.object.deref(), one.part.deref()];
      if (object === undefined || part === undefined) this.#tags.delete(one);
      else if (!part.module.isClosed) {
        part.tag ??= part.module.exportedTag(part.name) as Tag;
        if (part.tag === tag) return object;
      }
    }
    return undefined;
  }
}

/** What belongs to one namespace: its runtime and its classes. */
export class Realm {
  readonly errors = new Errors();
  readonly timeoutMs: number | undefined;
  readonly #compileTimeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Of all instances. */
  readonly config: ModuleConfig;
  readonly #options: WebAssemblyOptions;
  #runtime: Runtime | undefined;
  #cache: CompilationCache | undefined;
  #closed = false;

  // Set by those who make them.
  module!: Kind<ModulePart>;
  instance!: Kind<InstancePart>;
  memory!: Kind<MemoryPart>;
  table!: Kind<TablePart>;
  global!: Kind<GlobalPart>;
  tag!: Kind<TagPart>;
  exception!: Kind<ExceptionPart>;
  /** A function that JavaScript made for a guest to wait for. */
  suspending!: Kind<(...args: never[]) => unknown>;
  jsTag!: object;
  /** Those that guests export: which of them an exception is of is asked when there is one. */
  readonly exportedTags = new ExportedTags();

  /** Of host functions, once `suspends` was called: before that nobody needs to know, and it costs. */
  callers: AsyncLocalStorage<CallerModule> | undefined;

  constructor(options: WebAssemblyOptions) {
    const { runtime, timeoutMs, compileTimeoutMs = timeoutMs, limits, cache, signal, tenant } = options;
    if (runtime !== undefined && !(runtime instanceof Runtime))
      throw new TypeError('Expected a Runtime or undefined for options.runtime');
    if (runtime !== undefined && (limits !== undefined || cache !== undefined))
      throw new TypeError('Expected no limits and no cache beside options.runtime, whose own they are');
    if (cache !== undefined && typeof cache !== 'string' && !(cache instanceof CompilationCache))
      throw new TypeError('Expected a CompilationCache or a directory for options.cache');
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new TypeError('Expected an AbortSignal or undefined for options.signal');
    for (const [name, value] of Object.entries({ timeoutMs, compileTimeoutMs }))
      if (value !== undefined && !(typeof value === 'number' && value > 0))
        throw new RangeError(`Expected a number above 0 for options.${name}`);
    if (limits !== undefined) new RuntimeConfig().withLimits(limits); // what is wrong with them is said now
    this.#options = options;
    this.config = anonymous.withTenant(tenant); // which looks what it is
    this.timeoutMs = finite(timeoutMs);
    this.#compileTimeoutMs = finite(compileTimeoutMs);
    this.signal = signal;
    this.#runtime = runtime;
  }

  /** Made on first use: who only imports the package needs none. */
  get runtime(): Runtime {
    this.#runtime ??= this.#open();
    return this.#runtime;
  }
  #open(): Runtime {
    if (this.#closed) throw new this.errors.RuntimeError('the namespace is closed');
    const { limits, cache } = this.#options;
    let config = new RuntimeConfig().withCoreFeatures(features).withCloseOnContextDone(true);
    if (limits !== undefined) config = config.withLimits(limits);
    if (typeof cache === 'string') this.#cache = CompilationCache.withDir(cache);
    return new Runtime(config.withCompilationCache(typeof cache === 'string' ? this.#cache : cache));
  }
  /** A runtime of somebody else stays as it is. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#options.runtime !== undefined) return;
    await this.#runtime?.close();
    await this.#cache?.close();
  }

  /** Somebody makes functions that guests wait for: from now on it is known who calls JavaScript. */
  suspends(): void {
    this.callers ??= new AsyncLocalStorage();
  }
  /**
   * The function for a call inside a host function whose guest waits for it, also after an `await`: in `promising` such a guest has the link
   * group for itself, and only its caller gets in. undefined: elsewhere.
   */
  lent(part: FunctionPart): ExportedFunction | undefined {
    const caller = this.callers?.getStore();
    if (caller === undefined || part.name === '') return undefined;
    try {
      return lend(caller, part.module).exportedFunction(part.name);
    } catch {
      return undefined; // it has answered, or is of another link group
    }
  }

  /** For a call that is outermost. */
  limited(call: ExportedFunction): ExportedFunction {
    return this.timeoutMs === undefined ? call : call.withOptions({ timeoutMs: this.timeoutMs });
  }
  get timeLimit(): { timeoutMs?: number } {
    return this.timeoutMs === undefined ? {} : { timeoutMs: this.timeoutMs };
  }
  /** Of calls that run off the JS thread. */
  get asyncLimit(): { timeoutMs?: number; signal?: AbortSignal } {
    return this.signal === undefined ? this.timeLimit : { ...this.timeLimit, signal: this.signal };
  }
  get compileLimit(): { timeoutMs?: number; signal?: AbortSignal } {
    const [ms, signal] = [this.#compileTimeoutMs, this.signal];
    return { ...(ms === undefined ? {} : { timeoutMs: ms }), ...(signal === undefined ? {} : { signal }) };
  }

  kindOf(kind: Exclude<ExternKind, 'function'>): Kind<Owner> {
    return this[kind] as Kind<Owner>;
  }
}
