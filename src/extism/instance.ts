import { Buffer } from 'node:buffer';
import { type CallerModule, type ExportedFunction, isWazeroError, type Module, type ModuleImage } from '../index.js';
import { now } from '../values/node.js';
import { CallContext, type ContextOwner } from './context.js';
import type { KernelHost } from './engine.js';
import { calling, ExtismError, instantiating, isLeftInTheMiddle, isTimeout, noRoom } from './errors.js';
import { type Frozen, littleMemory } from './frozen.js';
import type { FunctionHost } from './host.js';
import { httpRequest } from './http.js';
import { Kernel } from './kernel.js';
import { Linker, zeros } from './link.js';
import { logLevels } from './log-level.js';
import { PluginOutput } from './output.js';
import type { Part, Program } from './program.js';
import { boundsOf } from './settings.js';
import { type Steps, step } from './steps.js';
import type { HostFunction, PluginCallOptions } from './types.js';
import { tooMuch, type VarName, type Vars, varName } from './vars.js';

/** Of one log message, in bytes: more holds up the event loop. */
const mostOfMessage = 2 ** 20;
const none: ReadonlyMap<VarName, Uint8Array> = new Map();

/** What all instances of a plugin share. */
export interface Owner {
  readonly vars: Vars;
  /** Others may change vars meanwhile, so that changes are looked for after each call. */
  readonly sharesVars: boolean;
  /** Each call has an instance of its own. */
  readonly isFresh: boolean;
}

interface Target {
  readonly fn: ExportedFunction;
  readonly args: (number | bigint | null)[];
}

