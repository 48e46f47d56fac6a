/**
 * Everything native, typed: the only file that names functions of the addon (native/addon; each is one export of
 * native/abi/wazero_node.h, named there). Nothing is validated on the other side beyond what keeps the process alive: the classes
 * of src/ validate. Handles are numbers, 0 = none. A function that can fail throws what `Hooks.error` makes of the error's JSON,
 * except those with a frame, which return the JSON: only the frame knows the parked cause.
 */
export interface NativeBinding {
  /** WZ_ABI_VERSION of the addon; load.ts compares it. */
  readonly abiVersion: number;
  /** Once per environment, before anything else. */
  init(hooks: Hooks): void;
  /** While true, the environment's queue keeps the event loop alive: set while a call or a compilation is in flight. */
  setActive(active: boolean): void;
  /** JSON: BuildInfo */
  buildInfo(): string;
  /** Answers how many threads could not be made for that. */
  setConcurrency(guests: number): number;
  /** JSON: live counts of the process */
  stats(): string;
  /** Gives signal handlers that were set without a stack of their own one; how many there were. See signals.ts. */
  signalsOnStack(): number;
  /** GUARD: whether new instances of a runtime have guard pages; of 0, of one with defaults. */
  guardPages(runtime: Handle): number;
  /** Runs Go's garbage collector now and waits for it: for tests. */
  collect(): void;
  /** JSON: the configuration as Go has decoded it, by Go's names, whole numbers as strings: for tests. */
  runtimeConfigDescribe(config: RuntimeRecord): string;
  moduleConfigDescribe(config: ModuleRecord): string;

  runtimeNew(config: RuntimeRecord): { readonly handle: Handle; readonly engine: 'compiler' | 'interpreter' };
  /** Closes what is left of its modules too; only when no frame of it is in flight. */
  runtimeClose(runtime: Handle, exitCode: number): void;
  cacheNew(directory: string, sharedName: string): Handle;
  cacheClose(cache: Handle): void;

  /** Of `total` bytes that the compile of that request is to take in place of its own: it is given none. */
  compilePiece(runtime: Handle, request: number, total: number, piece: Uint8Array): void;
  /** Likewise: those of a file, which native code reads when it compiles. */
  compileFile(runtime: Handle, request: number, path: string): void;
  /**
   * Copies the bytes before it returns. The outcome is a MSG.done with `frame` = request, `target` = the compiled module; where that
   * may be (1) and takes no time, for its code is in memory, the compiled module is returned, else 0.
   */
  compile(runtime: Handle, binary: Uint8Array, workers: number, request: number, mayBeAtOnce: number): Handle;
  compileSync(runtime: Handle, binary: Uint8Array, workers: number, timeoutNs: number): Handle;
  /** Throws what compileSync would throw of these bytes, without compiling. */
  validate(runtime: Handle, binary: Uint8Array): void;
  compileCancel(request: number, reason: number): void;
  /** Functions compiled << 32 | functions of the module; 0 before the first, when it has ended, and where the engine does not count. */
  compileProgress(request: number): bigint;
  /** JSON: HostModuleDescription */
  hostCompile(runtime: Handle, description: string): Handle;
  /**
   * The handle of a description, or 0 where the text is whole; and JSON: CompiledDescription, then LineRecords, a line each. With `heard` it tells of
   * the functions that the listener hears. A description goes with its runtime.
   */
  compiledDescribe(compiled: Handle, heard?: boolean): [Handle, string];
  /** 1 + the line of an exported function, global or table, or 1 for a name of the memory; 0 where there is none of that name. `which`: DESCRIBED */
  descriptionFind(description: Handle, which: number, name: string): number;
  /** JSON: LineRecord, or behind those of functions ExternRecord: of globals, then of tables */
  descriptionLine(description: Handle, line: number): string;
  /** JSON: NamesRecord: some of them, from that one on; DESCRIBED.line: all export names of what is in that line. */
  descriptionNames(description: Handle, which: number, from: number): string;
  /** JSON: TypeRecord */
  descriptionType(description: Handle, number: number): string;
  /** Idempotent. */
  descriptionClose(description: Handle): void;
  compiledSection(compiled: Handle, index: number): Uint8Array<ArrayBuffer>;
  compiledClose(compiled: Handle): void;

