// All of src becomes a few files in dist: paths are as from there.
import { unsupportedError } from '../values/errors.js';
import type { NativeBinding } from './binding.js';
import { processReport } from './process-report.js';

/** WZ_ABI_VERSION of the addon that this code was written for. */
const abiVersion = 9;

interface Addon {
  readonly abiVersion: number;
  /** Makes the threads that Go will need, and answers how many could not be made. */
  keepThreads(): number;
  /** A binding object with hooks and ids of its own: two bundles in one environment may carry the same file. */
  create(): NativeBinding;
}

// import.meta is empty where a bundler made CommonJS of this file.
const here = import.meta.url === undefined ? __filename : import.meta.url;
// Not imported: webpack wants to see through createRequire, cannot, and puts nothing in its place.
const require = process.getBuiltinModule('node:module').createRequire(here);

/** Known before a file is opened: a binary for the other C library can end the process instead of failing. */
const isMusl = () => process.platform === 'linux' && processReport().header.glibcVersionRuntime === undefined;
/** As the subpaths of the package are called. */
const platformOf = (musl: boolean) => `${process.platform}-${process.arch}${musl ? '-musl' : ''}`;

/** Loads the addon, which starts Go in the process when it is the first one: never call it on import. */
export function loadNative(): NativeBinding {
  checkLimits();
  checkThreads();
  checkDescriptors();
  const addon = load();
  if (addon.abiVersion !== abiVersion) {
    throw unsupportedError(
      `The binary of node-wazero is of another version (ABI ${addon.abiVersion}, not ${abiVersion}): install the package again, or run npm run build in a checkout.`,
    );
  }
  const missing = addon.keepThreads();
  if (missing > 0) throw tooFewThreads(missing);
  return addon.create();
}