/** A plugin's modules with a kernel of their own: what runs one call at a time. */
export class Instance implements ContextOwner, FunctionHost, KernelHost {
  static *make(program: Program, owner: Owner): Steps<Instance> {
    try {
      return yield* Instance.#make(program, owner);
    } catch (error) {
      // What nobody has is the first to go.
      if ((error as { limit?: string }).limit !== 'totalMemoryBytes' || !program.engine.pool.clear()) throw error;
      return yield* Instance.#make(program, owner);
    }
  }
  static *#make(program: Program, owner: Owner): Steps<Instance> {
    const { engine, settings, kernel, frozen, kind } = program;
    program.use();
    const asked = kind === undefined || frozen ? {} : engine.pool.ask(kind);
    const { spare } = asked;
    const image = spare?.image ?? asked.image;
    let module = spare?.kernel;
    let instance: Instance | undefined;
    try {
      spare?.release();
      // No code of the plugin's runs in that, so it need not be off the JS thread.
      const { host, compiled } = kernel;
      module ??= engine.runtime.instantiateModuleSync(
        frozen?.kernel ?? (image && engine.kernelImage(kernel)) ?? compiled,
        settings.moduleConfig,
        { importResolver: () => host },
      );
      const main = frozen?.main ?? spare?.main ?? image;
      const linker = new Linker(program, module, main && { main, isInitialized: frozen !== undefined });
      if (asked.wantsImage) linker.made = (made, isAlone) => program.giveImage(made, isAlone);
      instance = new Instance(
        program,
        owner,
        new Kernel(module, settings, frozen !== undefined),
        linker,
        frozen,
        image,
      );
      yield* linker.module(program.main);
      if (owner.isFresh && !frozen) yield* instance.#freeze();
      return instance;
    } catch (error) {
      const caused = instance ? instance.#translated(error, instantiating) : error;
      if (instance) instance.close();
      else {
        spare?.main.closeSync();
        module?.closeSync();
        program.release();
      }
      throw caused;
    }
  }

  readonly program: Program;
  readonly plugin: Owner;
  readonly kernel: Kernel;
  readonly context: CallContext = new CallContext(this);
  /** What it was made of, if that is an image. */
  readonly #frozen: Frozen | undefined;
  /** Likewise, where other plugins may have it after this one. */
  readonly #image: ModuleImage | undefined;
  readonly #linker: Linker;
  readonly #targets = new Map<string, Target>();
  caller: CallerModule | undefined;
  hostContext: unknown;
  /** It is to be thrown away: stopped, exited, or left as a trap left it. */
  spent = false;
  #headers: Readonly<Record<string, string>> | undefined;
  /** What the kernel's vars were made of. */
  #loaded: ReadonlyMap<VarName, Uint8Array> = none;
  #version = 0;
  #changes = 0;
  #varsRefused = false;

  private constructor(
    program: Program,
    owner: Owner,
    kernel: Kernel,
    linker: Linker,
    frozen: Frozen | undefined,
    image?: ModuleImage,
  ) {
    this.program = program;
    this.plugin = owner;
    this.kernel = kernel;
    this.#linker = linker;
    linker.context = this;
    this.#frozen = frozen;
    this.#image = image;
    const { module } = kernel;
    if (frozen) {
      const { loaded, version, changes } = frozen.vars;
      this.#loaded = loaded;
      this.#version = version;
      this.#changes = changes;
      return;
    }
    const { settings } = program;
    kernel.logLevel = settings.logLevel;
    const config = new Map(
      Object.entries(settings.config).map(([key, value]) => [varName(key), Buffer.from(`${value}`)]),
    );
    if (config.size > 0 && !this.kernel.writeConfig(() => module, config)) throw noRoom('config');
    this.pushVars(() => module);
  }

  /** Before its first call, for those to come. Where it cannot be (several modules, open files, an engine without images), they are made as it was. */
  *#freeze(): Steps<void> {
    const { program } = this;
    const { modules } = this.#linker;
    const [main] = modules;
    if (!main || modules.length > 1 || program.parts.length > 1) return;
    const vars = { loaded: this.#loaded, version: this.#version, changes: this.#changes };
    const { module } = this.kernel;
    let kernel: ModuleImage | undefined;
    try {
      kernel = module.freezeSync();
      const image = yield* step(
        () => main.freezeSync(),
        () => main.freeze(),
      );
      program.frozen = { kernel, main: image, vars };
    } catch (error) {
      kernel?.close();
      if (!isWazeroError(error)) throw error;
    }
  }

  /** In its place, after a call: one that is as this was before. undefined: it is to be closed, and another to be made. */
  again(): Instance | undefined {
    const { kernel } = this;
    const [main] = this.#linker.modules;
    this.context.end();
    if (!this.#frozen || !main || main.isClosed || kernel.module.isClosed) return undefined;
    if (main.memory && main.memory.size() > littleMemory) return undefined;
    try {
      main.resetSync();
      kernel.module.resetSync();
    } catch {
      return undefined; // somebody uses it, or its files cannot be opened again
    }
    return new Instance(this.program, this.plugin, kernel, this.#linker, this.#frozen);
  }

  /** Nobody calls it any more, and nothing runs in it: it is made as it was, for the next plugin of its kind, or closed. */
  async retire(): Promise<void> {
    if (!this.#isGiven()) await this.close();
  }
  #isGiven(): boolean {
    const { program, kernel } = this;
    const image = this.#image;
    const [main, ...others] = this.#linker.modules;
    if (this.spent || !image || !main || others.length > 0 || program.kind === undefined) return false;
    if (main.isClosed || kernel.module.isClosed) return false;
    if ((main.memory?.size() ?? 0) + (kernel.module.memory?.size() ?? 0) > littleMemory) return false;
    this.pullVars();
    this.spent = true;
    this.context.end();
    try {
      main.resetSync();
      kernel.module.resetSync();
    } catch {
      return false;
    }
    const release = () => program.release();
    return program.engine.pool.give(program.kind, { image, kernel: kernel.module, main, release });
  }

  /** What is under way ends. */
  async close(): Promise<void> {
    this.spent = true;
    try {
      this.pullVars();
    } catch {} // a call is under way, which is ended in the middle
    const modules = [this.kernel.module, ...this.#linker.modules].reverse();
    await Promise.all(modules.map((module) => module.close()));
    this.program.release();
  }

  // ---------------------------------------------------------------- calls

  *call(
    part: Part,
    name: string,
    input: Uint8Array,
    hostContext: unknown,
    options: PluginCallOptions,
  ): Steps<PluginOutput | null> {
    if (this.spent) throw new ExtismError('ERR_EXTISM_CLOSED', 'the instance of the plugin is closed');
    const { fn, args } = yield* this.#target(part, name, options);
    this.#begin(input, hostContext);
    const over = now() + (options.timeoutMs ?? this.settings.timeoutMs ?? Infinity);
    try {
      try {
        yield* step(
          () => fn.callSync(...args),
          () => fn.call(...args),
        );
      } catch (error) {
        const { reason, exitCode } = error as { reason?: string; exitCode?: number };
        this.spent ||= isLeftInTheMiddle(error);
        if (reason !== 'exit' || exitCode !== 0) throw this.#translated(error, calling, over);
      }
      return this.#end();
    } finally {
      this.hostContext = undefined;
      this.#headers = undefined;
      if (!this.kernel.module.isClosed && this.kernel.allocRefused)
        this.settings.logger.error(`memory limit exceeded: ${this.settings.maxPages ?? 'no more'} pages allowed`);
      if (this.spent || this.plugin.sharesVars) this.pullVars();
    }
  }

  *#target(part: Part, name: string, options: PluginCallOptions): Steps<Target> {
    const key = `${part.name}\0${name}`;
    let target = this.#targets.get(key);
    if (!target) {
      const module = yield* this.#linker.module(part);
      const fn = module.exportedFunction(name);
      if (!fn) {
        const isOther = part.exports.some((there) => there.name === name);
        const what = isOther ? `export "${name}" is not a function` : `function "${name}" does not exist`;
        throw new ExtismError('ERR_EXTISM_NO_FUNCTION', `Plugin error: ${what}`);
      }
      target = { fn: fn.withOptions(this.#options({})), args: zeros(fn.definition) };
      this.#targets.set(key, target);
    }
    const { timeoutMs, signal, cpuTimeMs, fuel } = options;
    if (timeoutMs === undefined && !signal && cpuTimeMs === undefined && fuel === undefined) return target;
    return { fn: target.fn.withOptions(this.#options(options)), args: target.args };
  }
  #options(options: PluginCallOptions) {
    const { timeoutMs = this.settings.timeoutMs, signal } = options;
    const bounds = boundsOf(options, this.settings.bounds);
    return {
      context: this,
      ...bounds,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal ? { signal } : {}),
    };
  }

  #begin(input: Uint8Array, hostContext: unknown): void {
    if (this.#version !== this.plugin.vars.version) this.pushVars(() => this.kernel.module);
    this.hostContext = hostContext;
    this.#varsRefused = false;
    if (!this.kernel.begin(input))
      throw new ExtismError('ERR_EXTISM_MEMORY', 'failed to store input: there is no room (memory.maxPages, limits)');
  }

  #end(): PluginOutput | null {
    const { kernel } = this;
    const error = kernel.error();
    if (error !== undefined) throw new ExtismError('ERR_EXTISM_PLUGIN', `Plugin-originated error: ${error}`);
    const output = kernel.output();
    return output ? new PluginOutput(output) : null;
  }

  /** A host function whose time was over meanwhile hears so from the kernel; one that threw such an error of its own had time left. */
  #translated(error: unknown, timedOut: string, over = Infinity): unknown {
    const { kind, cause } = error as { kind?: string; cause?: unknown };
    const thrown = kind === 'host function' ? cause : error;
    const late = isTimeout(thrown) && (thrown === error || now() >= over);
    return late ? new ExtismError('ERR_EXTISM_TIMEOUT', timedOut, { cause: thrown }) : thrown;
  }

  private get settings() {
    return this.program.settings;
  }

  // ---------------------------------------------------------------- vars

  get vars(): Vars {
    return this.plugin.vars;
  }
  get maxVarBytes(): number {
    return this.settings.maxVarBytes;
  }

  pullVars(): void {
    const { kernel, vars } = this;
    if (kernel.module.isClosed || kernel.varChanges === this.#changes) return;
    const present = kernel.readVars();
    this.#changes = kernel.varChanges;
    if (!present) return;
    const isCurrent = this.#version === vars.version;
    vars.merge(this.#loaded, present);
    this.#loaded = present;
    if (isCurrent) this.#version = vars.version;
  }
  pushVars(through: () => Pick<Module, 'exportedFunction'>): void {
    const { vars } = this.plugin;
    if (!this.kernel.writeVars(through, vars.values)) throw noRoom('vars');
    this.#loaded = new Map(vars.values);
    this.#version = vars.version;
    this.#changes = this.kernel.varChanges;
  }
  varsRefused(caller: CallerModule, bytes: bigint): void {
    const error = tooMuch(bytes, this.maxVarBytes);
    if (!this.#varsRefused) this.settings.logger.error(error.message); // once a call
    this.#varsRefused = true;
    this.#within(caller, () => this.context.setError(error));
  }

  hostFunction(namespace: string, name: string): HostFunction {
    return this.program.hostFunction(namespace, name);
  }

  // ---------------------------------------------------------------- what the kernel asks

  #within<T>(caller: CallerModule, work: () => T): T {
    const before = this.caller;
    this.caller = caller;
    try {
      return work();
    } finally {
      this.caller = before;
    }
  }

  log(level: number, address: number, length: number): void {
    const shown = Math.min(length >>> 0, mostOfMessage);
    const text = this.kernel.textAt(address, shown);
    this.#log(level, shown < length >>> 0 ? `${text}...` : text);
  }
  #log(level: number, text: string): void {
    const { logger } = this.settings;
    const name = logLevels[level] as (typeof logLevels)[number];
    if (level >= this.kernel.logLevel) logger[name]?.(text);
  }

  async http(
    caller: CallerModule,
    address: number,
    length: number,
    bodyAddress: number,
    bodyLength: number,
  ): Promise<bigint> {
    const { kernel, settings } = this;
    this.#headers = undefined;
    const request = kernel.textAt(address, length);
    const sent = bodyLength === 0 ? undefined : kernel.bytesAt(bodyAddress, bodyLength);
    const { status, headers, body } = await httpRequest(request, sent, settings, caller.signal);
    kernel.httpStatus = status;
    this.#headers = headers;
    if (!body) {
      this.#log(4, `Response body exceeded ${settings.maxResponseBytes} bytes`);
      return 0n;
    }
    return this.#within(caller, () => this.context.store(body));
  }
  headers(caller: CallerModule): bigint {
    if (!this.settings.allowHttpResponseHeaders) return 0n;
    return this.#within(caller, () => this.context.store(JSON.stringify(this.#headers ?? {})));
  }
}
