import { FS, OPEN } from '../native/binding.js';
import { errnoOf, FileError } from '../values/errno.js';
import { wouldBlockError } from '../values/errors.js';
import { nextId } from '../values/ids.js';
import { Buffer } from '../values/node.js';
import { report } from '../values/report.js';
import { wrongType } from '../values/validate.js';
import { isPromiseLike, type Question } from './callbacks.js';
import type { Mount as MountFields } from './fields.js';
import type { DirentLike } from './file-system.js';
import { Files, type Stats } from './files.js';
import { bytesOf, direntType, Listing, typeOf } from './listing.js';
import { run, type Steps } from './steps.js';

type JSMount = Extract<MountFields, { readonly fs: unknown }>;
/** What a handle stands for: an open file, or a listing, from any entry of which on a guest may ask until it closes the directory. */
type Handle = { readonly file: unknown } | Listing;
/** Entries in all listings of this thread, which are in its heap, and how many that may be beside a single one. */
let listed = 0;
const mostListed = 1_000_000;
/** A guest's path element never is so long, and room for this much there always is. */
const longestName = 4096;

const omit = 1n << 63n;
/** Those with handles, or about to have one, by id: native code releases them when nobody else may know their module any more. */
const inUse = new Map<number, Mount>();
export function releaseMount(id: number): void {
  inUse.get(id)?.release();
}
export const findMount = (id: number): Mount | undefined => inUse.get(id);

/** A file system in JavaScript as one guest has it mounted: answers MSG.fs. */
export class Mount {
  readonly #files: Files;
  readonly #readOnly: boolean;
  readonly #name: string;
  readonly #handles = new Map<number, Handle>();
  /** What the file system filled last: it is used again for a read of as many bytes. */
  #room: Uint8Array | undefined;
  #id = 0;
  #opening = 0;
  #released = false;

  constructor(mount: JSMount) {
    this.#files = new Files(mount.fs);
    this.#readOnly = mount.kind === 'fs';
    this.#name = `the file system at ${mount.guestPath}`;
  }

  /** The id under which `answer` is called back. */
  set id(id: number) {
    this.#id = id;
  }
  get id(): number {
    return this.#id;
  }

  /** words[0] = errno: the guest hears of a failure so, the process of one that is no system error. */
  readonly answer = (question: Question): void | PromiseLike<void> => {
    const { words, sync } = question;
    const operation = Number(words[0]);
    // Closing does not wait: a guest of the synchronous lane may be at its end.
    if (sync && operation !== FS.close) this.#checkAtOnce();
    const settled = run(this.#guarded(operation, question));
    return sync && operation === FS.close ? undefined : settled;
  };

  #checkAtOnce(): void {
    if (!this.#files.sync)
      throw wouldBlockError(`${this.#name} answers later: only an asynchronous call can wait for it`);
  }

  /**
   * FS.read in the synchronous lane, of which there may be very many: calls the file system, and little else. How many bytes are in `into`,
   * the errno below 0, or a Promise where there should be none.
   */
  readNow(number: number, position: number, into: Uint8Array): number | PromiseLike<unknown> {
    this.#checkAtOnce();
    try {
      // A Buffer: memfs makes one of anything else.
      const room = this.#room?.byteLength === into.byteLength ? this.#room : Buffer.alloc(into.byteLength);
      this.#room = undefined; // the file system may call the guest, which reads
      const count = this.#files.readNow(this.#file(number), room, position);
      if (isPromiseLike(count)) return count; // it may write there still
      into.set(count === room.byteLength ? room : room.subarray(0, count));
      this.#room = room;
      return count;
    } catch (error) {
      return -Number(this.#errno(error));
    }
  }

  *#guarded(operation: number, question: Question): Steps<void> {
    const { words } = question;
    try {
      const params = words.slice();
      words.fill(0n);
      yield* this.#do(operation, params, question);
    } catch (error) {
      words.fill(0n);
      words[0] = this.#errno(error);
    }
  }
  #errno(error: unknown): bigint {
    const errno = errnoOf(error);
    if (errno === undefined) report(error, `${this.#name} failed`);
    return errno ?? 8n; // EIO
  }

