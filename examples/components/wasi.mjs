// WASI 0.2 for one instance of a component, all of it in memory and within bounds: arguments, environment, streams, clocks, entropy, files. There is nothing of the host behind it, and no network.
import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What `exit` throws, through the guest. */
export class Exit extends Error {
  constructor(code) {
    super(`exit ${code}`);
    this.code = code;
  }
}

const nowNs = () => process.hrtime.bigint();
const dateOf = (ms) => ({ seconds: BigInt(Math.floor(ms / 1000)), nanoseconds: (ms % 1000) * 1_000_000 });
/** A refusal of an interface, as jco wants it: what is thrown is the error of the result. */
const refuse = (code) => () => {
  throw code;
};

class Pollable {
  at = 0n; // ready from then on
  signal; // of the sandbox: whoever waits is let go when it closes
  ready() {
    return nowNs() >= this.at;
  }
  // The guest waits for this Promise, and not the event loop; its deadline ends it.
  async block() {
    while (!this.ready()) {
      const ms = Number((this.at - nowNs()) / 1_000_000n) + 1;
      await sleep(Math.min(ms, 2 ** 31 - 1), undefined, { signal: this.signal });
    }
  }
}
async function poll(list) {
  if (list.length === 0) throw new Error('poll of nothing');
  const soonest = list.reduce((a, b) => (a.at <= b.at ? a : b));
  await soonest.block();
  return Uint32Array.from([...list.keys()].filter((i) => list[i].ready()));
}

class IoError {
  toDebugString() {
    return 'input/output error';
  }
}
class InputStream {
  from = () => new Uint8Array(); // of as many bytes; empty at the end
  read(length) {
    const bytes = this.from(Math.min(Number(length), 65_536));
    if (bytes.length === 0 && length > 0n) throw { tag: 'closed' };
    return bytes;
  }
  blockingRead(length) {
    return this.read(length);
  }
  skip(length) {
    return BigInt(this.read(length).length);
  }
  blockingSkip(length) {
    return this.skip(length);
  }
  subscribe() {
    return new Pollable();
  }
}
class OutputStream {
  to = refuse({ tag: 'closed' });
  checkWrite() {
    return 65_536n;
  }
  write(bytes) {
    this.to(bytes);
  }
  blockingWriteAndFlush(bytes) {
    this.to(bytes);
  }
  writeZeroes(length) {
    this.to(new Uint8Array(Math.min(Number(length), 65_536)));
  }
  blockingWriteZeroesAndFlush(length) {
    this.writeZeroes(length);
  }
  flush() {}
  blockingFlush() {}
  splice(source, length) {
    const bytes = source.read(length);
    this.to(bytes);
    return BigInt(bytes.length);
  }
  blockingSplice(source, length) {
    return this.splice(source, length);
  }
  subscribe() {
    return new Pollable();
  }
}
const input = (from) => Object.assign(new InputStream(), { from });
const output = (to) => Object.assign(new OutputStream(), { to });
const inputOf = (bytes) => {
  let at = 0;
  return input((length) => {
    const from = at;
    at = Math.min(at + length, bytes.length);
    return bytes.subarray(from, at);
  });
};
/** Keeps so many bytes; the guest hears that the stream has closed when it writes more. */
class Kept {
  chunks = [];
  constructor(left) {
    this.left = left;
  }
  stream = output((bytes) => {
    if (bytes.length > this.left) throw { tag: 'closed' };
    this.left -= bytes.length;
    this.chunks.push(bytes.slice()); // what the guest gave is its memory
  });
  text() {
    return Buffer.concat(this.chunks).toString();
  }
}

const shared = {
  'wasi:io/error': { Error: IoError },
  'wasi:io/poll': { Pollable, poll },
  'wasi:io/streams': { InputStream, OutputStream },
  'wasi:clocks/wall-clock': { now: () => dateOf(Date.now()), resolution: () => dateOf(1) },
};

const random = (length) => {
  if (length > 65_536n) throw new Error('more than 64 KiB of entropy at once');
  return randomFillSync(new Uint8Array(Number(length)));
};
const randomNumber = () => new BigUint64Array(random(8n).buffer)[0];
shared['wasi:random/random'] = { getRandomBytes: random, getRandomU64: randomNumber };
shared['wasi:random/insecure'] = { getInsecureRandomBytes: random, getInsecureRandomU64: randomNumber };
shared['wasi:random/insecure-seed'] = { insecureSeed: () => [randomNumber(), randomNumber()] };

