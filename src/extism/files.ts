import * as fs from 'node:fs';
import { dirname, posix, resolve } from 'node:path';
import { FSConfig, type StatsLike, type SyncReadOnlyFileSystem } from '../index.js';

const readOnly = 'ro:';

/** Guest path to directory or file of the host; with `ro:` in front of the latter read-only, which a file is in any case. */
export function fsConfig(allowedPaths: Readonly<Record<string, string>>): FSConfig {
  let config = new FSConfig();
  const folders = new Map<string, Map<string, string>>();
  for (const [guest, path] of Object.entries(allowedPaths)) {
    const isReadOnly = path.startsWith(readOnly);
    const host = resolve(isReadOnly ? path.slice(readOnly.length) : path);
    if (fs.statSync(host, { throwIfNoEntry: false })?.isFile()) {
      const { dir, base } = posix.parse(posix.resolve('/', guest));
      folders.set(dir, (folders.get(dir) ?? new Map<string, string>()).set(base, host));
    } else {
      config = isReadOnly ? config.withReadOnlyDirMount(host, guest) : config.withDirMount(host, guest);
    }
  }
  for (const [folder, files] of folders) config = config.withFSMount(new OnlyFiles(files), folder);
  return config;
}

/** A folder in which there are some files of the host, from wherever they are, and nothing else. */
class OnlyFiles implements SyncReadOnlyFileSystem {
  readonly #files: ReadonlyMap<string, string>;
  readonly closeSync = fs.closeSync;
  readonly readSync = fs.readSync;
  readonly fstatSync: (fd: number) => StatsLike = fs.fstatSync;

  constructor(files: ReadonlyMap<string, string>) {
    this.#files = files;
  }
  openSync(path: string, flags: number): number {
    return fs.openSync(this.#host(path), flags);
  }
  statSync(path: string): StatsLike {
    return fs.statSync(this.#host(path));
  }
  /** Who mounts a link means the file. */
  lstatSync(path: string): StatsLike {
    return this.statSync(path);
  }
  readdirSync(path: string): string[] {
    if (path !== '/') throw failure('ENOTDIR');
    return [...this.#files.keys()];
  }
  readlinkSync(path: string): string {
    this.#host(path);
    throw failure('EINVAL');
  }

  /** The folder itself is as that of one of its files: only what it is and when it was changed can be seen of it. */
  #host(path: string): string {
    const [any] = this.#files.values();
    const host = path === '/' ? dirname(any as string) : this.#files.get(path.slice(1));
    if (host === undefined) throw failure('ENOENT');
    return host;
  }
}

const failure = (code: string) => Object.assign(new Error(code), { code });
