import { AsyncFrame } from '../calls/async-frame.js';
import { enterSync } from '../calls/entry.js';
import type { FrameOptions, Subject } from '../calls/frames.js';
import type { HostFunctions } from '../calls/host-functions.js';
import { deadlineOf } from '../calls/options.js';
import { traceAsync, traced, traceSync } from '../calls/tracing.js';
import { hereInstead } from '../calls/turns.js';
import { Callbacks } from '../io/callbacks.js';
import type { ModuleFields } from '../io/fields.js';
import type { FrameOutcome, Handle, ImportRecord, ModuleRecord } from '../native/binding.js';
import { native } from '../native/native.js';
import { closedError, ExitError, invalidArgument, linkError, Trap, withStackOfAwaiter } from '../values/errors.js';
import { moduleLimit } from '../values/limits.js';
import { ReferenceTable } from '../values/references.js';
import { shown } from '../values/shown.js';
import type { FunctionDefinition, WasmValue } from '../values/types.js';
import { countWords, encode, encodeWhole } from '../values/values.js';
import type { CompiledState } from './compiled-state.js';
import { type Extern, listedImports } from './externs.js';
import { moduleRecord } from './flatten.js';
import type { HostTemplate } from './host-template.js';
import { ImageState } from './image-state.js';
import { missingModule, takenName } from './link-messages.js';
import { ModuleState } from './module-state.js';
import type { ExternOwner } from './owner.js';
import type { RuntimeState } from './runtime-state.js';
import { Succession } from './successor.js';

export interface InstantiationExtras {
  readonly importResolver?: ((name: string) => ModuleState | undefined) | undefined;
  /** What each import is, in the place of what names mean. */
  readonly imports?: readonly Extern[] | undefined;
  readonly closeNotifier?: ((exitCode: number) => void) | undefined;
  /** It is left where its start function first reads stdin. */
  readonly freezeAt?: 'stdin' | undefined;
  /** Results of the host function that an image waits in. */
  readonly answer?: readonly unknown[] | undefined;
  /** What exported globals begin with. */
  readonly globals?: Readonly<Record<string, WasmValue>> | undefined;
  /** The compiled module is closed with the instance, and if there will be none. */
  readonly ownsCompiled: boolean;
}

interface Imports {
  /** Of a list: see externs.ts. */
  readonly externs?: readonly ImportRecord[] | undefined;
  readonly host?: { readonly template: HostTemplate; readonly functions: HostFunctions } | undefined;
  readonly records: readonly ImportRecord[];
  /** Those that the new instance joins, or whose host functions it may call. */
  readonly modules: readonly { readonly state: ExternOwner; readonly joins: boolean }[];
}

/** What each import module name means: the resolver's word first, then the registry. */
function resolveImports(
  runtime: RuntimeState,
  compiled: CompiledState,
  resolve: InstantiationExtras['importResolver'],
): Imports {
  const records: ImportRecord[] = [];
  const modules: { state: ModuleState; joins: boolean }[] = [];
  for (const { name, joins } of compiled.importModules) {
    const state = resolve?.(name) ?? registered(runtime, name);
    if (state === undefined) throw linkError(missingModule(compiled, name));
    if (state.runtime !== runtime)
      throw invalidArgument(`Expected a module of the same runtime for import "${shown(name)}"`);
    if (state.closed) throw closedError(`module[${shown(name)}] is closed`);
    records.push({ name, module: state.handle });
    modules.push({ state, joins });
  }
  return { records, modules };
}
function registered(runtime: RuntimeState, name: string): ModuleState | undefined {
  const state = runtime.names.get(name);
  return state?.ready && !state.closed ? state : undefined;
}

/** What is instantiated: a compiled module, or a module as it was frozen. */
export type Source = CompiledState | ImageState;
const compiledOf = (source: Source): CompiledState => (source instanceof ImageState ? source.compiled : source);

