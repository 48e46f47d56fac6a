import { Buffer } from 'node:buffer';
import { Engine } from './engine.js';
import { ExtismError, manifestError } from './errors.js';
import { isInside } from './host.js';
import { Instance, type Owner } from './instance.js';
import type { PluginOutput } from './output.js';
import { type Part, Program } from './program.js';
import { Seats } from './seats.js';
import { checkOptions } from './shapes.js';
import { takeLater, takeNow } from './steps.js';
import type {
  ExtismPluginOptions,
  FunctionName,
  ManifestLike,
  ModuleExportDescriptor,
  ModuleImportDescriptor,
  Plugin,
  PluginCallOptions,
} from './types.js';
import { Vars } from './vars.js';

/** Where an instance lives; empty until a call needs one. */
interface Seat {
  instance: Instance | undefined;
  /** It is being made ahead of the call that will need it. */
  making: Promise<Instance> | undefined;
}
const nothing = new Uint8Array(0);

export async function makePlugin(
  source: ManifestLike | PromiseLike<ManifestLike>,
  options: ExtismPluginOptions,
): Promise<HostedPlugin> {
  checkOptions(options);
  const { instances = 1 } = options;
  if (!Number.isSafeInteger(instances) || instances < 1)
    throw Object.assign(
      new RangeError(`Expected a whole number from 1 for instances but received ${String(instances)}`),
      {
        code: 'ERR_EXTISM_MANIFEST',
      },
    );
  const engine = Engine.use(options.cacheDir, options.fuel !== undefined);
  let program: Program;
  try {
    program = await Program.load(source, options, engine);
  } catch (error) {
    engine.release();
    throw error;
  }
  const plugin = new HostedPlugin(engine, program, options, instances);
  try {
    await plugin.begin();
    return plugin;
  } catch (error) {
    await plugin.close(); // releases both
    throw error;
  }
}