  /** The module's handle; or JSON: ErrorRecord, or FrameOutcome where it is closed already. Async lane: the handle at once, the outcome by MSG.done; a failed module is gone then. */
  instantiate(
    frame: number,
    lane: number,
    parent: number,
    timeoutNs: number,
    runtime: Handle,
    /** Or an image, in whose state the module begins. */
    compiled: Handle,
    config: ModuleRecord,
    closeCompiledWithModule: boolean,
  ): Handle | string;
  /** JSON: ModuleDescription */
  moduleDescribe(module: Handle): string;
  moduleFunction(module: Handle, name: string): Handle;
  /** undefined: the memory that its functions use, imported or own */
  moduleMemory(module: Handle, name: string | undefined): Handle;
  moduleGlobal(
    module: Handle,
    name: string,
  ): { readonly handle: Handle; readonly type: string; readonly mutable: boolean } | undefined;
  /** Only when no frame of its link group is in flight, or from inside one that ends soon, and when nothing here reads its memory any more; idempotent. */
  moduleClose(module: Handle, exitCode: number): void;
  /** Every module of the link group is closed and no frame is in flight: its memory may be used anew. Or its instantiation has failed. */
  moduleRelease(module: Handle): void;

  /** Sync lane: results are in `words` afterwards; returns the error's JSON, or JSON of FrameOutcome, or undefined. Async: undefined, MSG.done comes. */
  call(
    frame: number,
    lane: number,
    parent: number,
    timeoutNs: number,
    fn: Handle,
    words: BigUint64Array,
  ): string | undefined;
  /** A frame as `call` makes one. Afterwards `words` are the image's handle, the bytes that it holds and ImageState.waitsIn; async lane: the words of MSG.done are. */
  moduleFreeze(
    frame: number,
    lane: number,
    parent: number,
    timeoutNs: number,
    module: Handle,
    words: BigUint64Array,
  ): string | undefined;
  /** Likewise. `targets`: of the module's file systems in JavaScript pairs, the callback's id as it was and as it is from now on. */
  moduleReset(
    frame: number,
    lane: number,
    parent: number,
    timeoutNs: number,
    module: Handle,
    targets: BigUint64Array,
  ): string | undefined;
  /** Off the JS thread: MSG.done comes with `frame` = request. */
  imageSave(image: Handle, path: string, request: number): void;
  /** Likewise, with `target` = the image, and JSON: LoadedImage. */
  imageLoad(compiled: Handle, path: string, request: number): void;
  /** Idempotent; modules of it live on. */
  imageClose(image: Handle): void;
  /** From now on there are groups that use a shared memory of another one: closing a module concerns them all. */
  groupsDepend(): void;
  /** How a function is entered without Go; 0: it cannot be, or WAZERO_NODE_DIRECT=0. */
  directOpen(fn: Handle): number;
  directClose(slot: number): void;
  /**
   * Sync lane: calls the function of the slot in `Hooks.area`, where parameters and results are, too, and a status afterwards. Returns what
   * `call` returns.
   */
  directCall(): string | undefined;
  /** Milliseconds until the deadline of that call, which is under way or has just ended in Go; Infinity for none. */
  directLeft(frame: number): number;
  /**
   * As directOpen, for asynchronous calls. polls: a guest of it can be interrupted. isNew: its instance has not called it before; 0, too, where its
   * code has not been called a few times in others.
   */
  expressOpen(fn: Handle, polls: boolean, isNew: boolean): number;
  expressClose(slot: number): void;
  /** Begins the call of the slot, with the frame and the parameters of the area; its status says whether it has. Hooks.express comes, or MSG.done. */
  expressCall(): void;
  /** Answers the question of the frame and slot of the area with its status and words; false: it is a question of frameReply's now. */
  expressReply(): boolean;
  /** After those two, at the end of the turn's work or early in the next: runs what is quick and has not begun, waits a few microseconds, and delivers what has come. True: there is more. */
  expressPoll(): boolean;
  /** Any time; nothing happens when the frame has ended. */
  frameStop(frame: number, reason: number, exitCode: number): void;
  /** Answers the one open question of an asynchronous frame. */
  frameReply(frame: number, status: number, words: BigUint64Array | undefined, bytes: Uint8Array | undefined): void;
  /** Of what an asynchronous frame has written ahead to a sink so much was taken; `error`: an errno or 0. `ahead` is words[1] of MSG.write. */
  frameTaken(frame: number, target: number, pieces: number, bytes: number, error: number, ahead: number): void;
  /** The stdin of the module, of which MSG.read was answered READ.later, has something now. Any time. */
  /** Takes from what the call may still execute, inside one of its host functions; false: that was too much. */
  frameCharge(frame: number, amount: bigint): boolean;
  sourceReady(module: Handle): void;

