/**
 * Never run: compiled against the built types. Uses every declaration and every member of contract.d.ts the way a program would;
 * types.test.ts checks that none is left out.
 */
import type { Profiler } from 'node:inspector';
import {
  type AnyWazeroError,
  type AssemblyScriptOptions,
  type AsyncFileSystem,
  type AsyncReadOnlyFileSystem,
  assemblyscript,
  type BinarySource,
  CallerModule,
  type CallOptions,
  type Clock,
  CompilationCache,
  CompiledModule,
  CompileError,
  type CompileOptions,
  CoreFeatures,
  type CustomSection,
  type DirentLike,
  type ErrorCode,
  Exception,
  ExitError,
  ExportedFunction,
  emscripten,
  experimental,
  type FileSystem,
  FSConfig,
  type FunctionDefinition,
  type FunctionEvent,
  type FunctionListener,
  type FunctionReference,
  Global,
  type GlobalDefinition,
  type GlobalOptions,
  HostFunctionBuilder,
  HostModuleBuilder,
  type HostResult,
  type ImportSource,
  type InputSource,
  isWazeroError,
  LimitError,
  type Limits,
  LinkError,
  type MadeOptions,
  Memory,
  type MemoryDefinition,
  type MemoryOptions,
  Module,
  ModuleConfig,
  ModuleImage,
  type ModuleLimits,
  OutputBuffer,
  type OutputSink,
  type ParamsOf,
  type ReadOnlyFileHandle,
  type ReadOnlyFileSystem,
  type ReadWriteFileHandle,
  type ResultOf,
  Runtime,
  RuntimeConfig,
  SockConfig,
  type StatsLike,
  type SyncCallOptions,
  type SyncFileSystem,
  type SyncReadOnlyFileSystem,
  type Table,
  type TableDefinition,
  type TableOptions,
  type Tag,
  Tenant,
  type TenantLimits,
  Trap,
  type TrapKind,
  type Usage,
  type ValueType,
  type WasmTypes,
  type WasmValue,
  WazeroError,
  wasi,
} from 'node-wazero';

/** Compiles only if the type of the argument is exactly T. */
function exactly<T>() {
  return <U>(
    _value: U,
    ..._same: (<X>() => X extends T ? 1 : 2) extends <X>() => X extends U ? 1 : 2 ? [] : [never]
  ): void => {};
}

// ---------------------------------------------------------------- values and definitions
export function values(
  types: WasmTypes,
  definition: FunctionDefinition,
  memory: MemoryDefinition,
  global: GlobalDefinition,
  table: TableDefinition,
  section: CustomSection,
): void {
  for (const extern of [global, table]) {
    exactly<string>()(extern.moduleName);
    exactly<number>()(extern.index);
    exactly<string | undefined>()(extern.import?.module);
    exactly<string | undefined>()(extern.import?.name);
    exactly<readonly string[]>()(extern.exportNames);
    exactly<ValueType>()(extern.type);
  }
  exactly<boolean>()(global.mutable);
  exactly<number>()(table.min);
  exactly<number | undefined>()(table.max);
  exactly<number>()(types.i32);
  exactly<bigint>()(types.i64);
  exactly<number>()(types.f32);
  exactly<number>()(types.f64);
  exactly<Uint8Array>()(types.v128);
  exactly<unknown>()(types.externref);
  exactly<FunctionReference | null>()(types.funcref);
  const value: WasmValue = types.i64;
  const type: ValueType = 'v128';
  exactly<FunctionDefinition | undefined>()(types.funcref?.definition);
  const nothing: ResultOf<[]> = undefined;
  exactly<number>()(null as unknown as ResultOf<['i32']>);
  exactly<[number, bigint]>()(null as unknown as ResultOf<['i32', 'i64']>);
  exactly<unknown>()(null as unknown as ResultOf<ValueType[]>);
  exactly<[number, Uint8Array]>()(null as unknown as ParamsOf<readonly ['f64', 'v128']>);
  const sources: BinarySource[] = [
    new Uint8Array(8),
    new ArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    Buffer.alloc(8),
  ];
  exactly<Parameters<Runtime['compileModule']>[0]>()(null as unknown as BinarySource | URL);
  exactly<string>()(definition.moduleName);
  exactly<number>()(definition.index);
  exactly<string>()(definition.name);
  exactly<string>()(definition.debugName);
  exactly<string | undefined>()(definition.import?.module);
  exactly<string | undefined>()(definition.import?.name);
  exactly<readonly string[]>()(definition.exportNames);
  exactly<readonly ValueType[]>()(definition.paramTypes);
  exactly<readonly string[]>()(definition.paramNames);
  exactly<readonly ValueType[]>()(definition.resultTypes);
  exactly<readonly string[]>()(definition.resultNames);
  exactly<string>()(memory.moduleName);
  exactly<number>()(memory.index);
  exactly<string | undefined>()(memory.import?.module);
  exactly<string | undefined>()(memory.import?.name);
  exactly<readonly string[]>()(memory.exportNames);
  exactly<number>()(memory.min);
  exactly<number | undefined>()(memory.max);
  exactly<string>()(section.name);
  exactly<Uint8Array>()(section.data);
  // @ts-expect-error definitions do not change
  definition.name = 'other';
  console.log(value, type, nothing, sources);
}