/** wazero skips those that are missing; it makes an error for each first, which takes longer than all else that a small module needs. */
function startFunctions(source: Source, { startFunctions }: ModuleFields): readonly string[] {
  const compiled = compiledOf(source);
  if (compiled.host) return []; // its functions cannot be called from outside, whatever their names
  const names = startFunctions ?? (source instanceof ImageState ? [] : ['_start']);
  return names.filter((name) => compiled.exportsFunction(name));
}

function checkSource(runtime: RuntimeState, source: Source): void {
  if (source instanceof ImageState) {
    if (source.runtime !== runtime)
      throw invalidArgument('Expected an image of the same runtime but received one of another');
    source.checkOpen();
    return;
  }
  if (source.runtime !== runtime)
    throw invalidArgument(
      'source module must be compiled before instantiation: this one was compiled by another runtime',
    );
  if (source.closed) throw closedError('source module must be compiled before instantiation: it is closed');
}

/** Everything that can be refused before anything runs. */
function prepare(
  runtime: RuntimeState,
  source: Source,
  fields: ModuleFields,
  extras: InstantiationExtras,
  sync: boolean,
) {
  runtime.checkOpen();
  checkSource(runtime, source);
  fields.tenant?.checkOpen();
  const compiled = compiledOf(source);
  const name = nameOf(compiled, fields);
  const imports: Imports = extras.imports
    ? { records: [], ...listedImports(runtime, compiled, extras.imports) }
    : resolveImports(runtime, compiled, extras.importResolver);
  const answer = answerOf(source, extras);
  // When the caller's own code has run: the resolver may have made a module of that name.
  if (name !== '' && runtime.names.has(name)) throw linkError(takenName(name));
  if (sync) {
    // Busy, before the groups become one.
    for (const { state, joins } of imports.modules) if (joins && !state.isHost) state.group.syncStack(undefined);
  }
  const callbacks = new Callbacks();
  const record = moduleRecord(fields, runtime.limits, imports.records, callbacks, startFunctions(source, fields));
  if (extras.freezeAt === 'stdin') record.freezeAtStdin = true;
  if (answer !== undefined) record.answer = answer;
  if (imports.externs) record.externs = imports.externs;
  if (imports.host) {
    record.hostTemplate = imports.host.template.handle;
    record.hostBase = imports.host.functions.base;
  }
  if (compiled.host) record.hostBase = compiled.host.base;
  const state = new ModuleState(runtime, name, compiled, {
    image: source instanceof ImageState ? source : undefined,
    callbacks,
    keptAlive: fields,
    queuedCalls: moduleLimit(runtime.limits, fields.limits, 'queuedCalls'),
    tenant: fields.tenant,
    notifier: extras.closeNotifier,
  });
  if (compiled.listener) state.group.listeners.set(compiled.listener.target, compiled.listener);
  if (name !== '') runtime.names.set(name, state);
  state.importedFrom = imports.modules.map(({ state }) => state);
  if (imports.host) state.group.hosts.set(imports.host.functions.number, imports.host.functions);
  for (const { state: imported, joins } of imports.modules) {
    const host = imported instanceof ModuleState ? imported.compiled.host : undefined;
    if (host) state.group.hosts.set(host.number, host);
    else if (joins) imported.group.merge(state.group);
    else native().groupsDepend();
  }
  return { state, record, imports };
}

/** What the host function answers that the image waits in, as words. */
function answerOf(source: Source, { answer, freezeAt }: InstantiationExtras): Uint8Array | undefined {
  const waitsIn = source instanceof ImageState ? source.waitsIn : 0;
  if (freezeAt !== undefined && waitsIn === 1)
    throw invalidArgument('Expected no options.freezeAt for an image that waits at stdin already');
  if (answer === undefined) return undefined;
  if (waitsIn < 2)
    throw invalidArgument('Expected no options.answer: only an image that caller.freeze() made waits for one');
  const { resultTypes: types } = compiledOf(source).importedFunctions()[waitsIn - 2] as FunctionDefinition;
  if (answer.length !== types.length)
    throw invalidArgument(`Expected ${types.length} values for options.answer but received ${answer.length}`);
  const words = new BigUint64Array(countWords(types));
  encodeWhole(types, answer.slice(), words, new ReferenceTable(), (i) => `options.answer[${i}]`);
  return new Uint8Array(words.buffer);
}

