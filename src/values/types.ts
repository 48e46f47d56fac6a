/**
 * What a value of each WebAssembly type is in JavaScript (wazero: api.ValueType and the api.Encode/Decode functions).
 * Nothing is coerced: an argument of another kind is a TypeError, a number out of range a RangeError.
 */
export interface WasmTypes {
  /** An integer number of -2^31 to 2^32-1; signed when read. */
  i32: number;
  /** A bigint of -2^63 to 2^64-1; signed when read. */
  i64: bigint;
  /** Any number, rounded to 32 bits. NaN payloads survive only through `callWithStack`. */
  f32: number;
  /** Any number. NaN payloads survive only through `callWithStack`. */
  f64: number;
  /** 16 bytes, little endian; a copy when read. */
  v128: Uint8Array;
  /** `null` is ref.null; anything else, `undefined` included, comes back as the same value. The module holds it as long as a table or global of it does. */
  externref: unknown;
  /** `null` is ref.null. A reference can be handed back to the modules it came from, and called. */
  funcref: FunctionReference | null;
}

/** The name of a WebAssembly value type (wazero: api.ValueType). */
export type ValueType = keyof WasmTypes;

/** A value of any WebAssembly type. */
export type WasmValue = WasmTypes[ValueType];

/** A funcref that came out of a module. Its word is the guest's: it can be handed back to a module of the same link group, and called. */
export interface FunctionReference {
  /** What the reference refers to. */
  readonly definition: FunctionDefinition;
  /**
   * As `ExportedFunction.call`, whether it is exported or not; `experimental.functionOf` gives the ExportedFunction, for options and stacks. Rejects
   * with ERR_WAZERO_CLOSED where it is a function of JavaScript that a guest imports, or of a module that is closed.
   */
  call(...args: WasmValue[]): Promise<unknown>;
  /** As `ExportedFunction.callSync`. */
  callSync(...args: WasmValue[]): unknown;
}

/** The JavaScript types of the parameters `P`. */
export type ParamsOf<P extends readonly ValueType[]> = { -readonly [K in keyof P]: WasmTypes[P[K]] };

/** No result: undefined; one: the value; several: an array; types not known to TypeScript: unknown. */
export type ResultOf<R extends readonly ValueType[]> = number extends R['length']
  ? unknown
  : R extends readonly []
    ? // biome-ignore lint/suspicious/noConfusingVoidType: a function without result may return nothing at all
      void
    : R extends readonly [infer T extends ValueType]
      ? WasmTypes[T]
      : ParamsOf<R>;

/** No value is one: makes TypeScript read an array literal as a tuple. */
type Tuple = [never, never];

/** What a host function may return for the results `R`: the value, an array of several, or a Promise of it. */
export type HostResult<R extends readonly ValueType[]> = ResultOf<R> | Tuple | PromiseLike<ResultOf<R> | Tuple>;

/** The bytes of a module. Copied before the call returns. A view of a SharedArrayBuffer is a TypeError. */
export type BinarySource = ArrayBufferView | ArrayBuffer;

/** A function that a module imports, defines or exports (wazero: api.FunctionDefinition). */
export interface FunctionDefinition extends ExportDefinition {
  /** The name in the module's name section, or ''. */
  readonly name: string;
  /** As in stack traces: `module.function`, or `.$index`. */
  readonly debugName: string;
  readonly paramTypes: readonly ValueType[];
  /** Empty unless all parameters are named. */
  readonly paramNames: readonly string[];
  readonly resultTypes: readonly ValueType[];
  /** Empty unless all results are named. */
  readonly resultNames: readonly string[];
}

/** What is told of each thing that a module imports or exports (wazero: api.ExportDefinition). */
export interface ExportDefinition {
  /** The name in the module's name section, or ''. */
  readonly moduleName: string;
  /** Position in the index space of its kind, imports first. */
  readonly index: number;
  /** Where it is imported from; absent where the module defines it. */
  readonly import?: { readonly module: string; readonly name: string };
  readonly exportNames: readonly string[];
}

/** A memory that a module imports or exports (wazero: api.MemoryDefinition). */
export interface MemoryDefinition extends ExportDefinition {
  /** Pages of 64 KiB. */
  readonly min: number;
  /** Pages of 64 KiB; absent where the module encodes none. */
  readonly max?: number;
}

/** A global that a module imports or exports (ours: wazero tells of those of instances). */
export interface GlobalDefinition extends ExportDefinition {
  readonly type: ValueType;
  readonly mutable: boolean;
}

/** A table that a module imports or exports (ours). */
export interface TableDefinition extends ExportDefinition {
  /** Of its elements. */
  readonly type: ValueType;
  /** Elements. */
  readonly min: number;
  /** Elements; absent where the module encodes none. */
  readonly max?: number;
}

/** A custom section of a module (wazero: api.CustomSection). */
export interface CustomSection {
  readonly name: string;
  /** A copy. */
  readonly data: Uint8Array;
}

/**
 * What a guest may make the host allocate, per module. Every field has a finite default, listed in SECURITY.md. Reaching one gives the
 * guest the -1 or errno that its own instruction has for it, else the call fails with a LimitError.
 */
