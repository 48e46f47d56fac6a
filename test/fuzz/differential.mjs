/**
 * The same module with the same arguments on two engines: what each call gave or how it ended, what host functions were called with, and
 * memory and globals at the end must be equal.
 */
import { isDeepStrictEqual } from 'node:util';
import { CoreFeatures, isWazeroError, Runtime, RuntimeConfig } from '../../dist/index.js';

const reference = { host: 'reference' };
const most = 20;

/** Arguments of each type; undefined: a type that JavaScript cannot pass. */
const argument = {
  i32: (random) => random.i32(),
  i64: (random) => random.i64(),
  f32: (random) => Math.fround(random.float()),
  f64: (random) => random.float(),
  v128: (random) => random.bytes(16),
  funcref: () => null,
  externref: (random) => random.pick([null, reference]),
};

/** What is done with the exports of a module: a call of each function with arguments, some of them twice, some without a deadline. */
export function planOf(functions, random, usable = () => true) {
  const calls = [];
  for (const [name, { paramTypes, resultTypes }] of functions) {
    const types = [...paramTypes, ...resultTypes];
    if (!types.every((type) => argument[type] && usable(type))) continue;
    for (let n = random.oneIn(2) ? 2 : 1; n > 0; n--)
      calls.push({ name, args: paramTypes.map((type) => argument[type](random)), endless: random.oneIn(2) });
  }
  return calls.slice(0, 60);
}

/** Host functions of IMPORTS in smith/src/main.rs; what they are called with goes to the log of the run. */
class Host {
  log = [];
  #told(name, ...values) {
    this.log.push([name, ...values]);
    if (this.log.length % most === 0) throw new Error('host');
  }
  functions = {
    a: (x) => {
      this.#told('a', x);
      return (Math.imul(x, 31) + 7) | 0;
    },
    b: (x, y) => {
      this.#told('b', x, y);
      return Number(BigInt.asIntN(32, y)) / 3;
    },
    c: () => this.#told('c'),
    d: (x, y) => {
      this.#told('d', x, y);
      return [~x, BigInt.asIntN(64, y + 1n)];
    },
  };
}
const types = {
  a: [['i32'], ['i32']],
  b: [['f64', 'i64'], ['f64']],
  c: [[], []],
  d: [
    ['i32', 'i64'],
    ['i32', 'i64'],
  ],
};

const plain = (value) => {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value === 'function') return 'function';
  return typeof value === 'object' && value !== null && value !== reference ? 'function' : value;
};
const plainResults = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(plain);

/** wazero; a runtime serves many modules. */
export class Wazero {
  #runtime;
  #host;
  #engine;
  #features;
  #served = 0;
  #seen;
  #fuel;
  #guardPages;
  /** `seen` is what of a memory is compared: all of it, where nothing else is said. With `fuel` what calls cost is, too. */
  constructor(engine, features, seen, { fuel = false, guardPages = 'auto' } = {}) {
    this.#engine = engine;
    this.#features = features;
    this.#seen = seen;
    this.#fuel = fuel;
    this.#guardPages = guardPages;
  }
  static features = {
    v8: CoreFeatures.V2 | CoreFeatures.TailCall | CoreFeatures.ExtendedConst,
    wazero:
      CoreFeatures.V2 |
      CoreFeatures.TailCall |
      CoreFeatures.ExtendedConst |
      CoreFeatures.Threads |
      CoreFeatures.ExceptionHandling,
  };

