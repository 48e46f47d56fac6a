#!/usr/bin/env node
/**
 * wazero's command on this package: the same flags, the same exit codes, the same messages; only the public API is used. What differs: mounts are a
 * jail (RATIONALE.md), and a flag whose wording is wrong ends with the usage of that command only.
 */
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { describeFlags, FlagError, type Flags, formatDuration, parseFlags } from './cli/flags.js';
import {
  CompilationCache,
  type CompiledModule,
  type CompileOptions,
  ExitError,
  experimental,
  FSConfig,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  SockConfig,
  wasi,
} from './index.js';

/** Ends the command with a message on stderr and this code. */
class Failure extends Error {
  readonly usage: string;
  constructor(message: string, usage = '') {
    super(message);
    this.usage = usage;
  }
}

const scopes = ['all', 'clock', 'filesystem', 'memory', 'proc', 'poll', 'random', 'sock'] as const;
const isScope = (word: string): word is (typeof scopes)[number] => (scopes as readonly string[]).includes(word);

const compileFlags = {
  cachedir: {
    kind: 'string',
    help: 'Writeable directory for native code compiled from wasm. Used again by the same build of node-wazero.',
  },
  h: { kind: 'bool', help: 'Prints usage.' },
  help: { kind: 'bool', help: 'Prints usage.' },
  workers: { kind: 'int', help: 'Number of threads that compile one module: faster, for more memory. (default 1)' },
} as const satisfies Flags;

const runFlags = {
  env: { kind: 'list', help: 'key=value pair of environment variable for the guest. May be given several times.' },
  'env-inherit': {
    kind: 'bool',
    help: 'The guest inherits the environment of this process; what -env gives is added to it.',
  },
  hostlogging: {
    kind: 'list',
    help: `Comma-separated scopes of host functions whose calls are logged to stderr: ${scopes.join(',')}.`,
    check(value) {
      if (!value.split(',').every((word) => word === '' || isScope(word))) throw new Error('not a log scope');
    },
  },
  interpreter: { kind: 'bool', help: 'Interprets the module instead of compiling it to native code.' },
  listen: { kind: 'list', help: 'TCP address, host:port, that the guest may accept connections on; port 0 is any.' },
  mount: {
    kind: 'list',
    help: 'Directory for the guest, as <path>[:<guest path>][:ro]. May be given several times. No path leads out of it.',
  },
  timeout: {
    kind: 'duration',
    help: 'Stops the guest when it runs longer, such as "300ms", "1.5h" or "2h45m". 0, the default: never.',
  },
  ...compileFlags,
} as const satisfies Flags;

const topUsage = `node-wazero CLI

Usage:
  node-wazero <command>

Commands:
  compile\tPre-compiles a WebAssembly binary
  run\t\tRuns a WebAssembly binary
  version\tDisplays the version of node-wazero
`;
const usageOf = (line: string, flags: Flags) =>
  `node-wazero CLI\n\nUsage:\n  node-wazero ${line}\n\nOptions:\n${describeFlags(flags)}`;
const runUsage = usageOf('run <options> <path to wasm file> [--] <wasm args>', runFlags);
const compileUsage = usageOf('compile <options> <path to wasm file>', compileFlags);

const print = (text: string) => process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The result of `work`, or a Failure that says what was being done. */
async function during<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Failure(`${what}: ${messageOf(error)}`);
  }
}

interface Source {
  readonly path: string;
  readonly cachedir: string;
  readonly workers: number;
}

async function withCompiled<T>(
  source: Source,
  config: RuntimeConfig,
  options: CompileOptions,
  use: (runtime: Runtime, compiled: CompiledModule) => Promise<T>,
): Promise<T> {
  const binary = await during('error reading wasm binary', () => readFile(source.path));
  const { cachedir } = source;
  const cache = cachedir ? await during('invalid cachedir', () => CompilationCache.withDir(cachedir)) : undefined;
  let workers = source.workers;
  if (workers > availableParallelism()) {
    const most = availableParallelism();
    print(
      `warning: desired number of compilation workers (${workers}) greater than the processors (${most}) that there are: using these`,
    );
    workers = most;
  }
  const runtime = new Runtime(config.withCompilationCache(cache));
  try {
    const compiled = await during('error compiling wasm binary', () =>
      runtime.compileModule(binary, workers > 1 ? { ...options, workers } : options),
    );
    return await use(runtime, compiled);
  } finally {
    await runtime.close();
    await cache?.close();
  }
}

function source(rest: readonly string[], values: { cachedir: string; workers: number }, usage: string): Source {
  if (rest[0] === undefined) throw new Failure('missing path to wasm file', usage);
  return { path: rest[0], cachedir: values.cachedir, workers: values.workers };
}

async function compile(args: readonly string[]): Promise<number> {
  const { values, rest } = parseFlags(compileFlags, args);
  if (values.h || values.help) print(compileUsage);
  else await withCompiled(source(rest, values, compileUsage), new RuntimeConfig(), {}, async () => {});
  return 0;
}

