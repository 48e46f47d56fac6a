import { type FunctionDefinition, Module, type ModuleConfig, type ModuleImage } from '../index.js';
import { now } from '../values/node.js';
import { shown } from '../values/shown.js';
import type { Pace } from './engine.js';
import { ExtismError } from './errors.js';
import { fsConfig } from './files.js';
import { Glue } from './glue.js';
import { ENV, WASI } from './host.js';
import { ofHost } from './kernel.js';
import type { Part, Program } from './program.js';
import type { Bounds } from './settings.js';
import { type Steps, step } from './steps.js';
import type { ModuleImportDescriptor } from './types.js';

const TABLE = '\0table';

/** What the main module begins with, in the place of its code. */
export interface Beginning {
  /** A module: it is as the image was. */
  readonly main: ModuleImage | Module;
  /** Its initialization has run in it. */
  readonly isInitialized: boolean;
}

/** Modules that are instantiated of one graph, by part; null: about to be. */
type Linked = Map<Part, Module | null>;
/** A module that stands in for one that is not there yet, since it imports from who imports it. */
interface Trampoline {
  readonly provider: Part;
  readonly functions: readonly FunctionDefinition[];
  readonly module: Module;
}

/**
 * Makes instances of the modules of a plugin, and joins them: to each other by name, in circles too, to the kernel, to WASI, to the
 * caller's own functions. As js-sdk does, in the order of imports.
 */
export class Linker {
  readonly #program: Program;
  readonly #kernel: Module;
  /** Of every call into the plugin. */
  context: object | undefined;
  readonly #beginning: Beginning | undefined;
  /** Given the main module when it is linked and none of its initialization has run; isAlone: no other was made for it. */
  made: ((main: Module, isAlone: boolean) => void) | undefined;
  /** All that were made, the newest last. */
  readonly modules: Module[] = [];
  readonly #linked: Linked = new Map();
  readonly #waiting: Trampoline[] = [];

  constructor(program: Program, kernel: Module, beginning?: Beginning) {
    this.#program = program;
    this.#kernel = kernel;
    this.#beginning = beginning;
  }

  /** The instance of that part. `timeoutMs` is for all that has to be done for it. */
  *module(part: Part): Steps<Module> {
    const there = this.#linked.get(part);
    if (there) return there;
    const { timeoutMs, bounds } = this.#program.settings;
    const deadline = new Deadline(timeoutMs, bounds);
    const isMain = part === this.#program.main;
    const main = this.#beginning?.main;
    if (!isMain || !(main instanceof Module))
      return yield* this.#link(part, [isMain ? 'main' : part.name], this.#linked, deadline);
    this.modules.push(main);
    this.#linked.set(part, main);
    const usesWasi = part.imports.some(({ module }) => module === WASI);
    yield* this.#initialize(main, usesWasi, deadline);
    return main;
  }