  /** Bytes, -1 when the module has been closed natively: by a deadline, say, of which JavaScript hears a moment later. */
  memorySize(memory: Handle): number;
  /** Previous pages, -1 where refused. */
  memoryGrow(memory: Handle, deltaPages: number): number;
  /** Changes whenever the range grew or moved; -1 as with memorySize. */
  memoryGeneration(memory: Handle): number;
  /** Copies; false = out of range. Also for shared memory. */
  memoryRead(memory: Handle, offset: number, into: Uint8Array): boolean;
  memoryWrite(memory: Handle, offset: number, bytes: Uint8Array): boolean;
  /** An external ArrayBuffer over all of it, pinned until it is collected; undefined where that is refused, or the memory is shared. */
  memoryBuffer(memory: Handle): ArrayBuffer | undefined;
  /** Likewise, one that nobody else is ever given, with its pin: memoryUnpin, once it is detached, gives the range free at once. */
  memoryView(memory: Handle): [buffer: ArrayBuffer, pin: Handle] | undefined;
  memoryUnpin(pin: Handle): void;
  detach(buffer: ArrayBuffer): void;

  /** v128 takes two words. */
  globalGet(global: Handle, words: BigUint64Array): void;
  globalSet(global: Handle, words: BigUint64Array): void;
  /** undefined where there is none of that name. */
  moduleTag(module: Handle, name: string): { readonly handle: Handle; readonly types: readonly string[] } | undefined;
  /** As globalSet, also of an immutable one: the value that it begins with, before anybody has read it. */
  globalBegin(global: Handle, words: BigUint64Array): void;
  /** An instance that has, as '', what the host makes: a memory, table, global or tag (EXTERN). types: names with commas; words: of a global. */
  externNew(
    runtime: Handle,
    tenant: Handle,
    kind: number,
    types: string,
    min: number,
    max: number,
    /** MADE */ flags: number,
    words: BigUint64Array,
  ): Handle;
  /** They are one link group from now on. */
  moduleJoin(module: Handle, other: Handle): void;
  /** The word of the reference to the function of that index. */
  moduleReference(module: Handle, index: number): bigint;
  /** undefined where there is none of that name. */
  moduleTable(module: Handle, name: string): TableRecord | undefined;
  /** -1 where it is closed, and so below. Only while no guest code of the link group runs on another thread. */
  tableSize(table: Handle): number;
  /** undefined: there is no such element. */
  tableGet(table: Handle, index: number): bigint | -1 | undefined;
  /** undefined: there are not so many elements; nothing has changed. */
  tableFill(table: Handle, index: number, count: number, word: bigint): number | undefined;
  /** By null references: how many there were; undefined where that is refused. */
  tableGrow(table: Handle, by: number): number | undefined;
  /** The words of the externrefs that its tables, globals and element segments hold, 8 bytes each; undefined where nobody knows all of them. */
  moduleReferences(module: Handle): Uint8Array | undefined;
  /** JSON: ReferenceRecord of a funcref that came out of this module's link group */
  functionReference(module: Handle, reference: bigint): string;