export const everyFeature: bigint =
  CoreFeatures.V1 |
  CoreFeatures.V2 |
  CoreFeatures.BulkMemoryOperations |
  CoreFeatures.MultiValue |
  CoreFeatures.MutableGlobal |
  CoreFeatures.NonTrappingFloatToIntConversion |
  CoreFeatures.ReferenceTypes |
  CoreFeatures.SignExtensionOps |
  CoreFeatures.SIMD |
  CoreFeatures.Threads |
  CoreFeatures.TailCall |
  CoreFeatures.ExtendedConst |
  CoreFeatures.ExceptionHandling |
  CoreFeatures.TypedFunctionReferences;

// ---------------------------------------------------------------- configuration
export function runtimeConfig(cache: CompilationCache): RuntimeConfig {
  const limits: Limits = {
    totalMemoryBytes: 2 ** 30,
    moduleBytes: 2 ** 24,
    concurrentCompiles: 2,
    memoryPages: 256,
    tableElements: 10_000,
    callStackBytes: 2 ** 20,
    openFiles: 64,
    queuedCalls: 100,
    pendingOutputBytes: 65_536,
  };
  // @ts-expect-error no such limit
  const unknownLimit: Limits = { pages: 3 };
  const {
    totalMemoryBytes,
    moduleBytes,
    concurrentCompiles,
    memoryPages,
    tableElements,
    callStackBytes,
    openFiles,
    queuedCalls,
    pendingOutputBytes,
  } = limits;
  console.log(
    unknownLimit,
    totalMemoryBytes,
    moduleBytes,
    concurrentCompiles,
    memoryPages,
    tableElements,
    callStackBytes,
    openFiles,
    queuedCalls,
    pendingOutputBytes,
  );
  const engines: RuntimeConfig[] = [
    new RuntimeConfig(),
    RuntimeConfig.compiler(),
    RuntimeConfig.interpreter(),
    RuntimeConfig.untrusted(),
  ];
  return engines[0]!
    .withCoreFeatures(CoreFeatures.V2 & ~CoreFeatures.SIMD)
    .withMemoryLimitPages(1024)
    .withMemoryCapacityFromMax(true)
    .withDebugInfoEnabled(false)
    .withCompilationCache(cache)
    .withCompilationCache(undefined)
    .withCustomSections(true)
    .withCloseOnContextDone(true)
    .withCloseOnTrap(true)
    .withFuel(true)
    .withGuardPages(true)
    .withGuardPages('auto')
    .withDefaultTimeout(1_000)
    .withDefaultTimeout(Infinity)
    .withLimits(limits);
}

export function moduleConfig(fs: ReadOnlyFileSystem): ModuleConfig {
  const clock: Clock = () => process.hrtime.bigint();
  const perModule: ModuleLimits = { openFiles: 3 };
  const kept = new OutputBuffer({ maxBytes: 4096 });
  exactly<number>()(kept.byteLength);
  exactly<Uint8Array<ArrayBuffer>>()(kept.bytes());
  exactly<string>()(kept.text());
  exactly<void>()(kept.reset());
  const sinks: OutputSink[] = [
    'inherit',
    'ignore',
    2,
    kept,
    new OutputBuffer(),
    process.stdout,
    new WritableStream<Uint8Array>(),
    (chunk) => {
      exactly<Uint8Array<ArrayBuffer>>()(chunk);
    },
    async (chunk) => {
      await Promise.resolve(chunk.byteLength);
    },
  ];
  const inputs: InputSource[] = [
    'inherit',
    'ignore',
    0,
    new Uint8Array([1]),
    process.stdin,
    new ReadableStream<Uint8Array>(),
    (async function* () {
      yield new Uint8Array(1);
    })(),
    (buffer) => buffer.length,
    async (buffer) => buffer.length,
  ];
  let config = new ModuleConfig()
    .withArgs('program', '-v')
    .withEnv('KEY', 'value')
    .withFS(fs)
    .withFS(undefined)
    .withFSConfig(new FSConfig())
    .withFSConfig(undefined)
    .withName('guest')
    .withStartFunctions()
    .withStartFunctions('_initialize')
    .withWalltime(clock, 1000)
    .withWalltime(undefined, 1000)
    .withSysWalltime()
    .withNanotime(clock, 1)
    .withNanotime(undefined, 1)
    .withSysNanotime()
    .withSystem()
    .withNanosleep((ns) => {
      exactly<bigint>()(ns);
    })
    .withNanosleep(async () => {})
    .withNanosleep(undefined)
    .withSysNanosleep()
    .withOsyield(() => {})
    .withOsyield(undefined)
    .withRandSource('secure')
    .withRandSource(new Uint8Array(32))
    .withRandSource((buffer) => {
      buffer.fill(4);
    })
    .withRandSource(async () => {})
    .withRandSource(undefined)
    .withSockConfig(new SockConfig().withTCPListener('127.0.0.1', 0))
    .withSockConfig(undefined)
    .withLimits(perModule)
    // @ts-expect-error a limit of the runtime, not of a module
    .withLimits({ totalMemoryBytes: 1 })
    .withStdin(undefined)
    .withStdout(undefined)
    .withStderr(undefined);
  for (const source of inputs) config = config.withStdin(source);
  for (const sink of sinks) config = config.withStdout(sink).withStderr(sink);
  return config;
}