  *#link(part: Part, path: readonly string[], linked: Linked, deadline: Deadline): Steps<Module> {
    linked.set(part, null);
    const providers = new Map<string, Module>();
    const trampolines: Trampoline[] = [];
    for (const wanted of part.imports) {
      const provider = this.#program.parts.find(({ name }) => name === wanted.module);
      if (!provider) {
        const module = providers.get(wanted.module) ?? (yield* this.#host(part, path, wanted, deadline));
        this.#checkHost(part, path, wanted);
        providers.set(wanted.module, module);
        continue;
      }
      if (!provider.exports.some(({ name, kind }) => name === wanted.name && kind === wanted.kind))
        throw linkError(path, `cannot import ${named(wanted)}; no export matched request`);
      if (providers.has(wanted.module) && !trampolines.some((trampoline) => trampoline.provider === provider)) continue;
      // A WASI command is made anew for each that imports from it, with all below it.
      const isCommand = provider.exports.some(({ name }) => name === '_start');
      if (isCommand) {
        providers.set(wanted.module, yield* this.#link(provider, [...path, wanted.module], new Map(), deadline));
        continue;
      }
      if (!linked.has(provider)) yield* this.#link(provider, [...path, wanted.module], linked, deadline);
      const ready = linked.get(provider);
      if (ready) {
        providers.set(wanted.module, ready);
        continue;
      }
      if (wanted.kind !== 'function')
        throw linkError(
          path,
          `cannot import ${named(wanted)}; circular imports of type="${wanted.kind}" are not supported`,
        );
      if (providers.has(wanted.module)) continue;
      const trampoline = yield* this.#trampoline(part, provider, deadline);
      trampolines.push(trampoline);
      providers.set(wanted.module, trampoline.module);
    }
    const usesWasi = providers.has(WASI);
    const isMain = part === this.#program.main;
    const beginning = isMain ? this.#beginning : undefined;
    const module = yield* this.#instantiate(
      (beginning?.main as ModuleImage | undefined) ?? part.compiled,
      this.#config(usesWasi),
      (name) => providers.get(name),
      deadline,
      part.pace,
    );
    linked.set(part, module);
    this.#waiting.push(...trampolines);
    yield* this.#fillTrampolines(linked, deadline);
    if (isMain) this.made?.(module, this.modules.length === 1);
    if (!beginning?.isInitialized) yield* this.#initialize(module, usesWasi, deadline);
    return module;
  }