  async #open() {
    if (this.#runtime && this.#served++ < 300) return;
    await this.close();
    this.#served = 0;
    this.#runtime = new Runtime(
      RuntimeConfig[this.#engine]()
        .withCoreFeatures(this.#features)
        .withCloseOnContextDone(true)
        .withFuel(this.#fuel)
        .withGuardPages(this.#guardPages),
    );
    const builder = this.#runtime.newHostModuleBuilder('h');
    for (const [name, [params, results]] of Object.entries(types)) {
      builder
        .newFunctionBuilder()
        .withFunction((...args) => this.#host.functions[name](...args), params, results)
        .export(name);
    }
    await builder.instantiate();
  }

  async compile(bytes) {
    await this.#open();
    return this.#runtime.compileModule(bytes, { timeoutMs: 20_000 });
  }

  async run(compiled, calls, asynchronous) {
    this.#host = new Host();
    const outcome = { log: this.#host.log, calls: [], fuel: [] };
    let module;
    try {
      module = await this.#runtime.instantiateModule(compiled, undefined, { timeoutMs: 5000 });
      outcome.start = 'ok';
    } catch (error) {
      outcome.start = ended(error);
      return outcome;
    } finally {
      if (module === undefined) compiled.close();
    }
    for (const { name, args, endless, fuel } of calls) {
      if (this.#fuel) outcome.fuel.push(module.usage().fuel);
      if (module.isClosed) break;
      // Generated modules end by themselves. Calls without a deadline are those that may go without Go.
      const f = module.exportedFunction(name).withOptions({ ...(endless ? {} : { timeoutMs: 5000 }), fuel });
      try {
        outcome.calls.push(plainResults(asynchronous ? await f.call(...args) : f.callSync(...args)));
      } catch (error) {
        outcome.calls.push(ended(error));
        if (error.code !== 'ERR_WAZERO_TRAP') break;
      }
    }
    if (!module.isClosed) {
      const memory = module.memory;
      if (memory)
        outcome.memory = this.#seen
          ? this.#seen(new Uint8Array(memory.buffer))
          : Buffer.from(memory.read(0, memory.size()));
      outcome.globals = this.globals.map((name) => plain(module.exportedGlobal(name).get()));
    }
    await module.close();
    await compiled.close();
    return outcome;
  }
  globals = [];
  async close() {
    await this.#runtime?.close();
    this.#runtime = undefined;
  }
}

export class V8 {
  globals = [];
  #seen;
  constructor(seen = (bytes) => Buffer.from(bytes)) {
    this.#seen = seen;
  }
  run(bytes, calls) {
    const host = new Host();
    const outcome = { log: host.log, calls: [], fuel: [] };
    let instance;
    try {
      instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { h: host.functions });
      outcome.start = 'ok';
    } catch (error) {
      outcome.start = ended(error);
      return outcome;
    }
    for (const { name, args } of calls) {
      try {
        outcome.calls.push(plainResults(instance.exports[name](...args)));
      } catch (error) {
        outcome.calls.push(ended(error));
      }
    }
    const memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
    if (memory) outcome.memory = this.#seen(new Uint8Array(memory.buffer));
    outcome.globals = this.globals.map((name) => plain(instance.exports[name].value));
    return outcome;
  }
}

/** The families of traps: each engine has its own words, and its own opinion how fine to part them. */
const families = [
  [/^unreachable/, 'unreachable'],
  [/memory access|data segment|out of bounds memory/, 'memory'],
  [/divide by zero|remainder by zero/, 'zero'],
  [/divide result unrepresentable|integer overflow|float unrepresentable|invalid conversion/, 'number'],
  [/table|null function|indirect call|element segment|signature mismatch/, 'table'],
  [/unaligned/, 'unaligned'],
  [/stack/, 'stack'],
  [/^host/, 'host'],
  [/exception/, 'exception'],
  [/fuel/, 'fuel'],
];
export const inconclusive = new Set(['stack', 'timeout']);

function ended(error) {
  if (error instanceof WebAssembly.CompileError || error.code === 'ERR_WAZERO_COMPILE')
    return `compile: ${error.message}`;
  if (error.code === 'ERR_WAZERO_EXIT' || error.code === 'ERR_WAZERO_ABORTED') return 'timeout';
  if (error.code === 'ERR_WAZERO_LINK') return family(error.message);
  if (isWazeroError(error) && error.code !== 'ERR_WAZERO_TRAP') return `${error.code}: ${error.message}`;
  return family(error.kind ?? error.message);
}
function family(text) {
  return families.find(([pattern]) => pattern.test(text))?.[1] ?? `other: ${text}`;
}

/** What is different, in words; undefined: nothing, as far as both went. */
export function difference(one, other, calls) {
  if (inconclusive.has(one.start) || inconclusive.has(other.start)) return undefined;
  if (one.start !== other.start) return `start: ${one.start} / ${other.start}`;
  for (const [i, call] of calls.entries()) {
    const [a, b] = [one.calls[i], other.calls[i]];
    if (inconclusive.has(a) || inconclusive.has(b)) return undefined;
    if (one.fuel?.[i] !== other.fuel?.[i])
      return `fuel before call ${i} ${show(call)}: ${one.fuel[i]} / ${other.fuel[i]}`;
    if (!isDeepStrictEqual(a, b)) return `call ${i} ${show(call)}: ${show(a)} / ${show(b)}`;
    if (a === undefined) break;
  }
  if (!isDeepStrictEqual(one.fuel, other.fuel)) return `fuel: ${show(one.fuel)} / ${show(other.fuel)}`;
  if (!isDeepStrictEqual(one.log, other.log)) return `host calls: ${show(one.log)} / ${show(other.log)}`;
  if (!isDeepStrictEqual(one.globals, other.globals)) return `globals: ${show(one.globals)} / ${show(other.globals)}`;
  if (one.memory?.length !== other.memory?.length)
    return `memory size: ${one.memory?.length} / ${other.memory?.length}`;
  if (one.memory && Buffer.compare(one.memory, other.memory) !== 0) {
    const at = one.memory.findIndex((byte, i) => byte !== other.memory[i]);
    return `memory at ${at}: ${one.memory.toString('hex', at, at + 16)} / ${other.memory.toString('hex', at, at + 16)}`;
  }
  return undefined;
}
const show = (value) =>
  JSON.stringify(value, (_, v) =>
    typeof v === 'bigint'
      ? `${v}n`
      : Object.is(v, -0)
        ? '-0'
        : typeof v === 'number' && !Number.isFinite(v)
          ? String(v)
          : v,
  );

/** A finding with the module that showed it. */
export function finding(message, bytes) {
  return Object.assign(new Error(message), { input: Buffer.from(bytes).toString('base64') });
}
