/** File systems as guests get them mounted: memfs, node:fs and promises, new and empty. */
import * as nodeFs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import * as nodePromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFsFromVolume, Volume } from 'memfs';
import { afterEach } from 'vitest';
import type { FileSystem } from './package.js';

const scratches: string[] = [];
/** A directory of the host, until the test has ended. */
export function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wazero-fs-'));
  scratches.push(dir);
  return dir;
}
afterEach(() => {
  for (const dir of scratches.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** What is shaped like node:fs, with every path below a directory: what a user would write to mount one. */
export function below(dir: string, fs: object): FileSystem {
  const paths = new Set(
    'open stat lstat readdir readlink mkdir rmdir unlink chmod utimes lutimes'
      .split(' ')
      .flatMap((n) => [n, `${n}Sync`]),
  );
  const two = new Set(['rename', 'link', 'renameSync', 'linkSync']);
  const at = (path: unknown) => join(dir, String(path));
  return new Proxy(fs, {
    get(target, name: string) {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      if (paths.has(name)) return (path: string, ...rest: unknown[]) => found.call(target, at(path), ...rest);
      if (two.has(name)) return (from: string, to: string) => found.call(target, at(from), at(to));
      if (name.startsWith('symlink')) return (to: string, path: string) => found.call(target, to, at(path));
      return found.bind(target);
    },
  }) as FileSystem;
}

export const memory = () => createFsFromVolume(new Volume());
/** Each kind; those that answer later are for the asynchronous lane alone. */
export const fileSystems: [name: string, make: () => FileSystem, lanes: ('sync' | 'async')[]][] = [
  ['memfs', () => memory() as unknown as FileSystem, ['sync', 'async']],
  ['a memfs Volume', () => new Volume() as unknown as FileSystem, ['async']],
  ["memfs' promises", () => memory().promises as unknown as FileSystem, ['async']],
  ['node:fs', () => below(scratch(), nodeFs), ['sync', 'async']],
  ['node:fs/promises', () => below(scratch(), nodePromises), ['async']],
];