// Terminals: none. Sockets: classes that nothing makes instances of.
class TerminalInput {}
class TerminalOutput {}
class Network {}
class TcpSocket {}
class UdpSocket {}
class IncomingDatagramStream {}
class OutgoingDatagramStream {}
class ResolveAddressStream {}
Object.assign(shared, {
  'wasi:cli/terminal-input': { TerminalInput },
  'wasi:cli/terminal-output': { TerminalOutput },
  'wasi:cli/terminal-stdin': { getTerminalStdin() {} },
  'wasi:cli/terminal-stdout': { getTerminalStdout() {} },
  'wasi:cli/terminal-stderr': { getTerminalStderr() {} },
  'wasi:sockets/network': { Network },
  'wasi:sockets/instance-network': { instanceNetwork: () => new Network() },
  'wasi:sockets/ip-name-lookup': { ResolveAddressStream, resolveAddresses: refuse('access-denied') },
  'wasi:sockets/tcp': { TcpSocket },
  'wasi:sockets/tcp-create-socket': { createTcpSocket: refuse('access-denied') },
  'wasi:sockets/udp': { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
  'wasi:sockets/udp-create-socket': { createUdpSocket: refuse('access-denied') },
});

const isDirectory = (node) => node instanceof Map;
const typeOf = (node) => (isDirectory(node) ? 'directory' : 'regular-file');

/** Files in memory: a directory is a Map, a file a Buffer in a box. */
function fileSystem(budget) {
  class DirectoryEntryStream {
    entries = [];
    readDirectoryEntry() {
      return this.entries.shift();
    }
  }
  class Descriptor {
    // Paths go down only: there is no name for what is above, and there are no links.
    #find(path) {
      if (!isDirectory(this.node)) throw 'not-directory';
      if (path.startsWith('/')) throw 'not-permitted';
      const names = path.split('/').filter((name) => name !== '' && name !== '.');
      if (names.includes('..')) throw 'not-permitted';
      let [parent, name, node] = [undefined, '', this.node];
      for (const next of names) {
        if (node === undefined) throw 'no-entry';
        if (!isDirectory(node)) throw 'not-directory';
        [parent, name, node] = [node, next, node.get(next)];
      }
      return { parent, name, node };
    }
    #there(path) {
      const { node } = this.#find(path);
      if (node === undefined) throw 'no-entry';
      return node;
    }
    #file() {
      if (isDirectory(this.node)) throw 'is-directory';
      return this.node;
    }
    #resize(size) {
      const file = this.#file();
      budget.take(size - file.data.length);
      const data = Buffer.alloc(size);
      file.data.copy(data);
      file.data = data;
    }
    openAt(_pathFlags, path, open, flags) {
      let { parent, name, node } = this.#find(path);
      if (node === undefined) {
        if (!open.create) throw 'no-entry';
        budget.take(256);
        node = { data: Buffer.alloc(0) };
        parent.set(name, node);
      } else if (open.exclusive) throw 'exist';
      if (open.directory && !isDirectory(node)) throw 'not-directory';
      if (isDirectory(node) && flags.write) throw 'is-directory';
      const made = Object.assign(new Descriptor(), { node, flags });
      if (open.truncate) made.#resize(0);
      return made;
    }
    read(length, offset) {
      const { data } = this.#file();
      const from = Math.min(Number(offset), data.length);
      const to = Math.min(from + Math.min(Number(length), 65_536), data.length);
      return [data.subarray(from, to), to === data.length];
    }
    write(bytes, offset) {
      if (!this.flags.write) throw 'bad-descriptor';
      const from = Number(offset);
      const end = from + bytes.length;
      if (end > this.#file().data.length) this.#resize(end);
      this.node.data.set(bytes, from);
      return BigInt(bytes.length);
    }
    readViaStream(offset) {
      this.#file();
      let at = offset;
      return input((length) => {
        const [bytes] = this.read(length, at);
        at += BigInt(bytes.length);
        return bytes;
      });
    }
    writeViaStream(offset) {
      this.#file();
      let at = offset;
      return output((bytes) => {
        try {
          at += this.write(bytes, at);
        } catch {
          throw { tag: 'last-operation-failed', val: new IoError() };
        }
      });
    }
    appendViaStream() {
      return this.writeViaStream(BigInt(this.#file().data.length));
    }
    readDirectory() {
      if (!isDirectory(this.node)) throw 'not-directory';
      const entries = [...this.node].map(([name, node]) => ({ name, type: typeOf(node) }));
      return Object.assign(new DirectoryEntryStream(), { entries });
    }
    createDirectoryAt(path) {
      const { parent, name, node } = this.#find(path);
      if (node !== undefined) throw 'exist';
      budget.take(256);
      parent.set(name, new Map());
    }
    unlinkFileAt(path) {
      const { parent, name, node } = this.#find(path);
      if (node === undefined) throw 'no-entry';
      if (isDirectory(node)) throw 'is-directory';
      parent.delete(name);
      budget.take(-256 - node.data.length);
    }
    removeDirectoryAt(path) {
      const { parent, name, node } = this.#find(path);
      if (node === undefined) throw 'no-entry';
      if (!isDirectory(node)) throw 'not-directory';
      if (node.size > 0) throw 'not-empty';
      if (parent === undefined) throw 'busy';
      parent.delete(name);
      budget.take(-256);
    }
    static #stat(node) {
      const size = BigInt(isDirectory(node) ? 0 : node.data.length);
      return { type: typeOf(node), linkCount: 1n, size };
    }
    stat() {
      return Descriptor.#stat(this.node);
    }
    statAt(_pathFlags, path) {
      return Descriptor.#stat(this.#there(path));
    }
    static #hash(node) {
      budget.numbers.set(node, budget.numbers.get(node) ?? ++budget.number);
      return { lower: BigInt(budget.numbers.get(node)), upper: 0n };
    }
    metadataHash() {
      return Descriptor.#hash(this.node);
    }
    metadataHashAt(_pathFlags, path) {
      return Descriptor.#hash(this.#there(path));
    }
    isSameObject(other) {
      return this.node === other.node;
    }
    setSize(size) {
      if (!this.flags.write) throw 'bad-descriptor';
      this.#resize(Number(size));
    }
    getFlags() {
      return this.flags;
    }
    getType() {
      return typeOf(this.node);
    }
    sync() {}
    syncData() {}
    advise() {}
    setTimes() {}
    setTimesAt() {}
  }
  for (const name of ['linkAt', 'readlinkAt', 'renameAt', 'symlinkAt'])
    Descriptor.prototype[name] = refuse('unsupported');
  return { Descriptor, DirectoryEntryStream, filesystemErrorCode() {} };
}

