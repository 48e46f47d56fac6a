import { Callbacks } from '../io/callbacks.js';
import { sinkRecord } from '../io/stdio.js';
import type { OutputSink } from '../io/streams.js';
import type { FunctionRecord, Handle, ListenerDescription } from '../native/binding.js';
import { functionDefinition } from '../native/definitions.js';
import { Description } from '../native/description.js';
import { native } from '../native/native.js';
import { closedError, type ErrorRecord, makeError } from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { moduleLimit } from '../values/limits.js';
import { Buffer, now } from '../values/node.js';
import { report } from '../values/report.js';
import type { FunctionDefinition, Limits, WasmValue } from '../values/types.js';
import { decode } from '../values/values.js';
import { publicly } from './lent.js';
import type { Frame, GroupListener, Instance } from './link-group.js';

/** wazero: experimental.FunctionListener. Bound when a module is compiled; the guest waits meanwhile. */
export interface FunctionListenerOf<M> {
  filter?(definition: FunctionDefinition): boolean;
  before?(event: FunctionEventOf<M> & { readonly params: readonly WasmValue[] }): void;
  after?(event: FunctionEventOf<M> & { readonly results: readonly WasmValue[] }): void;
  abort?(event: FunctionEventOf<M> & { readonly error: unknown }): void;
}

/** What a function listener hears of. */
export interface FunctionEventOf<M> {
  readonly module: M;
  readonly definition: FunctionDefinition;
  /** Innermost first (wazero: experimental.StackIterator). */
  stack(): readonly FunctionDefinition[];
}

/** What experimental.hostLoggingListener has put into a listener, which says nothing by itself. */
export interface HostLog {
  readonly sink: OutputSink;
  readonly scopes: readonly string[];
}
export const hostLogs = new WeakMap<object, HostLog>();

const events = ['before', 'after', 'abort'] as const;

/** The listener of one compilation. */
export class Listener implements GroupListener {
  /** MSG.listener's. */
  readonly target = nextId();
  /** The sink of a log. */
  readonly callbacks = new Callbacks();
  readonly #listener: FunctionListenerOf<object>;
  readonly #log: HostLog | undefined;
  readonly #description: ListenerDescription;
  /** Of the functions that the module defines. */
  #functions: Description | undefined;

  constructor(listener: FunctionListenerOf<object>, limits: Limits) {
    this.#listener = listener;
    this.#log = hostLogs.get(listener);
    if (this.#log) {
      const { sink, scopes } = this.#log;
      const {
        kind,
        fd = 0,
        target = 0,
      } = sinkRecord(sink, 2, this.callbacks, moduleLimit(limits, {}, 'pendingOutputBytes'));
      this.#description = { log: { scopes: [...scopes], kind, fd, target } };
    } else {
      this.#description = { target: this.target };
      for (const event of events) this.#description[event] = listener[event] !== undefined;
    }
  }

  /** Whether the functions must be listed before they are compiled: the compilation then takes two goes. */
  get filters(): boolean {
    return this.#listener.filter !== undefined;
  }
  static readonly list = JSON.stringify({ list: true } satisfies ListenerDescription);

  /**
   * Asks the filter; `list` is what a compilation of Listener.list has given, and closed by this. A module may define a million functions: every few
   * milliseconds this yields, for others to go on.
   */
  *choosing(list: Handle): Generator<void, void> {
    const functions = this.#functionsOf(list);
    try {
      const chosen = new Uint8Array(Math.ceil(functions.lines / 8));
      let began = now();
      for (let line = 0; line < functions.lines; line++) {
        if (this.#listener.filter?.(functions.function(line))) chosen[line >> 3]! |= 1 << (line & 7);
        if (line % 64 === 63 && now() - began > 4) {
          yield;
          began = now();
        }
      }
      this.#description.chosen = Buffer.from(chosen.buffer).toString('base64');
    } finally {
      functions.close();
    }
  }
  #functionsOf(list: Handle): Description {
    try {
      return new Description(list, true);
    } finally {
      native().compiledClose(list);
    }
  }
  get description(): string {
    return JSON.stringify(this.#description);
  }
  /** It is bound. */
  compiled(handle: Handle): this {
    if (!this.#log) this.#functions ??= new Description(handle, true);
    return this;
  }
  /** Nobody is heard any more. */
  close(): void {
    this.#functions?.close();
  }

  /** MSG.listener. */
  hear(frame: Frame, module: Instance, words: BigUint64Array, bytes: Uint8Array): void {
    const kind = events[Number(words[0])] as (typeof events)[number];
    const functions = this.#functions as Description;
    const definition = functions.function(Number(words[1]) - functions.firstIndex);
    let current = true;
    const event: FunctionEventOf<object> = {
      module: publicly.module(module),
      definition,
      stack: () => {
        if (!current) throw closedError('the stack can be read only while the listener hears of the event');
        return (JSON.parse(native().frameStack(frame.id)) as FunctionRecord[]).map(functionDefinition);
      },
    };
    const values = words.subarray(2);
    const { references } = module.group;
    try {
      if (kind === 'before')
        this.#listener.before?.({ ...event, params: decode(definition.paramTypes, values, references) });
      else if (kind === 'after')
        this.#listener.after?.({ ...event, results: decode(definition.resultTypes, values, references) });
      else this.#abort(frame, event, bytes);
    } finally {
      current = false;
    }
  }

  /** The call ends with another error already: one of the listener's can only be reported. */
  #abort(frame: Frame, event: FunctionEventOf<object>, bytes: Uint8Array): void {
    try {
      const record = JSON.parse(Buffer.from(bytes).toString()) as ErrorRecord;
      const error = makeError(record, { parked: frame.parked });
      this.#listener.abort?.({ ...event, error });
    } catch (error) {
      report(error, 'the abort of a function listener threw');
    }
  }
}