function starter(state: ModuleState, record: ModuleRecord, imports: Imports, ownsCompiled: boolean) {
  const { runtime, compiled, image } = state;
  return (frame: number, lane: number, parent: number, timeoutNs: number): string | undefined => {
    // It may have waited, and what it needs may have been closed meanwhile.
    for (const { state: imported } of imports.modules)
      if (imported.closed) throw closedError(`module[${shown(imported.name)}] is closed`);
    checkSource(runtime as RuntimeState, image ?? compiled);
    if (ownsCompiled) compiled.ownedElsewhere();
    const outcome = native().instantiate(
      frame,
      lane,
      parent,
      timeoutNs,
      runtime.handle,
      (image ?? compiled).handle,
      record,
      ownsCompiled,
    );
    if (typeof outcome !== 'string') {
      state.handle = outcome;
      return undefined;
    }
    state.handle = moduleOf(outcome) ?? state.handle;
    return outcome;
  };
}

/** One that says nothing to us is an error of the frame that it is given to. */
function moduleOf(outcome: string): Handle | undefined {
  try {
    return (JSON.parse(outcome) as FrameOutcome).module;
  } catch {
    return undefined;
  }
}

function fail(state: ModuleState, error: unknown, ownsCompiled: boolean): void {
  if (ownsCompiled) state.compiled.close();
  const exitCode = error instanceof ExitError ? error.exitCode : 0;
  state.failed(exitCode, error instanceof ExitError || error instanceof Trap);
}

const subject: Subject = { what: 'the instantiation' };

class Instantiation extends AsyncFrame<void> {
  readonly #start: ReturnType<typeof starter>;
  constructor(state: ModuleState, options: FrameOptions, start: ReturnType<typeof starter>) {
    super('async', state, undefined, options, subject);
    this.#start = start;
  }
  protected begin(lane: number, below: number, timeoutNs: number): string | undefined {
    return this.#start(this.id, lane, below, timeoutNs);
  }
  protected outcome(): void {}
}

/** What it was told that its globals begin with. Whoever fails here closes it. */
function begin(state: ModuleState, globals: InstantiationExtras['globals']): void {
  if (globals === undefined || state.closed) return;
  try {
    for (const [name, value] of Object.entries(globals)) {
      const global = state.global(name);
      if (global === undefined)
        throw invalidArgument(
          `Expected the name of an exported global in options.globals but received "${shown(name)}"`,
        );
      const words = new BigUint64Array(2);
      encode([global.type], [value], words, state.group.references, () => `options.globals["${shown(name)}"]`);
      native().globalBegin(global.handle, words);
    }
  } catch (error) {
    void state.close(0);
    throw error;
  }
}

/** What the new instance will be called. */
const nameOf = (compiled: CompiledState, fields: ModuleFields): string => fields.name ?? compiled.name;

export async function instantiateAsync(...args: Parameters<typeof instantiateOff>): Promise<ModuleState> {
  if (!traced.instantiate.hasSubscribers) return instantiateOff(...args);
  const trace = { module: nameOf(compiledOf(args[1]), args[2]) };
  return traceAsync(traced.instantiate, trace, () => instantiateOff(...args));
}
function prepareOff(
  runtime: RuntimeState,
  source: Source,
  fields: ModuleFields,
  options: FrameOptions,
  extras: InstantiationExtras,
) {
  const { state, record, imports } = prepare(runtime, source, fields, extras, false);
  setHeir(runtime, state, fields, options, extras);
  return { state, frame: new Instantiation(state, options, starter(state, record, imports, extras.ownsCompiled)) };
}
/** Of modules of images at rest: another one is made without the name, and without what may be only once. */
function setHeir(
  runtime: RuntimeState,
  first: ModuleState,
  fields: ModuleFields,
  given: FrameOptions,
  extras: InstantiationExtras,
): void {
  const { image } = first;
  if (image === undefined || image.waitsIn !== 0) return;
  if (fields.listeners.length > 0 || extras.globals !== undefined) return;
  first.succession = new Succession(first, (failed) => {
    const options = { ...given, signal: undefined, deadline: deadlineOf(given.timeoutMs) };
    const others = { ...extras, closeNotifier: undefined };
    const { state, frame } = prepareOff(runtime, image, { ...fields, name: '' }, options, others);
    const done = traceAsync(traced.instantiate, { module: '' }, () => frame.run());
    done.then(
      () => state.instantiated(),
      (error: unknown) => {
        failed(error);
        fail(state, error, false);
      },
    );
    return state;
  });
}