  /** What is imported from the host. */
  *#host(part: Part, path: readonly string[], wanted: ModuleImportDescriptor, deadline: Deadline): Steps<Module> {
    const own = part.hosts.get(wanted.module);
    if (wanted.module === ENV) {
      if (!part.kernel) return this.#kernel;
      const sources = new Map([
        ['kernel', this.#kernel],
        ['replacements', own as Module],
      ]);
      return yield* this.#instantiate(part.kernel, this.#config(false), (name) => sources.get(name), deadline);
    }
    if (own) return own;
    if (wanted.module === WASI) {
      if (!this.#program.settings.useWasi)
        throw new ExtismError('ERR_EXTISM_LINK', 'WASI is not enabled; see the "useWasi" plugin option');
      return this.#program.engine.wasi();
    }
    if (wanted.module === 'env' || Object.hasOwn(this.#program.settings.functions, wanted.module))
      throw this.#missing(path, wanted);
    throw linkError(
      path,
      `cannot resolve import ${named(wanted)}: not provided by host imports nor linked manifest items`,
    );
  }
  #checkHost(part: Part, path: readonly string[], { module, name, kind }: ModuleImportDescriptor): void {
    if (kind !== 'function')
      throw linkError(path, `in import ${named({ module, name })}, "${kind}"-typed host imports are not supported yet`);
    const { functions } = this.#program.settings;
    if (Object.hasOwn(functions, module) && Object.hasOwn(functions[module] as object, name)) return;
    if (module === ENV && !ofHost.has(name) && this.#kernel.exportedFunction(name)) return;
    if (module === WASI && !part.hosts.has(module)) return; // the engine says what WASI lacks
    throw this.#missing(path, { module, name });
  }
  #missing(path: readonly string[], { module, name }: { module: string; name: string }): ExtismError {
    return linkError(
      path,
      `cannot resolve import ${named({ module, name })} ("${shown(module)}" is a host module, but does not contain "${shown(name)}")`,
    );
  }

  *#trampoline(part: Part, provider: Part, deadline: Deadline): Steps<Trampoline> {
    const functions = part.compiled.importedFunctions().filter((wanted) => wanted.import?.module === provider.name);
    const glue = new Glue();
    glue.table(functions.length, TABLE);
    for (const [slot, wanted] of functions.entries())
      glue.exportFunction(wanted.import?.name as string, glue.throughTable(slot, wanted));
    const module = yield* this.#instantiate(
      this.#program.glue(glue.bytes()),
      this.#config(false),
      () => undefined,
      deadline,
    );
    return { provider, functions, module };
  }
  *#fillTrampolines(linked: Linked, deadline: Deadline): Steps<void> {
    for (const trampoline of this.#waiting.splice(0)) {
      const target = linked.get(trampoline.provider);
      if (!target) {
        this.#waiting.push(trampoline);
        continue;
      }
      const glue = new Glue();
      const indices = trampoline.functions.map((wanted) =>
        glue.importFunction('target', wanted.import?.name as string, wanted),
      );
      glue.importTable('trampoline', TABLE, indices.length);
      glue.fill(indices);
      const sources = new Map([
        ['target', target],
        ['trampoline', trampoline.module],
      ]);
      const compiled = this.#program.glue(glue.bytes());
      yield* this.#instantiate(compiled, this.#config(false), (name) => sources.get(name), deadline);
    }
  }

  *#instantiate(
    compiled: Part['compiled'] | ModuleImage,
    config: ModuleConfig,
    importResolver: (name: string) => Module | undefined,
    deadline: Deadline,
    pace?: Pace,
  ): Steps<Module> {
    const { runtime } = this.#program.engine;
    const options = { importResolver, context: this.context, ...deadline.left() };
    const here = () => runtime.instantiateModuleSync(compiled, config, options);
    const began = now();
    const module = pace?.isQuick
      ? here()
      : yield* step(here, () => runtime.instantiateModule(compiled, config, options));
    pace?.took(now() - began);
    this.modules.push(module);
    return module;
  }

  #config(usesWasi: boolean): ModuleConfig {
    const { settings } = this.#program;
    const config = settings.moduleConfig;
    if (!usesWasi) return config;
    const streams = settings.enableWasiOutput ? 'inherit' : 'ignore';
    return config
      .withStdin(streams)
      .withStdout(streams)
      .withStderr(streams)
      .withSysWalltime()
      .withSysNanotime()
      .withSysNanosleep()
      .withRandSource('secure')
      .withFSConfig(fsConfig(settings.allowedPaths));
  }

  /** A reactor's `_initialize`, Haskell's `hs_init`, C++'s constructors, a command's `_start` where it is not WASI's. */
  *#initialize(module: Module, usesWasi: boolean, deadline: Deadline): Steps<void> {
    const initialized = yield* this.#run(module, '_initialize', deadline);
    const haskell = yield* this.#run(module, 'hs_init', deadline);
    if (initialized || haskell) return;
    const isCommand = module.exportedFunction('_start') !== undefined;
    if (!isCommand) yield* this.#run(module, '__wasm_call_ctors', deadline);
    else if (!usesWasi) yield* this.#run(module, '_start', deadline);
  }
  *#run(module: Module, name: string, deadline: Deadline): Steps<boolean> {
    const found = module.exportedFunction(name);
    if (!found) return false;
    const fn = found.withOptions({ context: this.context, ...deadline.left() });
    const args = zeros(found.definition);
    yield* step(
      () => fn.callSync(...args),
      () => fn.call(...args),
    );
    return true;
  }
}

/** What JavaScript passes for arguments that are not given. */
export function zeros({ paramTypes }: FunctionDefinition): (number | bigint | null)[] {
  return paramTypes.map((type) => (type === 'i64' ? 0n : type.endsWith('ref') ? null : 0));
}

/** In messages: names are the plugin's choice. */
const named = ({ module, name }: { readonly module: string; readonly name: string }): string =>
  `"${shown(module)}" "${shown(name)}"`;
function linkError(path: readonly string[], message: string): ExtismError {
  return new ExtismError('ERR_EXTISM_LINK', `from module "${path.map(shown).join('"/"')}": ${message}`);
}

class Deadline {
  readonly #at: number;
  readonly #bounds: Bounds;
  constructor(timeoutMs: number | undefined, bounds: Bounds) {
    this.#bounds = bounds;
    this.#at = timeoutMs === undefined ? Infinity : now() + timeoutMs;
  }
  /** For the next step. */
  left(): Bounds & { timeoutMs?: number } {
    return this.#at === Infinity ? this.#bounds : { ...this.#bounds, timeoutMs: Math.max(1, this.#at - now()) };
  }
}