  /**
   * JSON: ListenerDescription. The handle is for one compile or compileSync, in place of the runtime's, which uses it up. With `list` that
   * makes no compiled module: its handle is for compiledDescribe (heard) and compiledClose alone.
   */
  listenerNew(runtime: Handle, description: string): Handle;
  /** JSON: FunctionRecord[], innermost first. Only inside MSG.listener. */
  frameStack(frame: number): string;
  /** A snapshot of the frame's own. Only inside MSG.hostCall, as the next one. */
  snapshot(frame: number): number;
  /** Happens when the host function has answered; `words` are the results of the host function that took the snapshot. */
  snapshotRestore(frame: number, snapshot: number, words: BigUint64Array): void;
  /**
   * Only inside MSG.hostCall: the host function throws an exception, once it has answered. Its number in the call is what the error record of an
   * uncaught one has.
   */
  exceptionThrow(frame: number, tag: Handle, words: BigUint64Array): number;
  /** types is JSON: { params, results }; definition is JSON: FunctionRecord. Only while no guest code of the link group runs. */
  tableFunction(
    module: Handle,
    table: number,
    offset: number,
    types: string,
  ): { readonly handle: Handle; readonly definition: string };
  /** JSON: { handle, type }[] */
  internalGlobals(module: Handle): string;
  /** JSON: { host, port }[] */
  tcpAddresses(module: Handle): string;
  /** Of a module, a runtime or a tenant; one in the process at a time. */
  profileStart(target: Handle, intervalNs: number): void;
  /** Off the JS thread: MSG.done comes with `frame` = request, and JSON: a V8 CPU profile. */
  profileStop(request: number): void;

  /** `limits`: USAGE.limits words. The same handle for all that share one. */
  tenantNew(name: string, shared: boolean, limits: BigUint64Array): Handle;
  /** Once for each tenantNew. */
  tenantClose(tenant: Handle): void;
  /** Sets or gets them. */
  tenantLimits(tenant: Handle, limits: BigUint64Array, set: boolean): void;
  /** Fills USAGE.words of them; false where it is closed. */
  tenantUsage(tenant: Handle, words: BigUint64Array): boolean;
  /** JSON: TenantRecord[], of all threads */
  tenantList(): string;
  /** Likewise; false where native code has forgotten the module. */
  moduleUsage(module: Handle, words: BigUint64Array): boolean;
  /** So many calls of a tenant's module wait here. */
  moduleQueued(module: Handle, calls: number): void;
  /** Whether one more call of its tenant may wait. */
  moduleMayQueue(module: Handle): boolean;
  outputBufferNew(maxBytes: number): Handle;
  outputBufferSize(buffer: Handle): number;
  outputBufferBytes(buffer: Handle): Uint8Array<ArrayBuffer>;
  outputBufferReset(buffer: Handle): void;
  outputBufferFree(buffer: Handle): void;
}

export type Handle = number;