export async function tenants(): Promise<number> {
  await using tenant = new Tenant('acme');
  const limits: TenantLimits = {
    memoryBytes: 2 ** 28,
    instances: 1,
    tableElements: 1,
    openFiles: 1,
    pendingOutputBytes: 1,
    concurrentCalls: 1,
    queuedCalls: 1,
    cpuMsPerSecond: 200,
    weight: 3,
  };
  tenant.setLimits(limits);
  exactly<Readonly<TenantLimits>>()(tenant.limits);
  exactly<Tenant>()(Tenant.shared('both', limits));
  exactly<Tenant[]>()(Tenant.list());
  exactly<string>()(tenant.name);
  new ModuleConfig().withTenant(tenant).withTenant(undefined);
  const usage: Usage = tenant.usage();
  exactly<bigint>()(usage.fuel);
  await tenant[Symbol.asyncDispose]();
  await tenant.close();
  const { cpuMs, waitedMs, memoryBytes, peakMemoryBytes, instances, openFiles, runningCalls, waitingCalls } = usage;
  const { calls, failedCalls, stoppedCalls, traps, hostCalls, outputBytes, inputBytes } = usage;
  const now = memoryBytes + peakMemoryBytes + instances + openFiles + runningCalls + waitingCalls;
  return now + cpuMs + waitedMs + calls + failedCalls + stoppedCalls + traps + hostCalls + outputBytes + inputBytes;
}

export async function mounts(
  nodeFs: typeof import('node:fs'),
  nodeFsPromises: typeof import('node:fs/promises'),
): Promise<FSConfig> {
  return new FSConfig()
    .withDirMount('data', '/data')
    .withReadOnlyDirMount('assets', '/assets')
    .withFSMount(nodeFs, '/ro')
    .withFSMount(nodeFsPromises, '/roAsync')
    .withSysFSMount(nodeFs, '/rw')
    .withSysFSMount(nodeFsPromises, '/rwAsync');
}

export function readSync(fs: SyncReadOnlyFileSystem, buffer: Uint8Array): StatsLike[] {
  const fd: number = fs.openSync('/file', 0, 0o644);
  exactly<number>()(fs.readSync(fd, buffer, 0, buffer.length, null));
  for (const entry of fs.readdirSync('/', { withFileTypes: true }))
    if (typeof entry === 'object' && 'isFile' in entry) direntLike(entry);
  const stats = [fs.fstatSync(fd), fs.statSync('/file'), fs.lstatSync('/file')];
  exactly<string | Uint8Array>()(fs.readlinkSync('/link'));
  exactly<void>()(fs.closeSync(fd));
  return stats;
}
export function writeSync(fs: SyncFileSystem, buffer: Uint8Array): FileSystem {
  const fd = fs.openSync('/file', 1);
  exactly<number>()(fs.writeSync(fd, buffer, 0, buffer.length, 0));
  exactly<void>()(fs.ftruncateSync(fd, 0));
  exactly<void>()(fs.fsyncSync(fd));
  exactly<void>()(fs.fdatasyncSync(fd));
  exactly<void>()(fs.futimesSync(fd, 1, 2));
  exactly<unknown>()(fs.mkdirSync('/dir', 0o755));
  exactly<void>()(fs.rmdirSync('/dir'));
  exactly<void>()(fs.unlinkSync('/file'));
  exactly<void>()(fs.renameSync('/a', '/b'));
  exactly<void>()(fs.linkSync('/a', '/b'));
  exactly<void>()(fs.symlinkSync('a', '/b'));
  exactly<void>()(fs.chmodSync('/a', 0o600));
  exactly<void>()(fs.utimesSync('/a', 1, 2));
  exactly<void | undefined>()(fs.lutimesSync?.('/a', 1, 2));
  return fs;
}
export async function readAsync(fs: AsyncReadOnlyFileSystem, buffer: Uint8Array): Promise<StatsLike> {
  const handle: ReadOnlyFileHandle = await fs.open('/file', 0, 0o644);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
  exactly<number>()(bytesRead);
  exactly<StatsLike>()(await handle.stat());
  exactly<void>()(await handle.close());
  exactly<StatsLike>()(await fs.stat('/file'));
  exactly<string | Uint8Array>()(await fs.readlink('/link'));
  exactly<readonly (DirentLike | string | Uint8Array)[]>()(await fs.readdir('/', { withFileTypes: true }));
  return fs.lstat('/file');
}
export async function writeAsync(fs: AsyncFileSystem, buffer: Uint8Array): Promise<FileSystem> {
  const handle: ReadWriteFileHandle = await fs.open('/file', 1);
  const { bytesWritten } = await handle.write(buffer, 0, buffer.length, 0);
  exactly<number>()(bytesWritten);
  exactly<void>()(await handle.truncate(0));
  exactly<void>()(await handle.datasync());
  exactly<Promise<void> | undefined>()(handle.sync?.());
  exactly<void>()(await handle.utimes(1, 2));
  exactly<unknown>()(await fs.mkdir('/dir', 0o755));
  exactly<void>()(await fs.rmdir('/dir'));
  exactly<void>()(await fs.unlink('/a'));
  exactly<void>()(await fs.rename('/a', '/b'));
  exactly<void>()(await fs.link('/a', '/b'));
  exactly<void>()(await fs.symlink('a', '/b'));
  exactly<void>()(await fs.chmod('/a', 0o600));
  exactly<void>()(await fs.utimes('/a', 1, 2));
  exactly<Promise<void> | undefined>()(fs.lutimes?.('/a', 1, 2));
  return fs;
}
export function statsLike(stats: StatsLike): (number | bigint)[] {
  return [stats.mode, stats.size, stats.dev, stats.ino, stats.nlink, stats.atimeMs, stats.mtimeMs, stats.ctimeMs];
}
export function direntLike(entry: DirentLike): unknown {
  exactly<string | Uint8Array>()(entry.name);
  return entry.isFile() || entry.isDirectory() || entry.isSymbolicLink();
}