export class HostedPlugin implements Plugin, Owner {
  readonly vars = new Vars();
  readonly sharesVars: boolean;
  readonly isFresh: boolean;
  readonly #engine: Engine;
  readonly #options: ExtismPluginOptions;
  readonly #seats: Seats<Seat>;
  readonly #closing = new Set<Promise<void>>();
  #program: Program;
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, program: Program, options: ExtismPluginOptions, instances: number) {
    this.#engine = engine;
    this.#program = program;
    this.#options = options;
    this.isFresh = options.fresh === true;
    this.sharesVars = instances > 1 || options.fresh === true;
    this.#seats = new Seats(instances, (): Seat => ({ instance: undefined, making: undefined }));
  }

  /** Makes the first instance, so that what is wrong with the plugin is told now. */
  async begin(): Promise<void> {
    const seat = await this.#seats.take();
    try {
      seat.instance = await takeLater(Instance.make(this.#program, this));
    } finally {
      this.#seats.give(seat);
    }
  }

  async call<T>(
    name: FunctionName,
    input?: string | number | Uint8Array,
    hostContext?: T,
    options: PluginCallOptions = {},
  ): Promise<PluginOutput | null> {
    this.#checkOpen();
    if (isInside(this)) throw new ExtismError('ERR_EXTISM_REENTRANT', 'plugin is not reentrant');
    const bytes = bytesOf(input);
    const seat = await this.#seats.take(options.signal);
    try {
      const instance = await this.#occupy(seat);
      const target = targetOf(instance.program, name);
      return await takeLater(instance.call(target.part, target.name, bytes, hostContext, options));
    } catch (error) {
      throw this.#closed ? closedError(error) : error;
    } finally {
      this.#leave(seat);
    }
  }

  callSync<T>(
    name: FunctionName,
    input?: string | number | Uint8Array,
    hostContext?: T,
    options: Omit<PluginCallOptions, 'signal'> = {},
  ): PluginOutput | null {
    this.#checkOpen();
    if (isInside(this)) throw new ExtismError('ERR_EXTISM_REENTRANT', 'plugin is not reentrant');
    const bytes = bytesOf(input);
    const seat = this.#seats.takeNow();
    if (!seat)
      throw new ExtismError('ERR_EXTISM_BUSY', 'plugin is in another call: await it, or use call, which waits');
    try {
      if (seat.making) void this.#drop(seat.making); // it cannot be waited for
      seat.making = undefined;
      if (seat.instance && this.#isOld(seat.instance)) this.#empty(seat);
      seat.instance ??= takeNow(Instance.make(this.#program, this));
      const { part, name: fn } = targetOf(seat.instance.program, name);
      return takeNow(seat.instance.call(part, fn, bytes, hostContext, options));
    } finally {
      this.#leave(seat);
    }
  }

  /** The instance of the seat, made if need be. */
  async #occupy(seat: Seat): Promise<Instance> {
    if (seat.making) {
      const made = await seat.making.catch(() => undefined);
      seat.instance = made;
      seat.making = undefined;
    }
    if (seat.instance && this.#isOld(seat.instance)) this.#empty(seat);
    if (!seat.instance) seat.instance = await takeLater(Instance.make(this.#program, this));
    this.#checkOpen();
    return seat.instance;
  }
  /** Of a plugin that was replaced, or not to be used again. */
  #isOld(instance: Instance): boolean {
    return instance.program !== this.#program || instance.spent;
  }
  #empty(seat: Seat): void {
    const { instance } = seat;
    seat.instance = undefined;
    if (instance) void this.#drop(instance);
  }
  /** Of a free one. */
  #retire(seat: Seat): void {
    const { instance } = seat;
    seat.instance = undefined;
    if (instance) void this.#end(instance.retire());
  }
  #drop(instance: Instance | Promise<Instance>): Promise<void> {
    const closing = Promise.resolve(instance).then(
      (made) => made.close(),
      () => {}, // it was never made
    );
    return this.#end(closing);
  }
  async #end(closing: Promise<void>): Promise<void> {
    this.#closing.add(closing);
    await closing;
    this.#closing.delete(closing);
  }
  #leave(seat: Seat): void {
    const { instance } = seat;
    if (instance && this.#isOld(instance)) this.#empty(seat);
    else if (instance && this.isFresh) {
      const next = this.#closed ? undefined : instance.again();
      if (!next) this.#empty(seat);
      seat.instance = next;
    }
    if (this.isFresh && !this.#closed && !seat.making && !seat.instance) {
      // Ahead of the next call; what goes wrong is told to that, which tries again.
      seat.making = takeLater(Instance.make(this.#program, this));
      seat.making.catch(() => {});
    }
    this.#seats.give(seat);
  }

  async functionExists(name: FunctionName): Promise<boolean> {
    this.#checkOpen();
    const [part, fn] = typeof name === 'string' ? [this.#program.main, name] : [this.#program.part(name[0]), name[1]];
    return part?.exports.some((there) => there.kind === 'function' && there.name === fn) ?? false;
  }
  async getExports(module?: string): Promise<ModuleExportDescriptor[]> {
    return (this.#part(module)?.exports ?? []).map((item) => ({ ...item }));
  }
  async getImports(module?: string): Promise<ModuleImportDescriptor[]> {
    return (this.#part(module)?.imports ?? []).map((item) => ({ ...item }));
  }
  #part(name: string | undefined): Part | undefined {
    return name === undefined ? this.#program.main : this.#program.part(name);
  }
  async getInstance(): Promise<never> {
    throw new ExtismError('ERR_EXTISM_NO_INSTANCE', 'there is no WebAssembly.Instance: this is another engine than V8');
  }
  isActive(): boolean {
    return this.#seats.taken > 0;
  }
  async reset(): Promise<boolean> {
    this.#checkOpen();
    if (this.isActive()) return false;
    for (const { instance } of this.#seats.free) if (instance && !instance.spent) instance.kernel.reset();
    return true;
  }

  async replace(source: ManifestLike | PromiseLike<ManifestLike>): Promise<void> {
    this.#checkOpen();
    const program = await Program.load(source, this.#options, this.#engine);
    let first: Instance;
    try {
      first = await takeLater(Instance.make(program, this));
    } catch (error) {
      program.release();
      throw error;
    }
    if (this.#closed) {
      await first.close();
      program.release();
      this.#checkOpen();
    }
    const old = this.#program;
    this.#program = program;
    for (const seat of this.#seats.free) this.#retire(seat);
    const [seat] = this.#seats.free;
    if (seat && !seat.making) seat.instance = first;
    else await first.close();
    old.release();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }
  async #close(): Promise<void> {
    await null; // #closed is set before anybody is told
    this.#seats.close(() => closedError());
    for (const seat of this.#seats.all) {
      if (seat.making) void this.#drop(seat.making);
      seat.making = undefined;
      // Who is in a call leaves when it has ended, which this makes it do.
      if (this.#seats.free.includes(seat)) this.#retire(seat);
      else this.#empty(seat);
    }
    while (this.#closing.size > 0 || this.#seats.taken > 0) {
      await Promise.all(this.#closing);
      await this.#seats.idle();
    }
    this.#program.release();
    this.#engine.release();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
  #checkOpen(): void {
    if (this.#closed) throw closedError();
  }
}

function targetOf(program: Program, name: FunctionName): { part: Part; name: string } {
  if (typeof name === 'string') return { part: program.main, name };
  const [module, fn] = name;
  const part = program.part(module);
  if (!part) throw new ExtismError('ERR_EXTISM_NO_FUNCTION', `Plugin error: target "${module}" "${fn}" does not exist`);
  return { part, name: fn };
}

/** A copy is not needed: it is written into the plugin in this turn, or the caller keeps it as it is until then. */
function bytesOf(input: string | number | Uint8Array | undefined | null): Uint8Array {
  if (input === undefined || input === null) return nothing;
  if (typeof input === 'string' || typeof input === 'number') return Buffer.from(`${input}`);
  if (input instanceof Uint8Array) return input;
  throw manifestError(`Expected text, a number or a Uint8Array for input but received ${typeof input}`);
}

function closedError(cause?: unknown): ExtismError {
  return new ExtismError('ERR_EXTISM_CLOSED', 'plugin is closed', cause === undefined ? undefined : { cause });
}
