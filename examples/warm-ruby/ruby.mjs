import { readdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CompilationCache, ExitError, ModuleConfig, OutputBuffer, Runtime, RuntimeConfig, wasi } from 'node-wazero';

const binary = new URL(import.meta.resolve('@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm'));
const directory = fileURLToPath(new URL('../../build/examples-cache', import.meta.url));
// How a script is run lies in the memory of the image; the name of its file says where.
const named = /^warm-ruby-(\d+)\.img$/;

/** What a script would wait for, and how one is run: all that the image has. */
const warmUp = `
require 'json'
require 'set'
require 'erb'
require 'digest'
require 'time'
$stdout.sync = true
def __run
  srand # what is drawn at random is drawn anew: the image has one state of it for all
  eval($stdin.read, TOPLEVEL_BINDING, 'script.rb')
  0
rescue SystemExit => e
  e.status
rescue Exception => e
  $stderr.puts e.full_message(highlight: false, order: :top)
  1
end
begin # what explains errors is loaded by the first one
  eval('1 +')
rescue SyntaxError => e
  e.full_message(highlight: false)
end
$__ran = nil
`;
const runIt = '$__ran = __run; exit!($__ran) if $__ran != 0';

const functions = {
  init: 'ruby-init: func(args: list<string>) -> ()',
  evaluate: 'rb-eval-string-protect: func(str: string) -> tuple<handle<rb-abi-value>, s32>',
};
const realloc = (module) => module.exportedFunction('cabi_realloc', ['i32', 'i32', 'i32', 'i32'], ['i32']);
const evaluate = (module) => module.exportedFunction(functions.evaluate, ['i32', 'i32'], ['i32']);

/** The text in the guest's memory: pointer and length. */
async function put(guest, text) {
  const bytes = Buffer.from(text);
  const pointer = await realloc(guest).call(0, 0, 1, bytes.length);
  guest.memory.write(pointer, bytes);
  return [pointer, bytes.length];
}

/** Ruby with its standard library, warm: each script runs in a copy of one interpreter. */
export class Ruby {
  #cache = CompilationCache.withDir(directory);
  #runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true).withCompilationCache(this.#cache));
  #compiled;
  #image;
  #runIt;

  static async create() {
    const ruby = new Ruby();
    await wasi.instantiate(ruby.#runtime);
    ruby.#compiled = await ruby.#runtime.compileModule(binary);
    await ruby.#addHosts();
    ruby.#image = await ruby.#load().catch(() => ruby.#freeze());
    return ruby;
  }

  /** The package's way to JavaScript, closed: scripts get an exception of the host, which ends them. Handles of Ruby's values are their addresses. */
  async #addHosts() {
    const hosts = {
      'rb-js-abi-host': {},
      canonical_abi: {
        'resource_drop_js-abi-value': () => {},
        'resource_new_rb-abi-value': (value) => value,
        'resource_get_rb-abi-value': (handle) => handle,
      },
    };
    for (const [host, given] of Object.entries(hosts)) {
      const builder = this.#runtime.newHostModuleBuilder(host);
      for (const { import: from, paramTypes, resultTypes } of this.#compiled.importedFunctions()) {
        if (from.module !== host) continue;
        const { name } = from;
        const closed = () => {
          throw new Error(`Ruby asked for JavaScript: ${name}`);
        };
        builder
          .newFunctionBuilder()
          .withFunction(given[name] ?? closed, paramTypes, resultTypes)
          .export(name);
      }
      await builder.instantiate();
    }
  }

  async #load() {
    const file = (await readdir(directory)).find((name) => named.test(name));
    this.#runIt = [Number(named.exec(file)[1]), runIt.length];
    return this.#runtime.loadImage(`${directory}/${file}`, this.#compiled);
  }
  async #freeze() {
    const config = new ModuleConfig().withName('').withStartFunctions('_initialize').withSystem();
    const module = await this.#runtime.instantiateModule(this.#compiled, config);
    await module.exclusive(async (guest) => {
      const args = ['ruby', '-EUTF-8', '-e_=0'];
      const list = await realloc(guest).call(0, 0, 4, args.length * 8);
      for (const [i, arg] of args.entries()) {
        const [pointer, length] = await put(guest, `${arg}\0`);
        guest.memory.writeUint32Le(list + i * 8, pointer);
        guest.memory.writeUint32Le(list + i * 8 + 4, length);
      }
      await guest.exportedFunction(functions.init, ['i32', 'i32'], []).call(list, args.length);
      const state = await evaluate(guest).call(...(await put(guest, warmUp)));
      if (guest.memory.readUint32Le(state + 4) !== 0) throw new Error('Ruby could not warm up');
      this.#runIt = await put(guest, runIt);
    });
    const frozen = await module.freeze();
    await module.close();
    for (const name of await readdir(directory))
      if (named.test(name)) await rm(`${directory}/${name}`, { force: true }); // of another build, or damaged
    await frozen.save(`${directory}/warm-ruby-${this.#runIt[0]}.img`); // the next process begins there, too
    return frozen;
  }

  /** The script's stdin is empty: what is there is the script. `stdout`: where a module may write. */
  async run(script, { timeoutMs = 2_000, stdout = new OutputBuffer({ maxBytes: 100_000 }) } = {}) {
    const stderr = new OutputBuffer({ maxBytes: 100_000 });
    const config = new ModuleConfig()
      .withName('')
      .withStdin(Buffer.from(script))
      .withStdout(stdout)
      .withStderr(stderr)
      .withSystem()
      .withLimits({ memoryPages: 4096 }); // 256 MiB
    const module = await this.#runtime.instantiateModule(this.#image, config);
    let ended = 'ok';
    try {
      // One call, and nobody looks into its memory: V8 takes a view of 70 MB for a reason to collect garbage.
      await evaluate(module)
        .withOptions({ timeoutMs })
        .call(...this.#runIt);
    } catch (error) {
      ended =
        error instanceof ExitError ? (error.reason === 'exit' ? `exit ${error.exitCode}` : error.reason) : error.name;
    } finally {
      await module.close();
    }
    return { ended, stdout: stdout.text?.(), stderr: stderr.text() };
  }

  close() {
    return this.#runtime.close().then(() => this.#cache.close());
  }
}