export interface Hooks {
  /**
   * Asynchronous lane: called on the JS thread in a turn of its own, once per message. `words` (parameters) and `bytes` are copies.
   * MSG.write, read, random, hostCall, clock, sleep, yield are questions: one frameReply each. MSG.read says in words[0] how, a READ. In a reply of read and random the
   * bytes lie in `bytes`, which is as long as the guest's buffer, and words[0] is how many of them count. So for MSG.fs, where words[1]
   * counts, and `bytes` begins with what was sent. With frame 0 it is no question: FS.release. Nor is a MSG.write for no result: frameTaken
   * says when the sink has taken it.
   */
  message(
    kind: number,
    status: number,
    frame: number,
    target: number,
    module: Handle,
    words: BigUint64Array,
    bytes: Uint8Array<ArrayBuffer>,
    resultCount: number,
  ): void;
  /**
   * Synchronous lane: called inside instantiate or call, on this thread; returns a REPLY status and never throws. `words` is as long
   * as the larger of parameters and results; results go into it in place.
   */
  upcall(
    kind: number,
    frame: number,
    target: number,
    module: Handle,
    words: BigUint64Array,
    bytes: Uint8Array<ArrayBuffer>,
    resultCount: number,
  ): number;
  /** Likewise, for FS.read of few bytes: parameters, answer and the status are in the area. */
  read(): void;
  /** DirectArea of native/addon/lanes/direct.h. Nobody but area.ts hands it out: native code keeps its address. */
  readonly area: ArrayBuffer;
  /** Inside directCall: a host function of ours is asked. What it is, its parameters, results and status are in the area. Never throws. */
  ask(): void;
  /** As message, for an express call: a MSG.done without an error, or a MSG.hostCall. All is in the area: kind in status, the number of words in slot. */
  express(): void;
  error(json: string): Error;
}

// ---- numbers of wazero_node.h (test/native checks that they are the same)
export const LANE = { sync: 0, async: 1 } as const;
export const STOP = { close: 1, timeout: 2, abort: 3, cpu: 4 } as const;
export const REPLY = { ok: 0, threw: 1, wouldBlock: 2, dead: 3, none: 255 } as const;
export const MSG = {
  done: 1,
  hostCall: 2,
  write: 3,
  read: 4,
  clock: 5,
  sleep: 6,
  yield: 7,
  random: 8,
  fs: 9,
  listener: 10,
  warning: 11,
} as const;
/** How a source is read. */
export const READ = { wait: 0, now: 1, ask: 2, insist: 3, later: 2n ** 64n - 1n } as const;
export const WARNING = { other: 0, cache: 1 } as const;
export const FS = {
  open: 1,
  close: 2,
  read: 3,
  write: 4,
  fstat: 5,
  stat: 6,
  lstat: 7,
  list: 8,
  next: 9,
  readlink: 10,
  truncate: 11,
  sync: 12,
  futimes: 13,
  utimes: 14,
  lutimes: 15,
  mkdir: 16,
  rmdir: 17,
  unlink: 18,
  rename: 19,
  link: 20,
  symlink: 21,
  chmod: 22,
  release: 23,
} as const;
export const OPEN = {
  write: 1,
  readWrite: 2,
  create: 4,
  exclusive: 8,
  truncate: 16,
  directory: 32,
  noFollow: 64,
  sync: 128,
  dataSync: 256,
} as const;
/** Of what descriptionNames and descriptionFind tell the names. */
export const DESCRIBED = { functions: 0, memory: 1, sections: 2, line: 3, globals: 4, tables: 5 } as const;
export const EXTERN = { memory: 1, table: 2, global: 3, tag: 4 } as const;
export const MADE = { hasMax: 1, shared: 2, mutable: 4 } as const;
export const GUARD_PAGES = { auto: 0, always: 1, never: 2 } as const;
export const GUARD = {
  on: 0,
  off: 1,
  platform: 2,
  limited: 3,
  system: 4,
  handler: 5,
  blocked: 6,
  usedUp: 7,
} as const;
export const ENGINE = { auto: 0, compiler: 1, interpreter: 2 } as const;
export const SINK = { discard: 0, fd: 1, buffer: 2, callback: 3 } as const;
export const SOURCE = { eof: 0, fd: 1, bytes: 2, callback: 3 } as const;
export const CLOCK = { fake: 0, system: 1, callback: 2 } as const;
export const RAND = { deterministic: 0, secure: 1, bytes: 2, callback: 3 } as const;
/** How many words: see wazero_node.h. */
export const USAGE = { words: 18, limits: 9, /** Of these words. */ fuel: 15 } as const;
export const MOUNT = { dir: 1, readOnlyDir: 2, fs: 3, sysFs: 4 } as const;

