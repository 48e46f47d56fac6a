import { statSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import {
  type CompiledModule,
  ExitError,
  experimental,
  FSConfig,
  ModuleConfig,
  type Runtime,
  RuntimeConfig,
  SockConfig,
  wasi,
} from '../index.js';
import { shown } from '../values/shown.js';
import { command, Failure, messageOf, print } from './command.js';
import { type Flags, type FlagValues, formatDuration } from './flags.js';
import { compileFlags, pathOf, withCompiled } from './guest.js';
import { showProgress } from './progress.js';

/** What takes longer to compile than this is worth a word on a terminal. */
const SLOW_MS = 1_000;

const scopes = ['all', 'clock', 'filesystem', 'memory', 'proc', 'poll', 'random', 'sock'] as const;
const isScope = (word: string): word is (typeof scopes)[number] => (scopes as readonly string[]).includes(word);

const flags = {
  cpuprofile: {
    kind: 'string',
    help: 'File for a CPU profile of the guest, which Chrome, VS Code and speedscope read (.cpuprofile).',
  },
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

/** What a guest asks for that this command does not have. */
function hintFor(compiled: CompiledModule): string {
  const given: readonly string[] = [wasi.moduleName, 'wasi_unstable'];
  const others = new Set(compiled.importedFunctions().flatMap(({ import: from }) => from?.module ?? []));
  for (const name of given) others.delete(name);
  if (others.size === 0) return '';
  const named = [...others].slice(0, 3).map((name) => `"${shown(name)}"`);
  const more = others.size > named.length ? ' and others' : '';
  return `\nnode-wazero run gives a guest ${given[0]}, or ${given[1]}, and nothing else: one that imports from ${named.join(', ')}${more} needs a program that makes these modules`;
}

async function runGuest(values: FlagValues<typeof flags>, rest: readonly string[], usage: string): Promise<number> {
  const { cachedir, workers, features } = values;
  const guest = { path: pathOf(rest, usage), cachedir, workers, features };
  const guestArgs = rest.slice(rest.length > 2 && rest[1] === '--' ? 2 : 1);
  if (values.timeout < 0n)
    throw new Failure(`timeout duration may not be negative, ${formatDuration(values.timeout)} given`, usage);

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
  // The profile, too, looks at a guest where it can be stopped.
  if (values.timeout > 0n || values.cpuprofile !== '') runtimeConfig = runtimeConfig.withCloseOnContextDone(true);
  const progress = showProgress(SLOW_MS);
  return withCompiled(guest, runtimeConfig, options, async (runtime, compiled) => {
    if (progress.milliseconds > SLOW_MS && !cachedir && process.stderr.isTTY)
      print(`compiled in ${(progress.milliseconds / 1000).toFixed(1)} s: with -cachedir <directory> this is done once`);
    const profile = values.cpuprofile === '' ? undefined : experimental.profile(runtime);
    try {
      await addWasi(runtime, compiled);
      const limit = values.timeout > 0n ? { timeoutMs: Number(values.timeout) / 1e6 } : {};
      await runtime.instantiateModule(compiled, config, limit); // _start runs in here
      return 0;
    } catch (error) {
      if (!(error instanceof ExitError))
        throw new Failure(`error instantiating wasm binary: ${messageOf(error)}${hintFor(compiled)}`);
      // wazero's words alone: what follows them is for who calls a function.
      if (error.reason === 'timeout')
        print(`error: ${error.message.split(': ', 1)[0]} (timeout ${formatDuration(values.timeout)})`);
      return error.exitCode;
    } finally {
      if (profile) writeFileSync(values.cpuprofile, JSON.stringify(await profile.stop()));
    }
  });
}

/** wazero's own command: the same flags, exit codes and messages. What differs: mounts are a jail (RATIONALE.md). */
export const run = command({
  name: 'run',
  summary: 'Runs a WebAssembly binary',
  line: '<options> <path to wasm file> [--] <wasm args>',
  flags,
  run: runGuest,
});
