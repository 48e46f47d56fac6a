/**
 * `node:fs`, memfs (`fs`, `vol`) and what is shaped like them, as they are: synchronous, used so in both lanes. Paths are absolute,
 * '/'-separated, without '.' or '..', '/' being the mounted root; errors are read by their `code` ('ENOENT'), others are EIO.
 */
export interface SyncReadOnlyFileSystem {
  openSync(path: string, flags: number, mode?: number): number;
  closeSync(fd: number): void;
  readSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number;
  fstatSync(fd: number): StatsLike;
  statSync(path: string): StatsLike;
  lstatSync(path: string): StatsLike;
  readdirSync(path: string, options: { withFileTypes: true }): readonly (DirentLike | string | Uint8Array)[];
  readlinkSync(path: string): string | Uint8Array;
}

/** A synchronous file system that can also be written to. */
export interface SyncFileSystem extends SyncReadOnlyFileSystem {
  writeSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null): number;
  ftruncateSync(fd: number, size: number): void;
  fsyncSync(fd: number): void;
  fdatasyncSync(fd: number): void;
  futimesSync(fd: number, atime: number, mtime: number): void;
  mkdirSync(path: string, mode?: number): unknown;
  rmdirSync(path: string): void;
  unlinkSync(path: string): void;
  renameSync(from: string, to: string): void;
  linkSync(existing: string, path: string): void;
  symlinkSync(target: string, path: string): void;
  chmodSync(path: string, mode: number): void;
  utimesSync(path: string, atime: number, mtime: number): void;
  lutimesSync?(path: string, atime: number, mtime: number): void;
}

/**
 * `node:fs/promises`, memfs' `fs.promises`: asynchronous. In the synchronous lane the guest gets ENOTSUP and the call fails with
 * ERR_WAZERO_WOULD_BLOCK.
 */
export interface AsyncReadOnlyFileSystem<H extends ReadOnlyFileHandle = ReadOnlyFileHandle> {
  open(path: string, flags: number, mode?: number): Promise<H>;
  stat(path: string): Promise<StatsLike>;
  lstat(path: string): Promise<StatsLike>;
  readdir(path: string, options: { withFileTypes: true }): Promise<readonly (DirentLike | string | Uint8Array)[]>;
  readlink(path: string): Promise<string | Uint8Array>;
}

/** An asynchronous file system that can also be written to. */
export interface AsyncFileSystem extends AsyncReadOnlyFileSystem<ReadWriteFileHandle> {
  mkdir(path: string, mode?: number): Promise<unknown>;
  rmdir(path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(existing: string, path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  utimes(path: string, atime: number, mtime: number): Promise<void>;
  lutimes?(path: string, atime: number, mtime: number): Promise<void>;
}

/** What `AsyncReadOnlyFileSystem.open` gives. */
export interface ReadOnlyFileHandle {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<StatsLike>;
  close(): Promise<void>;
}

/** What `AsyncFileSystem.open` gives. */
export interface ReadWriteFileHandle extends ReadOnlyFileHandle {
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesWritten: number }>;
  truncate(size: number): Promise<void>;
  datasync(): Promise<void>;
  sync?(): Promise<void>;
  utimes(atime: number, mtime: number): Promise<void>;
}

/** fs.Stats or fs.BigIntStats. */
export interface StatsLike {
  readonly mode: number | bigint;
  readonly size: number | bigint;
  readonly dev: number | bigint;
  readonly ino: number | bigint;
  readonly nlink: number | bigint;
  readonly atimeMs: number | bigint;
  readonly mtimeMs: number | bigint;
  readonly ctimeMs: number | bigint;
}

/** fs.Dirent. */
export interface DirentLike {
  readonly name: string | Uint8Array;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

export type ReadOnlyFileSystem = SyncReadOnlyFileSystem | AsyncReadOnlyFileSystem;
export type FileSystem = SyncFileSystem | AsyncFileSystem;
