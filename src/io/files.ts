import { OPEN } from '../native/binding.js';
import { FileError } from '../values/errno.js';
import { wrongType } from '../values/validate.js';
import { isPromiseLike } from './callbacks.js';
import type { ReadOnlyFileSystem, StatsLike, SyncReadOnlyFileSystem } from './file-system.js';
import { type Steps, wait } from './steps.js';

type Method = (...args: unknown[]) => unknown;

/** node:fs has another name for what is done with a descriptor. */
const withDescriptor = {
  close: 'closeSync',
  read: 'readSync',
  write: 'writeSync',
  stat: 'fstatSync',
  truncate: 'ftruncateSync',
  sync: 'fsyncSync',
  datasync: 'fdatasyncSync',
  utimes: 'futimesSync',
} as const;

const method = (object: object, name: string): Method | undefined => {
  const found = (object as Record<string, unknown>)[name];
  return typeof found === 'function' ? (found as Method) : undefined;
};

export function checkFileSystem(fs: unknown, name: string): asserts fs is ReadOnlyFileSystem {
  if (typeof fs !== 'object' || fs === null || !(method(fs, 'openSync') ?? method(fs, 'open')))
    throw wrongType('a file system (openSync, or open that returns a Promise)', name, fs);
}

/** What JavaScript's file systems look like, the synchronous ones and those of Promises, as one. */
export class Files {
  readonly sync: boolean;
  readonly #fs: object;
  readonly #constants: Readonly<Record<string, number>>;