  *#do(operation: number, params: BigUint64Array, question: Question): Steps<void> {
    const { words, bytes } = question;
    const param = (i: number): bigint => params[i] ?? 0n;
    const files = this.#files;
    const first = Number(param(1));
    const path = () => Buffer.from(bytes.buffer, bytes.byteOffset, first).toString();
    const second = () => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', first);
    switch (operation) {
      case FS.open: {
        const opened = yield* this.#open(path(), Number(param(2)), Number(param(3)));
        const descriptor = opened === 0 ? -1 : files.descriptor(this.#file(opened));
        words[2] = BigInt(opened);
        words[3] = BigInt(descriptor + 1);
        return;
      }
      case FS.close:
        return yield* this.#close(first);
      case FS.read:
        words[1] = BigInt(yield* files.transfer(this.#file(first), 'read', bytes, 0, Number(param(2))));
        return;
      case FS.write:
        return yield* this.#write(this.#file(first), param(2), bytes, words);
      case FS.fstat:
        return (yield* files.fstat(this.#file(first))).into(words);
      case FS.stat:
        return (yield* files.stat(path())).into(words);
      case FS.lstat:
        return (yield* files.lstat(path())).into(words);
      case FS.list:
        return yield* this.#give(new Listing(path(), yield* this.#readdir(path())), undefined, question);
      case FS.next: {
        const listing = this.#listing(first);
        const at = Number(param(2));
        if (listing.at !== at) listing.next = undefined;
        listing.at = at;
        return yield* this.#give(listing, first, question);
      }
      case FS.readlink: {
        const target = bytesOf(yield* files.path('readlink', path()), 'the answer of readlink');
        if (target.byteLength > bytes.byteLength) throw new FileError('ENAMETOOLONG');
        bytes.set(target);
        words[1] = BigInt(target.byteLength);
        return;
      }
      case FS.truncate:
        yield* files.file(this.#file(first), 'truncate', Number(param(2)));
        return;
      case FS.sync:
        return yield* this.#sync(this.#file(first), param(2) === 1n);
      case FS.futimes: {
        const file = this.#file(first);
        const times = yield* this.#times(param(2), param(3), () => files.fstat(file));
        yield* files.file(file, 'utimes', ...times);
        return;
      }
      case FS.utimes: {
        const name = path();
        yield* files.path('utimes', name, ...(yield* this.#times(param(2), param(3), () => files.stat(name))));
        return;
      }
      case FS.lutimes: {
        const name = path();
        const own = files.has('lutimes');
        const stats = yield* files.lstat(name);
        if (!own && stats.isSymbolicLink) throw new FileError('ENOSYS');
        const times = yield* this.#times(param(2), param(3), () => files.lstat(name));
        yield* files.path(own ? 'lutimes' : 'utimes', name, ...times);
        return;
      }
      case FS.mkdir:
        yield* files.path('mkdir', path(), Number(param(2)));
        return;
      case FS.rmdir:
        yield* files.path('rmdir', path());
        return;
      case FS.unlink: {
        const name = path();
        if ((yield* files.lstat(name)).isDirectory) throw new FileError('EISDIR'); // some say EPERM
        if (param(2) === 1n) throw new FileError('ENOTDIR');
        yield* files.path('unlink', name);
        return;
      }
      case FS.rename:
        return yield* this.#rename(path(), second(), param(2) === 1n);
      case FS.link: {
        const name = path();
        if ((yield* files.lstat(name)).isDirectory) throw new FileError('EPERM');
        yield* files.path('link', name, second());
        return;
      }
      case FS.symlink:
        yield* files.path('symlink', path(), second());
        return;
      case FS.chmod:
        yield* files.path('chmod', path(), Number(param(2)));
        return;
      default:
        throw new FileError('ENOSYS');
    }
  }

  /** 0: a directory. What must be so is looked at here: not every file system knows all flags. */
  *#open(path: string, flags: number, mode: number): Steps<number> {
    const files = this.#files;
    const writes = (flags & (OPEN.write | OPEN.readWrite | OPEN.truncate)) !== 0;
    const creates = (flags & OPEN.create) !== 0;
    const exclusive = creates && (flags & OPEN.exclusive) !== 0;
    const found = yield* this.#find(path, exclusive || (flags & OPEN.noFollow) !== 0);
    if (!found) {
      if (!creates) throw new FileError('ENOENT');
      if (flags & OPEN.directory) throw new FileError('EISDIR');
      if (this.#readOnly) throw new FileError('EROFS');
    } else {
      if (exclusive) throw new FileError('EEXIST');
      if (found.isSymbolicLink) throw new FileError('ELOOP');
      if (found.isDirectory) {
        if (writes || creates) throw new FileError('EISDIR');
        return 0;
      }
      if (flags & OPEN.directory) throw new FileError('ENOTDIR');
      if (writes && this.#readOnly) throw new FileError('EROFS');
    }
    const given = this.#readOnly ? flags & ~OPEN.create : flags;
    this.#opening++;
    this.#noteUse();
    try {
      const file = yield* files.open(path, given, mode);
      if (!this.#released) return this.#add({ file });
      yield* files.file(file, 'close'); // it came too late: nobody else would
      throw new FileError('EBADF');
    } finally {
      this.#opening--;
      this.#noteUse();
    }
  }
  /** undefined where there is nothing. */
  *#find(path: string, itself: boolean): Steps<Stats | undefined> {
    try {
      return yield* itself ? this.#files.lstat(path) : this.#files.stat(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  *#close(number: number): Steps<void> {
    const handle = this.#handles.get(number);
    if (!handle) throw new FileError('EBADF');
    this.#remove(number);
    if (!(handle instanceof Listing)) yield* this.#files.file(handle.file, 'close');
  }

  /** There is no guest to tell: the process hears of every failure. */
  *#closeAnyway(number: number): Steps<void> {
    try {
      yield* this.#close(number);
    } catch (error) {
      report(error, `${this.#name} failed`);
    }
  }

  /** All of it, or until something goes wrong: then what was written counts, and the next write tells. */
  *#write(file: unknown, position: bigint, bytes: Uint8Array, words: BigUint64Array): Steps<void> {
    const files = this.#files;
    const start = position === BigInt.asUintN(64, -1n) ? Number((yield* files.fstat(file)).size) : Number(position);
    let done = 0;
    try {
      while (done < bytes.byteLength) {
        const count = yield* files.transfer(file, 'write', bytes, done, start + done);
        done += count;
      }
    } catch (error) {
      if (done === 0) throw error;
    }
    words[1] = BigInt(done);
    words[2] = BigInt(start + done);
  }

  *#sync(file: unknown, dataOnly: boolean): Steps<void> {
    const own = dataOnly || this.#files.sync || typeof (file as { sync?: unknown }).sync === 'function';
    yield* this.#files.file(file, !own || dataOnly ? 'datasync' : 'sync');
  }

  /** In seconds, as node:fs takes them; one that is to stay is what `stats` says. */
  *#times(atime: bigint, mtime: bigint, stats: () => Steps<Stats>): Steps<[number, number]> {
    const now = atime === omit || mtime === omit ? yield* stats() : undefined;
    const seconds = (time: bigint) => Number(BigInt.asIntN(64, time)) / 1e9;
    return [seconds(atime === omit && now ? now.atime : atime), seconds(mtime === omit && now ? now.mtime : mtime)];
  }

  /** POSIX's rules are looked at here: memfs puts a file in the place of a full directory. */
  *#rename(from: string, to: string, directory: boolean): Steps<void> {
    const files = this.#files;
    const source = yield* files.lstat(from);
    if (directory && !source.isDirectory) throw new FileError('ENOTDIR');
    if (from === to) return;
    if (to.startsWith(`${from}/`)) throw new FileError(source.isDirectory ? 'EINVAL' : 'ENOTDIR');
    const target = yield* this.#find(to, true);
    if (target) {
      if (source.isDirectory && !target.isDirectory) throw new FileError('ENOTDIR');
      if (!source.isDirectory && target.isDirectory) throw new FileError('EISDIR');
      if (target.isDirectory && (yield* this.#readdir(to)).length > 0) throw new FileError('ENOTEMPTY');
    }
    yield* files.path('rename', from, to);
  }

  // ---- directories

  *#readdir(path: string): Steps<readonly unknown[]> {
    const entries = yield* this.#files.path('readdir', path, { withFileTypes: true });
    if (!Array.isArray(entries)) throw wrongType('an array', 'the answer of readdir', entries);
    return entries;
  }
  /** As many entries as there is room for; where there are more, all of them stay under a handle. */
  *#give(listing: Listing, number: number | undefined, { bytes, words }: Question): Steps<void> {
    let size = 0;
    for (; listing.at < listing.entries.length; listing.at++) {
      listing.next ??= yield* this.#encode(listing.path, listing.entries[listing.at]);
      if (size + listing.next.byteLength > bytes.byteLength) break;
      bytes.set(listing.next, size);
      size += listing.next.byteLength;
      listing.next = undefined;
    }
    const more = listing.at < listing.entries.length;
    words[1] = BigInt(size);
    words[2] = BigInt(number ?? (more ? this.#add(listing) : 0));
    words[3] = more ? 1n : 0n;
  }
  /** The number of the file goes with its name: a guest's C library asks for each of them that has none. */
  *#encode(path: string, entry: unknown): Steps<Uint8Array> {
    const dirent = typeof entry === 'object' && entry !== null && 'name' in entry ? (entry as DirentLike) : undefined;
    const name = bytesOf(dirent ? dirent.name : entry, 'a name in the answer of readdir');
    const length = name.byteLength;
    if (length === 0 || length > longestName)
      throw wrongType(`a name of 1 to ${longestName} bytes`, 'an entry in the answer of readdir', entry);
    const found = yield* this.#find(`${path === '/' ? '' : path}/${Buffer.from(name).toString()}`, true);
    const encoded = Buffer.alloc(11 + length);
    encoded[0] = found ? typeOf(found.isFile, found.isDirectory, found.isSymbolicLink) : direntType(dirent);
    encoded.writeBigUInt64LE(found?.ino ?? 0n, 1);
    encoded.writeUInt16LE(length, 9);
    encoded.set(name, 11);
    return encoded;
  }

  // ---- handles

  #file(number: number): unknown {
    const handle = this.#handles.get(number);
    if (!handle || handle instanceof Listing) throw new FileError('EBADF');
    return handle.file;
  }
  #listing(number: number): Listing {
    const handle = this.#handles.get(number);
    if (!(handle instanceof Listing)) throw new FileError('EBADF');
    return handle;
  }
  #add(handle: Handle): number {
    if (handle instanceof Listing) {
      if (listed > 0 && listed + handle.entries.length > mostListed) throw new FileError('ENFILE');
      listed += handle.entries.length;
    }
    const number = nextId();
    this.#handles.set(number, handle);
    this.#noteUse();
    return number;
  }
  #remove(number: number): void {
    const handle = this.#handles.get(number);
    if (handle instanceof Listing) listed -= handle.entries.length;
    this.#handles.delete(number);
    this.#noteUse();
  }
  #noteUse(): void {
    if (!this.#released && this.#handles.size + this.#opening > 0) inUse.set(this.#id, this);
    else inUse.delete(this.#id);
  }

  /** The module is closed: so is what its guest left open. */
  release(): void {
    this.#released = true;
    for (const number of [...this.#handles.keys()]) void run(this.#closeAnyway(number));
  }
}