// ---- records: property names are the jsName column of native/abi/config_fields.def; absent = zero
export interface RuntimeRecord {
  engine?: number;
  hasCoreFeatures?: boolean;
  coreFeatures?: bigint;
  hasMemoryLimitPages?: boolean;
  memoryLimitPages?: number;
  memoryCapacityFromMax?: boolean;
  debugInfoDisabled?: boolean;
  compilationCache?: Handle;
  customSections?: boolean;
  closeOnContextDone?: boolean;
  limitTotalMemoryBytes?: bigint;
  limitModuleBytes?: bigint;
  limitConcurrentCompiles?: number;
  limitMemoryPages?: number;
  limitTableElements?: number;
  limitCallStackBytes?: bigint;
  limitOpenFiles?: number;
  /** limitTotalMemoryBytes is the default: native code takes less where a control group has little. */ totalMemoryByDefault?: boolean;
  fuel?: boolean;
  guardPages?: number;
}
export interface ModuleRecord {
  hasName?: boolean;
  name?: string;
  args?: readonly string[];
  env?: readonly string[];
  hasStartFunctions?: boolean;
  startFunctions?: readonly string[];
  stdinKind?: number;
  stdinFd?: number;
  stdinBytes?: Uint8Array;
  stdinTarget?: number;
  stdoutKind?: number;
  stdoutFd?: number;
  stdoutTarget?: number;
  stderrKind?: number;
  stderrFd?: number;
  stderrTarget?: number;
  walltimeKind?: number;
  walltimeTarget?: number;
  walltimeResolution?: number;
  nanotimeKind?: number;
  nanotimeTarget?: number;
  nanotimeResolution?: number;
  nanosleepKind?: number;
  nanosleepTarget?: number;
  osyieldTarget?: number;
  randKind?: number;
  randBytes?: Uint8Array;
  randTarget?: number;
  mounts?: readonly MountRecord[];
  tcpListeners?: readonly string[];
  freezeAtStdin?: boolean;
  hostBase?: number;
  externs?: readonly ImportRecord[];
  hostTemplate?: Handle;
  answer?: Uint8Array;
  limitMemoryPages?: number;
  limitTableElements?: number;
  limitCallStackBytes?: bigint;
  limitOpenFiles?: number;
  tenant?: Handle;
  imports?: readonly ImportRecord[];
}
export interface MountRecord {
  kind: number;
  hostDir?: string;
  guestPath: string;
  target?: number;
}
/** Of tenantList. */
export interface TenantRecord {
  readonly handle: Handle;
  readonly name: string;
}

/**
 * Each module name that the compiled module imports; module 0: not there, wazero then says so in its own words. As an extern: an export of that
 * module, in the order of the imports; module 0: the next function of the host template. index: 1 + that of one of its functions, or 1: its memory.
 */
export interface ImportRecord {
  name: string;
  module: Handle;
  index?: number;
}
/** Of moduleTable. */
export interface TableRecord {
  readonly handle: Handle;
  readonly type: string;
  readonly plain: boolean;
  readonly min: number;
  readonly max?: number;
}