/** What Go takes when it starts, and its threads. Without it Go ends the process, or never answers. */
const needs = [
  {
    what: 'address space, nearly all of which is never used',
    limit: 'address space',
    used: 'VmSize',
    flag: '-v',
    MiB: 1536,
  },
  { what: 'data', limit: 'data size', used: 'VmData', flag: '-d', MiB: 128 },
];
function checkLimits(): void {
  if (process.platform !== 'linux') return;
  let limits: string;
  let status: string;
  try {
    limits = fs().readFileSync('/proc/self/limits', 'utf8');
    status = fs().readFileSync('/proc/self/status', 'utf8');
  } catch {
    return; // no /proc
  }
  for (const { what, limit, used, flag, MiB } of needs) {
    const most = Number(new RegExp(`^Max ${limit} +(\\d+)`, 'm').exec(limits)?.[1] ?? Infinity) / 2 ** 20;
    const left = most - Number(new RegExp(`^${used}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024;
    if (left < MiB && !hasStarted())
      throw unsupportedError(
        `node-wazero needs ${MiB} MiB of ${what}, but ulimit ${flag} leaves ${Math.floor(left)} MiB: raise it, and limit memory by a control group.`,
      );
  }
}

/** In a Worker: Go has its share. */
const hasStarted = () => fs().readFileSync('/proc/self/maps', 'latin1').includes('wazero.');

/** What Go starts with, and a few more: where it gets none it ends the process. All others are asked for one by one. */
const threadsToStart = 8;
function checkThreads(): void {
  if (process.platform !== 'linux') return;
  const left = threadsLeft();
  if (left < threadsToStart && !hasStarted()) throw tooFewThreads(threadsToStart - left);
}
/** Go keeps two for its timers, and ends the process where it gets none; the others are for what is opened meanwhile, and a few more. */
const descriptorsToStart = 8;
function checkDescriptors(): void {
  if (process.platform === 'win32') return;
  const held: number[] = [];
  try {
    while (held.length < descriptorsToStart) held.push(fs().openSync('/dev/null', 'r'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EMFILE' && code !== 'ENFILE') return; // it cannot be known
    throw unsupportedError(
      `node-wazero needs at least ${descriptorsToStart - held.length} more file descriptors than it gets here: raise the limit (ulimit -n), or make the first Runtime before what takes them.`,
    );
  } finally {
    for (const fd of held) fs().closeSync(fd);
  }
}
export const tooFewThreads = (missing: number) =>
  unsupportedError(
    `node-wazero needs at least ${missing} more threads than it gets here: raise the limit (ulimit -u, pids.max of a control group).`,
  );
function threadsLeft(): number {
  const text = (file: string) => {
    try {
      return fs().readFileSync(file, 'utf8');
    } catch {
      return ''; // no /proc, no such group
    }
  };
  const own = Number(/^Threads:\s+(\d+)/m.exec(text('/proc/self/status'))?.[1] ?? 0);
  // Of all processes of the user, of which this one's are known. It does not hold for root.
  const limit = process.getuid?.() === 0 ? undefined : /^Max processes +(\d+)/m.exec(text('/proc/self/limits'))?.[1];
  const left = [limit === undefined ? Infinity : Number(limit) - own];
  for (const [, controllers, path] of text('/proc/self/cgroup').matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    if (controllers !== '' && controllers !== 'pids') continue;
    // Its own group and all above it; in a container those that are seen there, whose root is `/sys/fs/cgroup` itself (headroom_linux.go).
    const names = path!.split('/').filter((name) => name !== '');
    for (let n = names.length; n >= 0; n--) {
      const folder = ['/sys/fs/cgroup', controllers, ...names.slice(0, n)].join('/');
      const most = Number.parseInt(text(`${folder}/pids.max`), 10); // or 'max'
      if (most >= 0) left.push(most - Number(text(`${folder}/pids.current`)));
    }
  }
  return Math.min(...left);
}

const fs = () => process.getBuiltinModule('node:fs');

/** `here` is a URL, or a path in a bundle of CommonJS. */
function fromHere(path: string): string {
  const { pathToFileURL, fileURLToPath } = process.getBuiltinModule('node:url');
  return fileURLToPath(new URL(path, import.meta.url === undefined ? pathToFileURL(here) : here));
}

function load(): Addon {
  // In a checkout; the package has no build folder. Not a literal path for require, so no bundler looks for it.
  const built = fromHere('../build/Release/node_wazero.node');
  try {
    return fs().existsSync(built) ? require(built) : loadPrebuilt();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    switch (code) {
      case 'ERR_DLOPEN_DISABLED':
        throw unsupportedError(
          'node-wazero is a native addon, and this process may load none: start Node with --allow-addons beside the permission model, and without --no-addons.',
        );
      case 'MODULE_NOT_FOUND':
      case 'ERR_PACKAGE_PATH_NOT_EXPORTED':
        throw unsupportedError(
          `node-wazero has no binary for ${platformOf(isMusl())} here: there are some for Linux with glibc and with musl (x64, arm64), macOS (x64, arm64) and Windows (x64); in a bundle, import 'node-wazero/binary' where it is made; in a checkout, run npm run build.`,
        );
      case 'ERR_DLOPEN_FAILED':
        throw unsupportedError(`The binary of node-wazero for ${platformOf(isMusl())} cannot be loaded: ${message}`);
      default:
        throw error;
    }
  }
}

function loadPrebuilt(): Addon {
  const musl = isMusl();
  // Of src/binary.cts, in a bundle.
  const bundled = (globalThis as { [key: symbol]: undefined | ((musl: boolean) => Addon | string | undefined) })[
    Symbol.for('node-wazero.binary')
  ]?.(musl);
  if (typeof bundled === 'string')
    return require(process.getBuiltinModule('node:path').isAbsolute(bundled) ? bundled : fromHere(bundled));
  if (bundled) return bundled;
  try {
    return loadNearby(platformOf(musl));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    // This code is in a bundle, and the bundle is somewhere else: the package is found by its name, if it was installed with it.
    return require(`node-wazero/${platformOf(musl)}`);
  }
}

/** Literal paths, one for each platform: file tracers follow them. */
function loadNearby(platform: string): Addon {
  switch (platform) {
    case 'linux-x64':
      return require('../prebuilds/linux-x64/node-wazero.glibc.node');
    case 'linux-arm64':
      return require('../prebuilds/linux-arm64/node-wazero.glibc.node');
    case 'linux-x64-musl':
      return require('../prebuilds/linux-x64/node-wazero.musl.node');
    case 'linux-arm64-musl':
      return require('../prebuilds/linux-arm64/node-wazero.musl.node');
    case 'darwin-x64':
      return require('../prebuilds/darwin-x64/node-wazero.node');
    case 'darwin-arm64':
      return require('../prebuilds/darwin-arm64/node-wazero.node');
    case 'win32-x64':
      return require('../prebuilds/win32-x64/node-wazero.node');
    default:
      throw Object.assign(new Error('no binary'), { code: 'MODULE_NOT_FOUND' });
  }
}
