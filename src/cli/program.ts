import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CompiledModule, FSConfig, ModuleConfig, type Runtime, SockConfig, wasi } from '../index.js';
import { Failure } from './command.js';
import type { Flags, FlagValues } from './flags.js';

/** What a program gets. */
export const programFlags = {
  env: { kind: 'list', help: 'key=value pair of environment variable for the guest. May be given several times.' },
  'env-inherit': {
    kind: 'bool',
    help: 'The guest inherits the environment of this process; what -env gives is added to it.',
  },
  listen: { kind: 'list', help: 'TCP address, host:port, that the guest may accept connections on; port 0 is any.' },
  mount: {
    kind: 'list',
    help: 'Directory for the guest, as <path>[:<guest path>][:ro]. May be given several times. No path leads out of it.',
  },
} as const satisfies Flags;

/** Because a program is run here, not a plugin, it gets what programs have. */
export function programConfig(
  name: string,
  args: readonly string[],
  values: FlagValues<typeof programFlags>,
): ModuleConfig {
  let config = new ModuleConfig()
    .withArgs(name, ...args)
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
  return config;
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
export async function addWasi(runtime: Runtime, compiled: CompiledModule): Promise<void> {
  for (const { import: from } of compiled.importedFunctions()) {
    if (from?.module === wasi.moduleName) await wasi.instantiate(runtime);
    else if (from?.module === 'wasi_unstable')
      await wasi.exportFunctions(runtime.newHostModuleBuilder(from.module)).instantiate();
    else continue;
    return;
  }
}