  constructor(fs: ReadOnlyFileSystem) {
    this.#fs = fs;
    this.sync = method(fs, 'openSync') !== undefined;
    // memfs has Linux's numbers everywhere.
    const own: unknown = 'constants' in fs ? fs.constants : undefined;
    this.#constants = (
      typeof own === 'object' && own !== null ? own : process.getBuiltinModule('node:fs').constants
    ) as Record<string, number>;
  }

  /** A method that takes a path. One that is missing is ENOSYS. */
  *path(name: string, ...args: unknown[]): Steps<unknown> {
    const full = this.sync ? `${name}Sync` : name;
    const found = method(this.#fs, full);
    if (!found) throw new FileError('ENOSYS');
    return yield* wait(found.apply(this.#fs, args));
  }
  has(name: string): boolean {
    return method(this.#fs, this.sync ? `${name}Sync` : name) !== undefined;
  }

  /** A method of an open file: a descriptor, or a FileHandle. */
  *file(file: unknown, name: keyof typeof withDescriptor, ...args: unknown[]): Steps<unknown> {
    const found = this.sync ? method(this.#fs, withDescriptor[name]) : method(file as object, name);
    if (!found) throw new FileError('ENOSYS');
    return yield* wait(this.sync ? found.call(this.#fs, file, ...args) : found.apply(file, args));
  }

  *open(path: string, flags: number, mode: number): Steps<unknown> {
    const file = yield* this.path('open', path, this.#flags(flags), mode);
    if (this.sync) {
      if (!Number.isInteger(file) || (file as number) < 0)
        throw wrongType('a file descriptor', 'the answer of openSync', file);
    } else if (typeof file !== 'object' || file === null) {
      throw wrongType('a file handle', 'the answer of open', file);
    }
    return file;
  }
  /** What an open file says is its descriptor, of the process or of its own making; -1: none. */
  descriptor(file: unknown): number {
    const number = this.sync ? file : (file as { readonly fd?: unknown }).fd;
    return Number.isInteger(number) && (number as number) >= 0 && (number as number) <= 0x7fffffff
      ? (number as number)
      : -1;
  }
  #flags(flags: number): number {
    const value = (name: string) => this.#constants[name] ?? 0;
    let answer = flags & OPEN.readWrite ? value('O_RDWR') : flags & OPEN.write ? value('O_WRONLY') : value('O_RDONLY');
    for (const [flag, name] of [
      [OPEN.create, 'O_CREAT'],
      [OPEN.exclusive, 'O_EXCL'],
      [OPEN.truncate, 'O_TRUNC'],
      [OPEN.noFollow, 'O_NOFOLLOW'],
      [OPEN.sync, 'O_SYNC'],
      [OPEN.dataSync, 'O_DSYNC'],
    ] as const)
      if (flags & flag) answer |= value(name);
    return answer;
  }

  /** How many bytes of `buffer` from `from` on were read or written. */
  *transfer(file: unknown, name: 'read' | 'write', buffer: Uint8Array, from: number, position: number): Steps<number> {
    const most = buffer.byteLength - from;
    const answer = yield* this.file(file, name, buffer, from, most, position);
    const key = name === 'read' ? 'bytesRead' : 'bytesWritten';
    const count =
      !this.sync && typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>)[key] : answer;
    return checkCount(name, count, most);
  }
  /** Reading where nothing can wait: a Promise is handed on. */
  readNow(file: unknown, buffer: Uint8Array, position: number): number | PromiseLike<unknown> {
    const fs = this.#fs as Partial<SyncReadOnlyFileSystem>;
    if (typeof fs.readSync !== 'function') throw new FileError('ENOSYS');
    const answer: unknown = fs.readSync(file as number, buffer, 0, buffer.byteLength, position);
    return isPromiseLike(answer) ? answer : checkCount('read', answer, buffer.byteLength);
  }

  *stat(path: string): Steps<Stats> {
    return new Stats(yield* this.path('stat', path));
  }
  *lstat(path: string): Steps<Stats> {
    return new Stats(yield* this.path('lstat', path));
  }
  *fstat(file: unknown): Steps<Stats> {
    return new Stats(yield* this.file(file, 'stat'));
  }
}

function checkCount(name: 'read' | 'write', count: unknown, most: number): number {
  const least = name === 'read' ? 0 : 1; // a writer that takes nothing would be asked for ever
  if (typeof count !== 'number' || !Number.isInteger(count) || count < least || count > most)
    throw wrongType(`an integer from ${least} to ${most}`, `the answer of ${name}`, count);
  return count;
}

const S_IFMT = 0o170000;

/** StatsLike, checked. */
export class Stats {
  readonly mode: number;
  readonly size: bigint;
  /** In nanoseconds. */
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly #all: StatsLike;

  constructor(stats: unknown) {
    if (typeof stats !== 'object' || stats === null || isPromiseLike(stats))
      throw wrongType('an fs.Stats', 'the answer of stat', stats);
    this.#all = stats as StatsLike;
    this.mode = Number(whole(this.#all, 'mode'));
    this.size = whole(this.#all, 'size');
    this.atime = time(this.#all, 'atime');
    this.mtime = time(this.#all, 'mtime');
  }
  get ino(): bigint {
    return BigInt.asUintN(64, whole(this.#all, 'ino'));
  }
  get isDirectory(): boolean {
    return (this.mode & S_IFMT) === 0o040000;
  }
  get isFile(): boolean {
    return (this.mode & S_IFMT) === 0o100000;
  }
  get isSymbolicLink(): boolean {
    return (this.mode & S_IFMT) === 0o120000;
  }

  /** As the answer of FS.stat has it. */
  into(words: BigUint64Array): void {
    const values = [
      BigInt(this.mode),
      whole(this.#all, 'nlink'),
      this.size,
      whole(this.#all, 'dev'),
      this.ino,
      this.atime,
      this.mtime,
      time(this.#all, 'ctime'),
    ];
    values.forEach((value, i) => {
      words[i + 2] = BigInt.asUintN(64, value);
    });
  }
}

function numeric(stats: StatsLike, name: keyof StatsLike): number | bigint {
  const value: unknown = stats[name];
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw wrongType('a number or bigint', `${name} of the answer of stat`, value);
}
function whole(stats: StatsLike, name: 'mode' | 'size' | 'dev' | 'ino' | 'nlink'): bigint {
  const value = numeric(stats, name);
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
}
function time(stats: StatsLike, name: 'atime' | 'mtime' | 'ctime'): bigint {
  const exact: unknown = (stats as unknown as Record<string, unknown>)[`${name}Ns`];
  if (typeof exact === 'bigint') return exact;
  const value = numeric(stats, `${name}Ms`);
  if (typeof value === 'bigint') return value * 1_000_000n;
  const whole = Math.trunc(value);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((value - whole) * 1e6));
}