function withMounts(mounts: readonly string[]): FSConfig {
  let config = new FSConfig();
  for (const mount of mounts) {
    if (mount === '') throw new Failure('invalid mount: empty string');
    const readOnly = mount.endsWith(':ro');
    const path = readOnly ? mount.slice(0, -3) : mount;
    const colon = path.lastIndexOf(':');
    const [dir, guestPath] = colon === -1 ? [path, path] : [path.slice(0, colon), path.slice(colon + 1)];
    const absolute = resolve(dir);
    const stats = statSync(absolute, { throwIfNoEntry: false });
    const quoted = JSON.stringify(absolute);
    if (!stats) throw new Failure(`invalid mount: path ${quoted} error: stat ${absolute}: no such file or directory`);
    if (!stats.isDirectory()) throw new Failure(`invalid mount: path ${quoted} is not a directory`);
    config = readOnly ? config.withReadOnlyDirMount(absolute, guestPath) : config.withDirMount(absolute, guestPath);
  }
  return config;
}

function withListens(listens: readonly string[]): SockConfig | undefined {
  let config: SockConfig | undefined;
  for (const listen of listens) {
    const [, host, port] = /^(.*):(\d+)$/.exec(listen) ?? [];
    if (host === undefined) throw new Failure(`invalid listen: ${listen}`);
    config = (config ?? new SockConfig()).withTCPListener(host, Number(port));
  }
  return config;
}

/** The host functions that the guest asks for, under the name that it knows them by. */
async function addWasi(runtime: Runtime, compiled: CompiledModule): Promise<void> {
  for (const { import: from } of compiled.importedFunctions()) {
    if (from?.module === wasi.moduleName) await wasi.instantiate(runtime);
    else if (from?.module === 'wasi_unstable')
      await wasi.exportFunctions(runtime.newHostModuleBuilder(from.module)).instantiate();
    else continue;
    return;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const { values, rest } = parseFlags(runFlags, args);
  if (values.h || values.help) {
    print(runUsage);
    return 0;
  }
  const guest = source(rest, values, runUsage);
  const guestArgs = rest.slice(rest.length > 2 && rest[1] === '--' ? 2 : 1);
  if (values.timeout < 0n)
    throw new Failure(`timeout duration may not be negative, ${formatDuration(values.timeout)} given`, runUsage);

  // Because a program is run here, not a plugin, it gets what programs have.
  let config = new ModuleConfig()
    .withArgs(basename(guest.path), ...guestArgs)
    .withStdin('inherit')
    .withStdout('inherit')
    .withStderr('inherit')
    .withRandSource('secure')
    .withSysWalltime()
    .withSysNanotime()
    .withSysNanosleep();
  const inherited = values['env-inherit'] ? Object.entries(process.env).map(([key, value]) => `${key}=${value}`) : [];
  for (const pair of [...inherited, ...values.env]) {
    const equals = pair.indexOf('=');
    if (equals === -1) throw new Failure(`invalid environment variable: ${pair}`);
    config = config.withEnv(pair.slice(0, equals), pair.slice(equals + 1));
  }
  if (values.mount.length > 0) config = config.withFSConfig(withMounts(values.mount));
  if (values.listen.length > 0) config = config.withSockConfig(withListens(values.listen));
  const logged = values.hostlogging.flatMap((list) => list.split(',')).filter(isScope);
  const options = logged.length > 0 ? { listener: experimental.hostLoggingListener(2, logged) } : {};

  let runtimeConfig = values.interpreter ? RuntimeConfig.interpreter() : new RuntimeConfig();
  if (values.timeout > 0n) runtimeConfig = runtimeConfig.withCloseOnContextDone(true);
  return withCompiled(guest, runtimeConfig, options, async (runtime, compiled) => {
    try {
      await addWasi(runtime, compiled);
      const limit = values.timeout > 0n ? { timeoutMs: Number(values.timeout) / 1e6 } : {};
      await runtime.instantiateModule(compiled, config, limit); // _start runs in here
      return 0;
    } catch (error) {
      if (!(error instanceof ExitError)) throw new Failure(`error instantiating wasm binary: ${messageOf(error)}`);
      if (error.reason === 'timeout') print(`error: ${error.message} (timeout ${formatDuration(values.timeout)})`);
      return error.exitCode;
    }
  });
}

function version(): number {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${version}\n`);
  return 0;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, rest } = parseFlags({ h: compileFlags.h, help: compileFlags.help }, args);
  const [command, ...commandArgs] = rest;
  if (values.h || values.help || command === undefined) {
    print(topUsage);
    return 0;
  }
  switch (command) {
    case 'compile':
      return compile(commandArgs);
    case 'run':
      return run(commandArgs);
    case 'version':
      return version();
    default:
      throw new Failure('invalid command', topUsage);
  }
}

// The code is set, not exited with, so that what was written is written; 0xefffffff is 255 where codes are one byte, as with wazero.
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof Failure ? error.usage : error instanceof FlagError ? topUsage : '';
  print(`${messageOf(error)}${usage ? `\n${usage}` : ''}`);
  process.exitCode = error instanceof FlagError ? 2 : 1;
}