// ---- JSON
/** Of imageLoad. */
export interface LoadedImage {
  name: string;
  byteLength: number;
  waitsIn: number;
}
/** Payload (bytes) of a MSG.done with status OK, where there is something to say: modules that the guest closed (exit code 0). */
export interface FrameOutcome {
  /** of the frame */ module?: Handle;
  closed?: Handle[];
}
export interface BuildInfo {
  wazero: string;
  go: string;
  engine: 'edited' | 'upstream';
  edits: string[];
}
export interface FunctionRecord {
  moduleName: string;
  index: number;
  name: string;
  debugName: string;
  import?: { module: string; name: string };
  exportNames: string[];
  paramTypes: string[];
  paramNames: string[];
  resultTypes: string[];
  resultNames: string[];
}
/** What a funcref refers to: its definition, the module that it is of and the function to call it by, where that is open and of a guest. */
export interface ReferenceRecord extends FunctionRecord {
  module?: Handle;
  function?: Handle;
}
/** A function of a description, which has its types and its module's name. */
export interface LineRecord extends Omit<FunctionRecord, 'moduleName' | 'paramTypes' | 'resultTypes' | 'exportNames'> {
  type: number;
  /** null: there are many */ exportNames: string[] | null;
}
/** A global or a table of a description, which has its module's name. */
export interface ExternRecord {
  index: number;
  import?: { module: string; name: string };
  /** null: there are many */ exportNames: string[] | null;
  type: string;
  /** of a global */ mutable: boolean;
  /** of a table */ min: number;
  max?: number;
}
/** Of globals, or tables. */
export interface ExternsRecord {
  imported: number;
  /** those that are imported, and those that are exported */ lines: number;
  /** export names */ exports: number;
}
export interface TypeRecord {
  paramTypes: string[];
  resultTypes: string[];
}
export interface NamesRecord {
  names: string[];
  /** of each function */ lines?: number[];
}
export interface MemoryRecord {
  /** empty in a description, which has it */ moduleName: string;
  index: number;
  import?: { module: string; name: string };
  /** null in a description, which has them */ exportNames: string[] | null;
  min: number;
  max?: number;
  /** threads: several agents may touch it at once */ shared?: boolean;
}
/** The head of a description. The lines are functions: those that are imported, then those that are exported; or those that a listener hears. */
export interface CompiledDescription {
  name: string;
  /** of those that a listener hears: the index of the first line */ firstIndex: number;
  importedFunctions: number;
  lines: number;
  /** of functions */ exports: number;
  /** none or one, imported or exported */ memories: MemoryRecord[];
  importedMemories: number;
  memoryNames: number;
  /** their lines are behind those of functions */ globals: ExternsRecord;
  /** behind those of globals */ tables: ExternsRecord;
  customSections: number;
  /** distinct import module names; joins: anything but a shared memory is imported, so the link groups become one */
  importModules: { name: string; joins: boolean }[];
  /** of each import one character: function, table, memory, shared memory, global, exception's tag */ importKinds?: string;
  /** an instance takes tens of microseconds to make, and none of its code runs in that but start functions */ quick: boolean;
  large: boolean;
  /** where it is not large: everything else, and LineRecords behind this line */ whole?: WholeDescription;
}
export interface WholeDescription {
  exportNames: string[];
  /** of each of those names: its line */ exportedFunctions: number[];
  memoryNames: string[];
  /** lines from the first of their kind */ globals?: { names: string[]; lines: number[] };
  tables?: { names: string[]; lines: number[] };
  sections: string[];
  types: TypeRecord[];
}
export interface ModuleDescription {
  name: string;
  /** of the memory its functions use */ memory?: MemoryRecord;
}
/** Functions in the order of first export (emscripten needs it). `id` counts those in JavaScript: MSG.hostCall's target is that and the `hostBase` of the instance. */
export interface HostModuleDescription {
  name: string;
  functions: (
    | HostExporter
    | {
        id: number;
        export: string;
        name: string;
        params: string[];
        results: string[];
        paramNames: string[];
        resultNames: string[];
      }
  )[];
}

export type HostExporter =
  | { exporter: 'wasi_snapshot_preview1' }
  | { exporter: 'assemblyscript'; abortMessage: boolean; trace?: 'stdout' | 'stderr' }
  | { exporter: 'emscripten'; compiled: Handle };
/** What hears one compiled module: JavaScript, by MSG.listener with `target`, or a native log of host calls, whose sink may be a MSG.write. */
export interface ListenerDescription {
  /** Only list the functions. */ list?: boolean;
  target?: number;
  before?: boolean;
  after?: boolean;
  abort?: boolean;
  /** base64: a bit for each function that the module defines, whether it is heard; absent: all are */ chosen?: string;
  log?: { scopes: string[]; kind: number; fd: number; target: number };
}