export async function caches(): Promise<void> {
  await using memory = new CompilationCache();
  const disk: AsyncDisposable = CompilationCache.withDir('cache');
  const shared = CompilationCache.shared('workers');
  exactly<void>()(await shared.close());
  exactly<void>()(await memory[Symbol.asyncDispose]());
  await disk[Symbol.asyncDispose]();
}

// ---------------------------------------------------------------- running
export async function running(binary: BinarySource, signal: AbortSignal, listener: FunctionListener): Promise<void> {
  await using runtime = new Runtime();
  using second = new Runtime(new RuntimeConfig());
  exactly<'compiler' | 'interpreter'>()(runtime.engine);
  exactly<boolean>()(runtime.guardPages);
  const compileOptions: CompileOptions = { signal, timeoutMs: 1000, workers: 2, listener };
  const compiled = await runtime.compileModule(binary, compileOptions);
  const { signal: compileSignal, timeoutMs: compileTimeout, workers, listener: given } = compileOptions;
  console.log(compileSignal, compileTimeout, workers, given);
  runtime.validateModule(binary) satisfies void;
  using compiledSync = runtime.compileModuleSync(binary, { timeoutMs: 10 });
  // @ts-expect-error nothing could fire it
  runtime.compileModuleSync(binary, { signal });
  const options: CallOptions = { signal, timeoutMs: Number.POSITIVE_INFINITY, cpuTimeMs: 100, context: { request: 1 } };
  const syncOptions: SyncCallOptions = { timeoutMs: 5, fuel: 5n, context: 1 };
  exactly<unknown>()(options.context);
  exactly<AbortSignal | undefined>()(options.signal);
  exactly<number | undefined>()(options.timeoutMs);
  exactly<number | undefined>()(options.cpuTimeMs);
  const sources: ImportSource[] = [
    (x: number) => x,
    { withCaller: (caller) => caller.name },
    { module: runtime.module('f') as Module, name: 'f' },
    ...madeMembers(runtime),
  ];
  for (const one of sources) {
    if (typeof one === 'function') continue;
    if ('withCaller' in one) one.withCaller satisfies (caller: CallerModule, ...args: never[]) => unknown;
    else if ('module' in one) {
      exactly<Module>()(one.module);
      exactly<string>()(one.name);
    }
  }
  const instantiateOptions: experimental.InstantiateOptions = {
    ...options,
    globals: { g: null },
    imports: sources,
    importResolver: (name) => {
      exactly<string>()(name);
      return second.module(name);
    },
    closeNotifier: (exitCode) => {
      exactly<number>()(exitCode);
    },
  };
  exactly<Module | undefined>()(instantiateOptions.importResolver?.('env'));
  exactly<void | undefined>()(instantiateOptions.closeNotifier?.(0));
  const modules: Module[] = [
    await runtime.instantiateModule(compiled, new ModuleConfig(), instantiateOptions),
    runtime.instantiateModuleSync(compiledSync, undefined, syncOptions),
    await runtime.instantiate(binary),
    runtime.instantiateSync(binary, new ModuleConfig(), { timeoutMs: 5 }),
  ];
  compiledMembers(compiled);
  await compiled.close();
  compiledSync.closeSync();
  await compiled[Symbol.asyncDispose]();
  compiled[Symbol.dispose]();
  for (const module of modules) await moduleMembers(module, options);
  await imageMembers(runtime, await runtime.instantiate(binary));
  exactly<HostModuleBuilder>()(runtime.newHostModuleBuilder('env'));
  exactly<Module[]>()(await hostModules(runtime));
  exactly<Module | undefined>()(runtime.module('env'));
  exactly<void>()(await runtime.closeWithExitCode(3));
  exactly<void>()(await runtime.close());
  runtime.closeSync();
  await runtime[Symbol.asyncDispose]();
  second[Symbol.dispose]();
  // @ts-expect-error only a runtime compiles
  new CompiledModule();
  // @ts-expect-error only a runtime instantiates
  new Module();
}

