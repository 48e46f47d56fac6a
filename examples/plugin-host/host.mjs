// The plugin host: what a server does to run code that others wrote. Each plugin has a module of its own, with limits, and reaches the server only
// through the functions of the host module below.
import { ModuleConfig, Runtime, RuntimeConfig, wasi } from 'node-wazero';
import { addQuickJs } from './quickjs.mjs';

/** What any plugin may use, however it is bound: plain asynchronous functions. The guest stands still while they wait; the server does not. */
function services(log, store, origin) {
  return {
    log: (plugin, text) => log(`  [${plugin.name}] ${text}`),
    kvGet: (plugin, key) => store.get(`${plugin.name}/${key}`),
    kvSet: (plugin, key, value) => store.set(`${plugin.name}/${key}`, value),
    async fetch(_plugin, path, signal) {
      if (!path.startsWith('/shop/')) throw new Error(`${path} is not for plugins`);
      const response = await fetch(new URL(path, origin), { signal });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return await response.text();
    },
  };
}

const text = (module, pointer, length) => module.memory.readString(pointer >>> 0, length >>> 0);

/** Text into memory that the guest's own allocator gives out, as pointer << 32 | length; 0 for none. */
async function lend(module, value) {
  if (value === undefined) return 0n;
  const bytes = Buffer.from(value);
  const pointer = (await module.exportedFunction('alloc', ['i32'], ['i32']).call(bytes.length)) >>> 0;
  module.memory.write(pointer, bytes);
  return (BigInt(pointer) << 32n) | BigInt(bytes.length);
}

/** The host module. `caller` is the plugin's module, lent until the answer: calls through it go at once, also after an await. */
async function addHostModule(runtime, { log, kvGet, kvSet, fetch }) {
  await runtime.hostModule('host', {
    log: [['i32', 'i32'], [], 'caller', (caller, p, n) => log(caller.context, text(caller, p, n))],
    kv_get: [
      ['i32', 'i32'],
      ['i64'],
      'caller',
      async (caller, p, n) => lend(caller, await kvGet(caller.context, text(caller, p, n))),
    ],
    kv_set: [
      ['i32', 'i32', 'i32', 'i32'],
      [],
      'caller',
      (caller, kp, kn, vp, vn) => kvSet(caller.context, text(caller, kp, kn), text(caller, vp, vn)),
    ],
    fetch: [
      ['i32', 'i32'],
      ['i64'],
      'caller',
      async (caller, p, n) => lend(caller, await fetch(caller.context, text(caller, p, n), caller.signal)),
    ],
  });
}

/** The plugins' ABI: alloc(size), dealloc(pointer, size), handle(pointer, length) -> pointer << 32 | length; JSON both ways. */
const nativeAbi = {
  async setUp() {},
  async handle(guest, order) {
    const request = await lend(guest, order);
    const [pointer, length] = [Number(request >> 32n), Number(request & 0xffffffffn)];
    const packed = await guest.exportedFunction('handle', ['i32', 'i32'], ['i64']).call(pointer, length);
    const [from, size] = [Number(BigInt.asUintN(32, packed >> 32n)), Number(BigInt.asUintN(32, packed))];
    const answer = text(guest, from, size);
    const dealloc = guest.exportedFunction('dealloc', ['i32', 'i32'], []);
    await dealloc.call(pointer, length);
    await dealloc.call(from, size);
    return answer;
  },
};

export class PluginHost {
  #runtime = new Runtime(
    // Deadlines stop guests, and a plugin that has trapped is closed: nobody knows what it was in the middle of.
    RuntimeConfig.untrusted().withLimits({ totalMemoryBytes: 512 * 2 ** 20, memoryPages: 1024 }),
  );
  #plugins = new Map();
  #log;

  static async create({ log, store, origin }) {
    const host = new PluginHost();
    host.#log = log;
    const shared = services(log, store, origin);
    await wasi.instantiate(host.#runtime);
    await addHostModule(host.#runtime, shared);
    await addQuickJs(host.#runtime, shared);
    return host;
  }

  get engine() {
    return this.#runtime.engine;
  }

  compile(binary) {
    return this.#runtime.compileModule(binary, { timeoutMs: 60_000 });
  }

  /**
   * A plugin, or a new version of one: requests that have begun end with the old one, which is then closed.
   * `limits` are this plugin's own; they can only be lower than those of the runtime.
   */
  async load(name, compiled, abi = nativeAbi, limits = {}) {
    const plugin = { name, compiled, abi, limits, module: undefined };
    await this.#start(plugin);
    const old = this.#plugins.get(name);
    this.#plugins.set(name, plugin);
    if (!old) return;
    await old.module.exclusive(() => {}).catch(() => {}); // its turn comes after theirs; a deadline may have closed it before
    await old.module.close();
  }

  async #start(plugin) {
    const print = (chunk) => this.#log(`  [${plugin.name}] ${Buffer.from(chunk).toString().trimEnd()}`);
    const config = new ModuleConfig()
      .withName('') // the name in the binary is the author's choice: two plugins may have the same
      .withStartFunctions('_initialize') // a library, not a program: no _start
      .withStdout(print)
      .withStderr(print)
      .withSysWalltime()
      .withSysNanotime()
      .withLimits({ openFiles: 8, pendingOutputBytes: 65_536, ...plugin.limits });
    plugin.module = await this.#runtime.instantiateModule(plugin.compiled, config, {
      timeoutMs: 5_000,
      context: plugin,
    });
    await plugin.module.exclusive((guest) => plugin.abi.setUp(guest), { timeoutMs: 5_000, context: plugin });
  }

  /** One conversation with one plugin: others that ask it wait, other plugins run in parallel. */
  async request(name, order, timeoutMs) {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const plugin = this.#plugins.get(name); // perhaps another one than the last time
      if (!plugin) throw new Error(`no plugin ${name}`);
      if (plugin.module.isClosed) {
        // Stopped earlier by a deadline, or it trapped: a fresh one, started once for all who wait.
        plugin.starting ??= this.#start(plugin).finally(() => {
          plugin.starting = undefined;
        });
        await plugin.starting;
      }
      try {
        const options = { timeoutMs: Math.max(until - performance.now(), 1), context: plugin };
        return JSON.parse(
          await plugin.module.exclusive((guest) => plugin.abi.handle(guest, JSON.stringify(order)), options),
        );
      } catch (error) {
        // Somebody else's request was stopped or trapped while ours waited, and nothing of ours has run: once more.
        if (error.code !== 'ERR_WAZERO_CLOSED') throw error;
      }
    }
  }

  close() {
    return this.#runtime.close();
  }
}