async function instantiateOff(
  runtime: RuntimeState,
  source: Source,
  fields: ModuleFields,
  options: FrameOptions,
  extras: InstantiationExtras,
): Promise<ModuleState> {
  const { state, record, imports } = prepare(runtime, source, fields, extras, false);
  setHeir(runtime, state, fields, options, extras);
  const start = starter(state, record, imports, extras.ownsCompiled);
  try {
    if (isQuick(source, fields, options, imports) && hereInstead.hasTime) {
      hereInstead.run(() => enterSync(state, undefined, options, subject, start));
    } else {
      const frame = new Instantiation(state, options, start);
      await (state.image?.waitsIn ? endOrWait(state, frame, extras) : frame.run());
    }
  } catch (error) {
    fail(state, error, extras.ownsCompiled);
    throw withStackOfAwaiter(error);
  }
  state.instantiated();
  begin(state, extras.globals);
  return state;
}

/**
 * Whether it is made on the JS thread though it may be made off it: no code runs in it, nothing is asked that answers later, no other guest's calls are
 * to be waited for, it has no name by which others would find it earlier, and it takes less time than a trip to another thread.
 */
function isQuick(source: Source, fields: ModuleFields, options: FrameOptions, imports: Imports): boolean {
  if (source instanceof ImageState || !source.quick || options.signal || fields.tenant || imports.externs) return false;
  if (fields.mounts.length > 0 || fields.listeners.length > 0 || startFunctions(source, fields).length > 0)
    return false;
  if (nameOf(source, fields) !== '') return false;
  return imports.modules.every(({ state, joins }) => !joins || state.isHost);
}

/** Of an image that waits: resolves when the call ends, or waits again. What becomes of it then closes the module, if it is an error. */
async function endOrWait(state: ModuleState, frame: Instantiation, { ownsCompiled }: InstantiationExtras) {
  const again = new Promise<'again'>((resolve) => {
    state.waitsAgain = () => resolve('again');
  });
  const ended = frame.run();
  if ((await Promise.race([ended, again])) === 'again')
    ended.catch((error: unknown) => {
      if (ownsCompiled) state.compiled.close();
      state.markClosed(error instanceof ExitError ? error.exitCode : 0);
      state.group.settle();
    });
}

/** Does nothing: who calls it has what guests need, which may be read late (scripts/lib/parts.mjs). */
export function beReady(): void {}

export function instantiateSync(...args: Parameters<typeof instantiateHere>): ModuleState {
  if (!traced.instantiate.hasSubscribers) return instantiateHere(...args);
  const trace = { module: nameOf(compiledOf(args[1]), args[2]) };
  return traceSync(traced.instantiate, trace, () => instantiateHere(...args));
}
function instantiateHere(
  runtime: RuntimeState,
  source: Source,
  fields: ModuleFields,
  options: FrameOptions,
  extras: InstantiationExtras,
): ModuleState {
  const { state, record, imports } = prepare(runtime, source, fields, extras, true);
  setHeir(runtime, state, fields, options, extras);
  try {
    enterSync(state, undefined, options, subject, starter(state, record, imports, extras.ownsCompiled));
  } catch (error) {
    fail(state, error, extras.ownsCompiled);
    throw error;
  }
  state.instantiated();
  begin(state, extras.globals);
  return state;
}