function compiledMembers(compiled: CompiledModule): void {
  exactly<string>()(compiled.name);
  exactly<FunctionDefinition[]>()(compiled.importedFunctions());
  exactly<ReadonlyMap<string, FunctionDefinition>>()(compiled.exportedFunctions());
  exactly<MemoryDefinition[]>()(compiled.importedMemories());
  exactly<ReadonlyMap<string, MemoryDefinition>>()(compiled.exportedMemories());
  exactly<GlobalDefinition[]>()(compiled.importedGlobals());
  exactly<ReadonlyMap<string, GlobalDefinition>>()(compiled.exportedGlobals());
  exactly<TableDefinition[]>()(compiled.importedTables());
  exactly<ReadonlyMap<string, TableDefinition>>()(compiled.exportedTables());
  exactly<CustomSection[]>()(compiled.customSections());
}

async function moduleMembers(module: Module, options: CallOptions): Promise<void> {
  exactly<string>()(module.name);
  exactly<boolean>()(module.isClosed);
  exactly<Memory | undefined>()(module.memory);
  const untyped = module.exportedFunction('f');
  exactly<ExportedFunction | undefined>()(untyped);
  exactly<unknown>()(await untyped?.call(1, 2n));
  exactly<unknown>()(untyped?.callSync());
  const typed = module.exportedFunction('add', ['i32', 'i64'], ['i64']);
  exactly<ExportedFunction<readonly ['i32', 'i64'], readonly ['i64']>>()(typed);
  exactly<bigint>()(await typed.call(1, 2n));
  exactly<bigint>()(typed.callSync(1, 2n));
  exactly<FunctionDefinition>()(typed.definition);
  // @ts-expect-error an i64 is a bigint
  await typed.call(1, 2);
  // @ts-expect-error two arguments
  typed.callSync(1);
  exactly<void>()(await typed.callWithStack(new BigUint64Array(2)));
  exactly<void>()(typed.callWithStackSync(new BigUint64Array(2)));
  exactly<bigint>()(await typed.withOptions(options).call(1, 2n));
  const several = module.exportedFunction('several', [], ['f32', 'externref', 'funcref']);
  exactly<[number, unknown, FunctionReference | null]>()(await several.call());
  exactly<ReadonlyMap<string, FunctionDefinition>>()(module.exportedFunctionDefinitions());
  exactly<Memory | undefined>()(module.exportedMemory('memory'));
  exactly<ReadonlyMap<string, MemoryDefinition>>()(module.exportedMemoryDefinitions());
  const global = module.exportedGlobal('counter');
  exactly<Global | undefined>()(global);
  if (global) globalMembers(global);
  if (module.memory) memoryMembers(module.memory);
  exactly<string>()(
    await module.exclusive((caller) => {
      exactly<CallerModule>()(caller);
      return 'done';
    }, options),
  );
  exactly<number>()(await module.exclusive(async (caller) => callerMembers(caller)));
  exactly<void>()(await module.closeWithExitCode(1));
  exactly<void>()(await module.close());
  module.closeSync();
  await module[Symbol.asyncDispose]();
  module[Symbol.dispose]();
}