const empty = new Uint8Array();

/**
 * The imports of one instance. `files`: path of a directory -> { name: text or bytes }; `maxOutputBytes` of stdout and of stderr (default
 * 1 MiB), `maxFileBytes` of all files (default 16 MiB).
 */
export function sandbox(options = {}) {
  const { args = [], env = {}, stdin = empty, files = {}, maxOutputBytes = 2 ** 20, maxFileBytes = 2 ** 24 } = options;
  const [stdout, stderr] = [new Kept(maxOutputBytes), new Kept(maxOutputBytes)];
  const budget = {
    left: maxFileBytes,
    number: 0,
    numbers: new WeakMap(),
    take(bytes) {
      if (!(bytes <= this.left)) throw 'insufficient-space';
      this.left -= bytes;
    },
  };
  const types = fileSystem(budget);
  const closing = new AbortController();
  const { signal } = closing;
  const roots = Object.entries(files).map(([path, content]) => {
    const node = new Map(Object.entries(content).map(([name, data]) => [name, { data: Buffer.from(data) }]));
    return [Object.assign(new types.Descriptor(), { node, flags: { read: true, mutateDirectory: true } }), path];
  });
  const exit = (code) => {
    throw new Exit(code);
  };
  const imports = {
    ...shared,
    'wasi:clocks/monotonic-clock': {
      now: nowNs,
      resolution: () => 1n,
      subscribeDuration: (ns) => Object.assign(new Pollable(), { at: nowNs() + ns, signal }),
      subscribeInstant: (at) => Object.assign(new Pollable(), { at, signal }),
    },
    'wasi:cli/environment': {
      getArguments: () => args,
      getEnvironment: () => Object.entries(env),
      initialCwd() {},
    },
    'wasi:cli/exit': { exit: ({ tag }) => exit(tag === 'ok' ? 0 : 1), exitWithCode: exit },
    'wasi:cli/stdin': { getStdin: () => inputOf(typeof stdin === 'string' ? Buffer.from(stdin) : stdin) },
    'wasi:cli/stdout': { getStdout: () => stdout.stream },
    'wasi:cli/stderr': { getStderr: () => stderr.stream },
    'wasi:filesystem/preopens': { getDirectories: () => roots },
    'wasi:filesystem/types': types,
  };
  return {
    imports,
    stdout: () => stdout.text(),
    stderr: () => stderr.text(),
    close: () => closing.abort(),
    file: (path, name) =>
      roots
        .find(([, root]) => root === path)?.[0]
        .node.get(name)
        ?.data?.toString(),
  };
}
