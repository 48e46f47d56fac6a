import type { TracingChannel } from 'node:diagnostics_channel';
import { isPromiseLike } from '../io/callbacks.js';
import { now } from '../values/node.js';
import { shown } from '../values/shown.js';
import { debuglog, tracingChannel } from '../values/surroundings.js';

/** What is added to the message: `error` where it failed, else the `result` of calls and host calls. `module` is '' where it has no name. */
interface Outcome {
  readonly result?: unknown;
  readonly error?: unknown;
}
export interface CompileTrace extends Outcome {
  /** undefined of a file. */
  readonly byteLength: number | undefined;
  /** The path of the file that has the bytes, where a URL was given. */
  readonly file?: string;
  readonly workers: number;
  /** Functions compiled so far, of how many: zeros before the first, from a cache, in the synchronous lane and with the interpreter. */
  progress(): { readonly done: number; readonly functions: number };
}
export interface InstantiateTrace extends Outcome {
  readonly module: string;
}
export interface FreezeTrace extends Outcome {
  readonly module: string;
}
export interface ResetTrace extends Outcome {
  readonly module: string;
}
export interface CallTrace extends Outcome {
  readonly module: string;
  readonly function: string;
  /** CallOptions.context of the outermost call. */
  readonly context: unknown;
  /** At its end: what the guest ran, with what is nested in it. Of the module's own account: what it calls in linked modules is there, too. */
  ranMs?: number;
  /** What it waited for a processor or a budget. */
  waitedMs?: number;
  /** The module's memory then. */
  memoryBytes?: number;
}
export interface HostTrace extends Outcome {
  readonly module: string;
  readonly function: string;
  /** CallOptions.context of the outermost call. */
  readonly context: unknown;
}

/** Ask `hasSubscribers` first: where nobody listens, nothing is made for them. */
export const traced = {
  compile: tracingChannel<string, CompileTrace>('wazero:compile'),
  instantiate: tracingChannel<string, InstantiateTrace>('wazero:instantiate'),
  freeze: tracingChannel<string, FreezeTrace>('wazero:freeze'),
  reset: tracingChannel<string, ResetTrace>('wazero:reset'),
  call: tracingChannel<string, CallTrace>('wazero:call'),
  host: tracingChannel<string, HostTrace>('wazero:host'),
};

/** Compilations and instantiations: what comes of them is no public object, so the message has no result. */
export async function traceAsync<T, C extends object>(
  channel: TracingChannel<string, C>,
  trace: C,
  work: () => Promise<T>,
): Promise<T> {
  if (!channel.hasSubscribers) return work();
  let result: T | undefined;
  await channel.tracePromise(async () => {
    result = await work();
  }, trace);
  return result as T;
}
export function traceSync<T, C extends object>(channel: TracingChannel<string, C>, trace: C, work: () => T): T {
  if (!channel.hasSubscribers) return work();
  let result: T | undefined;
  channel.traceSync(() => {
    result = work();
  }, trace);
  return result as T;
}

/** What answers at once or with a Promise: then that is the `result` at `end`, and asyncEnd says what came of it. */
export function traceEither(
  channel: TracingChannel<string, HostTrace>,
  trace: HostTrace,
  work: () => unknown,
): unknown {
  const result = channel.traceSync(work, trace);
  if (!isPromiseLike(result)) return result;
  const settled = (outcome: Outcome) => {
    const ended = Object.assign(trace, outcome);
    if ('error' in outcome) channel.error.publish(ended);
    channel.asyncStart.publish(ended);
    channel.asyncEnd.publish(ended);
  };
  const once = Promise.resolve(result); // a thenable is asked one time
  once.then(
    (value) => settled({ result: value }),
    (error: unknown) => settled({ error }),
  );
  return once;
}

/** NODE_DEBUG=wazero: a line on stderr for each that has ended. */
const log = debuglog('wazero');
function logEnds<T extends Outcome>(channel: TracingChannel<string, T>, describe: (trace: T) => string): void {
  const began = new WeakMap<object, number>();
  const ended = (trace: T) => {
    const start = began.get(trace);
    if (start === undefined) return;
    began.delete(trace);
    const outcome = 'error' in trace ? `: ${String(trace.error).split('\n', 1)[0]}` : '';
    log('%s, %s ms%s', describe(trace), (now() - start).toFixed(3), outcome);
  };
  channel.start.subscribe((trace) => void began.set(trace as T, now()));
  channel.end.subscribe((message) => {
    const trace = message as T;
    if ('error' in trace || ('result' in trace && !isPromiseLike(trace.result))) ended(trace);
  });
  channel.asyncEnd.subscribe((trace) => ended(trace as T));
}
if (log.enabled) {
  const name = (trace: { readonly module: string; readonly function: string }) =>
    `${shown(trace.module)}.${shown(trace.function)}`;
  logEnds(traced.compile, ({ file, byteLength }) => `compile ${file ?? `${byteLength} bytes`}`);
  logEnds(traced.instantiate, (trace) => `instantiate "${shown(trace.module)}"`);
  logEnds(traced.freeze, (trace) => `freeze "${shown(trace.module)}"`);
  logEnds(traced.reset, (trace) => `reset "${shown(trace.module)}"`);
  logEnds(traced.call, (trace) => `call ${name(trace)}`);
  logEnds(traced.host, (trace) => `host ${name(trace)}`);
}