async function hostModules(runtime: Runtime): Promise<Module[]> {
  interface PluginImports {
    env: { log(pointer: number, length: number): HostResult<[]>; now(): HostResult<['i64']> };
  }
  const log = [
    ['i32', 'i32'],
    [],
    'caller',
    (caller: CallerModule, p: number, n: number) => void caller.memory?.read(p, n),
  ] as const;
  const modules = [
    await runtime.hostModule('env', {
      add: [
        ['i32', 'i64'],
        ['i32'],
        (a, b) => {
          exactly<number>()(a);
          exactly<bigint>()(b);
          return a;
        },
      ],
      later: [['f64'], ['f64'], async (x) => x],
      log: [['i32', 'i32'], [], 'caller', (caller, p, n) => void caller.memory?.readString(p, n)],
    }),
    runtime.hostModuleSync('sync', { none: [[], [], () => {}] }),
    await runtime.hostModule<PluginImports['env']>('typed', { log, now: [[], ['i64'], () => 1n] }),
  ];
  // @ts-expect-error the result is a bigint
  runtime.hostModuleSync('wrong', { odd: [['i32'], ['i64'], (a) => a] });
  // @ts-expect-error no such type
  runtime.hostModuleSync('wrong', { odd: [['i31'], [], () => {}] });
  // @ts-expect-error `now` is missing
  runtime.hostModuleSync<PluginImports['env']>('wrong', { log });
  return modules;
}
async function imageMembers(runtime: Runtime, module: Module): Promise<void> {
  const image = await module.freeze({ timeoutMs: 1000 });
  exactly<ModuleImage>()(image);
  exactly<ModuleImage>()(module.freezeSync());
  exactly<Usage>()(module.usage());
  await runtime.instantiateModule(image, undefined, { answer: [1, 2n] });
  await runtime.instantiateModule(image, undefined, { freezeAt: 'stdin' });
  exactly<string>()(image.name);
  exactly<number>()(image.byteLength);
  exactly<boolean>()(image.isWaiting);
  const clone = await runtime.instantiateModule(image, new ModuleConfig(), { timeoutMs: 5 });
  exactly<Module>()(clone);
  exactly<Module>()(runtime.instantiateModuleSync(image));
  exactly<void>()(await image.save('image'));
  exactly<void>()(await image.save(new URL('file:///image')));
  const compiled = await runtime.compileModule(new Uint8Array());
  exactly<ModuleImage>()(await runtime.loadImage('image', compiled));
  exactly<void>()(await clone.reset({ timeoutMs: 5 }));
  exactly<void>()(clone.resetSync());
  exactly<void>()(await image.close());
  exactly<void>()(image.closeSync());
  await image[Symbol.asyncDispose]();
  image[Symbol.dispose]();
  // @ts-expect-error only a module is frozen
  new ModuleImage();
}

function callerMembers(caller: CallerModule): number {
  exactly<AbortSignal>()(caller.signal);
  exactly<unknown>()(caller.context);
  void (async () => exactly<ModuleImage>()(await caller.freeze()));
  exactly<void>()(caller.chargeFuel(5n));
  const asModule: Module = caller;
  // @ts-expect-error lent, never made
  new CallerModule();
  return asModule.name.length;
}

function madeMembers(runtime: Runtime): ImportSource[] {
  const options: MadeOptions = { tenant: new Tenant('t') };
  const memoryOptions: MemoryOptions = { ...options, min: 1, max: 2, shared: false };
  const tableOptions: TableOptions = { ...options, type: 'externref', min: 1, max: 2, value: {} };
  const globalOptions: GlobalOptions = { ...options, mutable: true };
  for (const { tenant, min, max, shared } of [memoryOptions]) {
    exactly<Tenant | undefined>()(tenant);
    exactly<number>()(min);
    exactly<number | undefined>()(max);
    exactly<boolean | undefined>()(shared);
  }
  for (const { type, min, max, value } of [tableOptions]) {
    exactly<'funcref' | 'externref' | undefined>()(type);
    exactly<number>()(max ?? min);
    exactly<unknown>()(value);
  }
  exactly<boolean | undefined>()(globalOptions.mutable);
  const table = runtime.newTable(tableOptions);
  const definition: Pick<TableDefinition, 'type' | 'min' | 'max'> = table.definition;
  exactly<ValueType>()(definition.type);
  exactly<number>()(definition.max ?? definition.min);
  exactly<number>()(table.size());
  exactly<WasmValue>()(table.get(0));
  exactly<void>()(table.set(0, null));
  exactly<void>()(table.fill(null, 0, 1));
  exactly<number>()(table.grow(1, null));
  exactly<Table>()(table);
  // @ts-expect-error of another type
  runtime.newGlobal('i32', 1n);
  const global = runtime.newGlobal('i64', 1n, globalOptions);
  exactly<Global>()(global);
  const memory = runtime.newMemory(memoryOptions);
  exactly<Memory>()(memory);
  const tag = runtime.newTag(['i32'], options);
  exactly<Tag>()(tag);
  return [memory, table, global, tag];
}

function globalMembers(global: Global): void {
  exactly<ValueType>()(global.type);
  exactly<boolean>()(global.mutable);
  exactly<WasmValue>()(global.get());
  exactly<void>()(global.set(3));
  // @ts-expect-error belongs to a module
  new Global();
}