export interface ModuleLimits {
  /** Pages of 64 KiB of one memory. Default: 65,536 (4 GiB). */
  memoryPages?: number;
  /** Elements of all tables of the module together. Default: 10,000,000. */
  tableElements?: number;
  /** Bytes of one call's stack. Default: 64 MiB. */
  callStackBytes?: number;
  /** File descriptors open at once. Default: 1,024. */
  openFiles?: number;
  /** Calls that wait for another call to end. Default: 100,000. */
  queuedCalls?: number;
  /** Bytes written to a stream and not taken by it yet. Default: 16 MiB. */
  pendingOutputBytes?: number;
}

/** What the guests of a runtime may make the host allocate: those of each module, and three of the runtime itself. */
export interface Limits extends ModuleLimits {
  /**
   * Bytes of all linear memories. Default: 16 GiB, and at most half of what the machine has, or of what its control group may have where
   * that is less.
   */
  totalMemoryBytes?: number;
  /** Bytes of one module's binary. Default: 1 GiB. */
  moduleBytes?: number;
  /** Compilations that run at once; others wait. Default: as many as processors. */
  concurrentCompiles?: number;
}

/** What the modules of a tenant may have together. Every field is unlimited by default. What is over: the -1 or errno of the guest's own instruction, else LimitError. */
export interface TenantLimits {
  /** Bytes of linear memories, and of open images of its modules. */
  memoryBytes?: number;
  /** Modules that are not closed. */
  instances?: number;
  /** Elements of tables. */
  tableElements?: number;
  /** File descriptors open at once. */
  openFiles?: number;
  /** Bytes that guests are ahead of their sinks: who would be over waits for his sink. */
  pendingOutputBytes?: number;
  /** Guests that run or wait inside a host function; other calls wait. A callSync that would have to fails with LimitError. */
  concurrentCalls?: number;
  /** Calls that wait. */
  queuedCalls?: number;
  /** Milliseconds of running in each second, over all threads, which may be used at once; who is over waits for the next second. */
  cpuMsPerSecond?: number;
  /** Where processors are short: its share beside others. Default: 1. */
  weight?: number;
}

/** What a module has used, or the modules of a tenant together. */
export interface Usage {
  /** Milliseconds that guests ran (not waited). */
  readonly cpuMs: number;
  /** Milliseconds that calls waited for a slot or a budget. */
  readonly waitedMs: number;
  /** Now, of linear memories that the module has, and not those that it imports; of a tenant, with the images that were frozen of its modules and are open. */
  readonly memoryBytes: number;
  readonly peakMemoryBytes: number;
  /** Now, not closed. */
  readonly instances: number;
  /** Now. */
  readonly openFiles: number;
  /** Now: in the guest, or in a host function of it. */
  readonly runningCalls: number;
  /** Now: for another call, a slot or a budget. */
  readonly waitingCalls: number;
  /** Calls of exported functions that have begun. */
  readonly calls: number;
  /** Those that ended with an error. */
  readonly failedCalls: number;
  /** Of these, those that were stopped: a deadline, a signal, a close, a budget. */
  readonly stoppedCalls: number;
  /** Traps, those of start functions included. */
  readonly traps: number;
  /** Calls of host functions. */
  readonly hostCalls: number;
  /** Bytes written to stdout and stderr, where these are not 'ignore'. */
  readonly outputBytes: number;
  /** Bytes read from stdin. */
  readonly inputBytes: number;
  /** 0n without RuntimeConfig.withFuel(true). */
  readonly fuel: bigint;
}

/** What wazero's context.Context carries. */
export interface CallOptions {
  /** Ends the call, waiting or running, when it aborts. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds, counted from the call, waiting included. Infinity is none; 0, negative or NaN is a RangeError. Default: that of
   * RuntimeConfig.withDefaultTimeout, else none.
   */
  timeoutMs?: number | undefined;
  /**
   * Milliseconds that the guest may run, with all that is nested in the call. Waiting does not count: for a slot or a budget, in a host function, in a
   * sleep, for input. Past it the call ends with ExitError, `reason` 'cpu', and its module is closed. Needs withCloseOnContextDone(true). Infinity is
   * none, the default; 0, negative or NaN is a RangeError.
   */
  cpuTimeMs?: number | undefined;
  /**
   * How much the call may execute (ours, not wazero's), calls that are nested in it included; about one for each instruction: docs/fuel.md.
   * Past it the guest ends in a Trap of kind 'out of fuel'. 0 is allowed; negative or more than 2^63 - 2 is a RangeError; a TypeError without
   * RuntimeConfig.withFuel(true). Default: no limit, or that of the call which it is nested in.
   */
  fuel?: bigint | undefined;
  /** Handed to host functions as `caller.context` (wazero: ctx.Value). */
  context?: unknown;
}

/** No event reaches the JS thread while it is in the guest, so a signal could not fire: giving one is a TypeError. */
export type SyncCallOptions = Omit<CallOptions, 'signal'>;
