import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CompilationCache, ModuleConfig, Runtime, RuntimeConfig, Tenant, wasi } from 'node-wazero';
import { addQuickJs, javaScript, quickJsBinary } from '../plugin-host/quickjs.mjs';

const perTenant = { concurrentCalls: 8, memoryBytes: 256 * 2 ** 20, cpuMsPerSecond: 1_000 }; // in each process
const plain = new ModuleConfig().withName('').withLimits({ memoryPages: 512 });

/** What a script may ask for: here it comes from nowhere, after 20 ms. */
const services = {
  fetch: (_job, path, signal) => setTimeout(20, JSON.stringify(Array.from(path)), { signal }),
};

/** Plugins in JavaScript, each in its warm state. Compiled code and images are in a directory, which processes share. */
export class Plugins {
  #directory;
  #runtime;
  #quickJs;
  #images = new Map();
  #tenants = new Map();

  static async open(directory) {
    const plugins = new Plugins();
    await mkdir(directory, { recursive: true });
    plugins.#directory = directory;
    const cache = CompilationCache.withDir(join(directory, 'code'));
    plugins.#runtime = new Runtime(RuntimeConfig.untrusted().withCompilationCache(cache));
    await wasi.instantiate(plugins.#runtime);
    await addQuickJs(plugins.#runtime, services);
    plugins.#quickJs = await plugins.#runtime.compileModule(await quickJsBinary());
    return plugins;
  }

  /** What the plugin's `handle` answers; JSON in, JSON out. Each job has a copy of the image, and the copy is thrown away. */
  async run({ tenant, plugin, input }) {
    const { image, script } = await this.#load(plugin);
    const config = plain.withTenant(this.#tenant(tenant));
    const module = await this.#runtime.instantiateModule(image, config, { timeoutMs: 10_000 });
    try {
      const answer = (guest) => script.handle(guest, JSON.stringify(input));
      return JSON.parse(await module.exclusive(answer, { cpuTimeMs: 500, timeoutMs: 10_000 }));
    } finally {
      await module.close();
    }
  }

  #tenant(name) {
    let tenant = this.#tenants.get(name);
    if (!tenant) {
      tenant = new Tenant(name, perTenant);
      this.#tenants.set(name, tenant);
    }
    return tenant;
  }

  /** Once for each plugin; the first process of all makes the image, the others map its file. */
  #load(name) {
    let loading = this.#images.get(name);
    if (!loading) {
      loading = this.#open(name);
      this.#images.set(name, loading);
      loading.catch(() => this.#images.delete(name)); // the next job tries again
    }
    return loading;
  }
  async #open(name) {
    if (!/^\w+$/.test(name)) throw new TypeError(`Expected the name of a plugin but received ${name}`);
    const source = await readFile(new URL(`plugins/${name}.js`, import.meta.url), 'utf8');
    const script = javaScript(source, name);
    const path = join(
      this.#directory,
      `${name}-${createHash('sha256').update(source).digest('hex').slice(0, 16)}.image`,
    );
    const freeze = async () => {
      const module = await this.#runtime.instantiateModule(this.#quickJs, plain.withStartFunctions('_initialize'));
      await module.exclusive((guest) => script.setUp(guest));
      const image = await module.freeze();
      await module.close();
      await image.save(path); // written beside and renamed: who comes at the same time sees all of it or nothing
      return image;
    };
    return { script, image: await this.#runtime.loadImage(path, this.#quickJs).catch(freeze) };
  }

  async close() {
    await this.#runtime.close();
    for (const tenant of this.#tenants.values()) await tenant.close();
  }
}