function memoryMembers(memory: Memory): void {
  exactly<MemoryDefinition>()(memory.definition);
  exactly<number>()(memory.size());
  exactly<number>()(memory.grow(1));
  exactly<ArrayBuffer>()(memory.buffer);
  exactly<Uint8Array<ArrayBuffer>>()(memory.read(0, 4));
  memory.write(0, new Uint8Array(4));
  exactly<string>()(memory.readString(0, 4));
  exactly<number>()(memory.writeString(0, 'text'));
  exactly<number>()(memory.readByte(0));
  memory.writeByte(0, 1);
  exactly<number>()(memory.readUint16Le(0));
  memory.writeUint16Le(0, 1);
  exactly<number>()(memory.readUint32Le(0));
  memory.writeUint32Le(0, 1);
  exactly<bigint>()(memory.readUint64Le(0));
  memory.writeUint64Le(0, 1n);
  exactly<number>()(memory.readFloat32Le(0));
  memory.writeFloat32Le(0, 1.5);
  exactly<number>()(memory.readFloat64Le(0));
  memory.writeFloat64Le(0, 1.5);
  // @ts-expect-error belongs to a module
  new Memory();
}

export function listening(): FunctionListener {
  const listener: FunctionListener = {
    filter: (definition) => definition.exportNames.length > 0,
    before: (event) => {
      eventMembers(event);
      exactly<readonly WasmValue[]>()(event.params);
    },
    after: (event) => {
      exactly<readonly WasmValue[]>()(event.results);
    },
    abort: (event) => {
      exactly<unknown>()(event.error);
    },
  };
  console.log(listener.filter, listener.before, listener.after, listener.abort);
  return listener;
}
function eventMembers(event: FunctionEvent): void {
  exactly<Module>()(event.module);
  exactly<FunctionDefinition>()(event.definition);
  exactly<readonly FunctionDefinition[]>()(event.stack());
}

// ---------------------------------------------------------------- host modules
export async function host(runtime: Runtime): Promise<Module> {
  const builder: HostModuleBuilder = runtime.newHostModuleBuilder('env');
  const fn: HostFunctionBuilder = builder.newFunctionBuilder();
  const result: HostResult<['i32']> = Promise.resolve(3);
  fn.withFunction(
    (a, b) => {
      exactly<number>()(a);
      exactly<bigint>()(b);
      return a + Number(b);
    },
    ['i32', 'i64'],
    ['i32'],
  )
    .withName('sum')
    .withParameterNames('a', 'b')
    .withResultNames('sum')
    .export('sum')
    .newFunctionBuilder()
    .withFunction(
      async (text) => {
        exactly<unknown>()(text);
      },
      ['externref'],
      [],
    )
    .export('log')
    .newFunctionBuilder()
    .withFunction((a) => [a, BigInt(a)], ['f64'], ['f64', 'i64'])
    .export('several')
    .newFunctionBuilder()
    .withModuleFunction(
      async (caller, size) => {
        exactly<CallerModule>()(caller);
        exactly<number>()(size);
        return caller.memory!.readUint32Le(size);
      },
      ['i32'],
      ['i32'],
    )
    .export('peek');
  // @ts-expect-error an i64 is a bigint
  fn.withFunction(() => 1, [], ['i64']);
  exactly<CompiledModule>()(await builder.compile());
  exactly<Module>()(builder.instantiateSync());
  exactly<CompiledModule>()(builder.compileSync());
  // @ts-expect-error a runtime makes builders
  new HostModuleBuilder();
  // @ts-expect-error a builder makes it
  new HostFunctionBuilder();
  // @ts-expect-error a module has it
  new ExportedFunction();
  console.log(result);
  return builder.instantiate();
}

export async function abis(runtime: Runtime, compiled: CompiledModule): Promise<void> {
  exactly<'wasi_snapshot_preview1'>()(wasi.moduleName);
  exactly<Module>()(await wasi.instantiate(runtime));
  exactly<Module>()(wasi.instantiateSync(runtime));
  exactly<HostModuleBuilder>()(wasi.exportFunctions(runtime.newHostModuleBuilder('wasi_unstable')));
  const options: AssemblyScriptOptions = { abortMessage: false, trace: 'stderr' };
  exactly<boolean | undefined>()(options.abortMessage);
  exactly<'stdout' | 'stderr' | undefined>()(options.trace);
  exactly<Module>()(await assemblyscript.instantiate(runtime, options));
  exactly<Module>()(assemblyscript.instantiateSync(runtime));
  exactly<HostModuleBuilder>()(assemblyscript.exportFunctions(runtime.newHostModuleBuilder('env'), options));
  exactly<Module>()(await emscripten.instantiateForModule(runtime, compiled));
  exactly<Module>()(emscripten.instantiateForModuleSync(runtime, compiled));
  exactly<HostModuleBuilder>()(emscripten.exportFunctionsForModule(runtime.newHostModuleBuilder('env'), compiled));
}

// ---------------------------------------------------------------- experimental
export function experiments(module: Module, caller: CallerModule): void {
  const scopes: experimental.LogScope[] = ['clock', 'filesystem', 'memory', 'poll', 'proc', 'random', 'sock', 'all'];
  exactly<FunctionListener>()(experimental.hostLoggingListener('inherit', scopes));
  const snapshot: experimental.Snapshot = experimental.snapshot(caller);
  exactly<void>()(snapshot.restore([1, 2n]));
  exactly<ExportedFunction<readonly ['i32'], readonly []>>()(experimental.lookupFunction(module, 0, 1, ['i32'], []));
  exactly<readonly Global[]>()(experimental.internalGlobals(module));
  exactly<Table | undefined>()(module.exportedTable('t'));
  exactly<FunctionReference>()(module.exportedFunction('f', [], []).reference());
  const tag: Tag | undefined = module.exportedTag('t');
  if (tag) {
    exactly<readonly ValueType[]>()(tag.types);
    const exception = new Exception(tag, [1]);
    exactly<Tag>()(exception.tag);
    exactly<readonly WasmValue[]>()(exception.values);
  }
  exactly<object | undefined>()(({} as Trap).exception);
  const reference: FunctionReference | null = module.exportedFunction('f', [], ['funcref']).callSync();
  if (reference) {
    exactly<ExportedFunction | undefined>()(experimental.functionOf(reference));
    exactly<Promise<unknown>>()(reference.call(1, 2n));
    exactly<unknown>()(reference.callSync(null));
    exactly<Module | undefined>()(experimental.ownerOf(reference));
  }
  const profiling = experimental.profile(module, { intervalMs: 2 });
  profiling.stop().then((profile) => {
    const v8 = profile as Profiler.Profile;
    return v8.nodes.length;
  });
  for (const { host: name, port } of experimental.tcpAddresses(module)) {
    exactly<string>()(name);
    exactly<number>()(port);
  }
  const {
    runtimes,
    compiledModules,
    modules,
    callEngines,
    goroutines,
    memoryReservations,
    threadsafeFunctions,
    references,
  } = experimental.stats();
  exactly<number>()(
    runtimes +
      compiledModules +
      modules +
      callEngines +
      goroutines +
      memoryReservations +
      threadsafeFunctions +
      references,
  );
  exactly<void>()(experimental.setConcurrency(4));
}

// ---------------------------------------------------------------- errors
export function errors(error: unknown): string {
  if (!isWazeroError(error)) return 'not ours';
  exactly<AnyWazeroError>()(error);
  switch (error.code) {
    case 'ERR_WAZERO_COMPILE':
      exactly<CompileError>()(error);
      return error.message;
    case 'ERR_WAZERO_LINK':
      exactly<LinkError>()(error);
      return error.message;
    case 'ERR_WAZERO_LIMIT':
      exactly<LimitError>()(error);
      exactly<keyof Limits | `tenant.${keyof TenantLimits}`>()(error.limit);
      return error.limit;
    case 'ERR_WAZERO_EXIT':
      exactly<ExitError>()(error);
      exactly<number>()(error.exitCode);
      exactly<'exit' | 'close' | 'timeout' | 'abort' | 'cpu'>()(error.reason);
      return error.reason;
    case 'ERR_WAZERO_TRAP': {
      exactly<Trap>()(error);
      const kind: TrapKind = error.kind;
      for (const frame of error.frames) {
        exactly<string>()(frame.function);
        exactly<string | undefined>()(frame.source);
      }
      return kind;
    }
    case 'ERR_WAZERO_CLOSED':
    case 'ERR_WAZERO_BUSY':
    case 'ERR_WAZERO_ABORTED':
    case 'ERR_WAZERO_WOULD_BLOCK':
    case 'ERR_WAZERO_NOT_INTERRUPTIBLE':
    case 'ERR_WAZERO_UNSUPPORTED_PLATFORM':
    case 'ERR_WAZERO_NO_EXTERNAL_BUFFERS':
      return error.code;
    case 'ERR_WAZERO_INVALID_ARGUMENT': {
      const typeError: TypeError = error;
      return typeError.message;
    }
    case 'ERR_WAZERO_OUT_OF_RANGE': {
      const rangeError: RangeError = error;
      return rangeError.message;
    }
  }
}
export const everyTrap: Record<TrapKind, true> = {
  unreachable: true,
  'out of bounds memory access': true,
  'invalid table access': true,
  'indirect call type mismatch': true,
  'integer divide by zero': true,
  'integer overflow': true,
  'invalid conversion to integer': true,
  'out of fuel': true,
  'unaligned atomic': true,
  'expected shared memory': true,
  'too many waiters': true,
  'uncaught exception': true,
  'null reference': true,
  'stack overflow': true,
  'host function': true,
};
export function classes(error: WazeroError): string {
  const code: ErrorCode = error.code;
  // @ts-expect-error only the package makes errors of its classes
  new WazeroError();
  return error instanceof CompileError ||
    error instanceof LinkError ||
    error instanceof LimitError ||
    error instanceof ExitError ||
    error instanceof Trap
    ? error.name
    : code;
}
