import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoreFeatures, isWazeroError, ModuleConfig, Runtime, RuntimeConfig } from '../../dist/index.js';
import { encode, isReference, matches, toValue, valueMatches, wordsOf } from './values.mjs';
import { listByGroup, vectors } from './vectors.mjs';

const { V2, Threads, TailCall, ExtendedConst, ExceptionHandling, TypedFunctionReferences } = CoreFeatures;
/** A folder is a feature set. */
const features = {
  core: V2,
  simd: V2,
  threads: V2 | Threads,
  'tail-call': V2 | TailCall,
  'extended-const': V2 | ExtendedConst,
  exceptions: V2 | ExceptionHandling | TailCall | TypedFunctionReferences,
  'func-refs': V2 | TypedFunctionReferences | TailCall,
};

/**
 * Runs every file of the folder. `lane`: 'sync' = callWithStackSync and callSync, 'async' = callWithStack and call.
 * `guardPages` is withGuardPages'. Answers { total, passed, perGroup, deviations: [{ group, file, line, type, got }] }; total counts assertions, as baseline.json does, but
 * a command of any type that does not do what it should is a deviation, and so is one that cannot be run.
 */
export async function runSpec({ engine = 'compiler', lane = 'sync', guardPages = 'auto', from, only } = {}) {
  const folder = vectors('spec', from);
  const result = { total: 0, passed: 0, perGroup: {}, deviations: [] };
  for (const [group, file] of listByGroup(folder, '.json')) {
    if (only && !`${group}/${file}`.includes(only)) continue;
    const { total, deviations } = await runFile({ folder, group, file, engine, lane, guardPages });
    const failed = deviations.filter((d) => d.type.startsWith('assert_')).length;
    result.total += total;
    result.passed += total - failed;
    result.perGroup[group] = (result.perGroup[group] ?? 0) + total;
    result.deviations.push(...deviations);
  }
  return result;
}

async function runFile({ folder, group, file, engine, lane, guardPages }) {
  const config = (engine === 'compiler' ? RuntimeConfig.compiler() : RuntimeConfig.interpreter())
    .withCoreFeatures(features[group] ?? V2)
    .withGuardPages(guardPages);
  const runtime = new Runtime(config);
  const spectest = readFileSync(join(folder, group === 'threads' ? 'spectest_threads.wasm' : 'spectest.wasm'));
  runtime.instantiateSync(spectest, new ModuleConfig().withName('spectest'));
  const { commands } = JSON.parse(readFileSync(join(folder, group, `${file}.json`), 'utf8'));
  const script = new Script({ runtime, lane, commands, load: (name) => readFileSync(join(folder, group, name)) });
  const deviations = [];
  let total = 0;
  for (const [index, command] of commands.entries()) {
    if (command.type.startsWith('assert_')) total++;
    try {
      await script.run(command, index);
    } catch (error) {
      deviations.push({
        group,
        file,
        line: command.line,
        type: command.type,
        got: String(error.message).split('\n')[0].slice(0, 200),
      });
    }
  }
  await runtime.close();
  return { total, deviations };
}

/** One file: its modules, and what each command does. A command throws when it does not come out as it should. */
class Script {
  #current;
  #named = new Map();
  #references = new Map();

  constructor({ runtime, lane, commands, load }) {
    Object.assign(this, { runtime, lane, commands, load });
  }

  async run(command, index) {
    switch (command.type) {
      case 'module':
        this.#current = undefined;
        if (command.name !== undefined) this.#named.delete(command.name);
        this.#current = await this.#instantiate(command, this.#nameToRegister(command, index));
        if (command.name !== undefined) this.#named.set(command.name, this.#current);
        return;
      case 'register':
        // Done by the look-ahead of `module`; here only that there was one.
        this.#module(command.name);
        return;
      case 'action':
        await this.#act(command.action);
        return;
      case 'assert_return':
        return this.#expectResults(command, await this.#act(command.action));
      case 'assert_trap':
        return expectTrap(await failure(() => this.#act(command.action)), command.text);
      case 'assert_exhaustion':
        return expectTrap(await failure(() => this.#act(command.action)), 'stack overflow');
      case 'assert_exception':
        return expectTrap(await failure(() => this.#act(command.action)), 'uncaught exception');
      case 'assert_invalid':
      case 'assert_malformed':
        // The pre-scan is first with what is too much of anything, and calls that a limit.
        return expectCode(await failure(() => this.runtime.compileModule(this.load(command.filename))), command, [
          'ERR_WAZERO_COMPILE',
          'ERR_WAZERO_LIMIT',
        ]);
      case 'assert_unlinkable':
        return expectCode(await failure(() => this.#instantiate(command, '')), command, ['ERR_WAZERO_LINK']);
      case 'assert_uninstantiable':
        // A segment out of bounds is a link error to wazero, a start function that traps is a trap.
        return expectCode(await failure(() => this.#instantiate(command, '')), command, [
          'ERR_WAZERO_TRAP',
          'ERR_WAZERO_LINK',
        ]);
      default:
        throw new Error(`Expected a known command but received ${command.type}`);
    }
  }

  /** wazero binds a module's name when it is instantiated, the vectors register later: look ahead. */
  #nameToRegister({ name }, index) {
    const names = [];
    let current = true;
    for (const later of this.commands.slice(index + 1)) {
      if (later.type === 'module') {
        current = false;
        if (name !== undefined && later.name === name) break;
      }
      if (later.type === 'register' && (later.name === undefined ? current : later.name === name)) names.push(later.as);
    }
    if (names.length > 1) throw new Error(`Expected one registered name but received ${names.join(', ')}`);
    return names[0] ?? '';
  }

  #instantiate({ filename }, name) {
    const config = new ModuleConfig().withName(name);
    return this.lane === 'async'
      ? this.runtime.instantiate(this.load(filename), config)
      : this.runtime.instantiateSync(this.load(filename), config);
  }

  #module(name) {
    const module = name === undefined ? this.#current : this.#named.get(name);
    if (!module) throw new Error(`Expected a module ${name ?? '(current)'} but it was not instantiated`);
    return module;
  }

  /** Answers { words } of the results, or { values } where a reference type is in the signature. */
  async #act({ type, module: name, field, args = [] }) {
    const module = this.#module(name);
    if (type === 'get') return { values: [module.exportedGlobal(field).get()] };
    const fn = module.exportedFunction(field);
    if (!fn) throw new Error(`Expected an exported function ${field}`);
    const { paramTypes, resultTypes } = fn.definition;
    if ([...paramTypes, ...resultTypes].some(isReference)) {
      const values = args.map((argument) => toValue(argument, this.#references));
      const answer = this.lane === 'async' ? await fn.call(...values) : fn.callSync(...values);
      return { values: resultTypes.length === 1 ? [answer] : resultTypes.length === 0 ? [] : answer };
    }
    const size = (types) => types.reduce((sum, t) => sum + wordsOf(t), 0);
    const stack = new BigUint64Array(Math.max(size(paramTypes), size(resultTypes)));
    stack.set(args.flatMap(encode));
    if (this.lane === 'async') await fn.callWithStack(stack);
    else fn.callWithStackSync(stack);
    return { words: stack.subarray(0, size(resultTypes)) };
  }

  #expectResults({ expected }, { words, values }) {
    const count = values?.length ?? words.length;
    const wanted = values ? expected.length : expected.reduce((sum, { type }) => sum + wordsOf(type), 0);
    if (count !== wanted) throw new Error(`Expected ${wanted} results but received ${count}`);
    let at = 0;
    for (const [i, one] of expected.entries()) {
      const got = values ? values[i] : words.subarray(at, at + wordsOf(one.type));
      at += wordsOf(one.type);
      const good = values ? valueMatches(one, got, this.#references) : matches(one, got);
      if (!good)
        throw new Error(
          `Expected result ${i} to be ${JSON.stringify(one)} but received ${values ? String(got) : Array.from(got, (w) => w.toString(16))}`,
        );
    }
  }
}

async function failure(action) {
  try {
    await action();
  } catch (error) {
    if (!isWazeroError(error)) throw error;
    return error;
  }
  return undefined;
}

function expectCode(error, { text, filename }, codes) {
  if (!error) throw new Error(`accepted, want ${text} (${filename})`);
  if (!codes.includes(error.code))
    throw new Error(`Expected ${codes.join(' or ')} but received ${error.code}: ${error.message}`);
}

/** The vectors' words for what wazero names otherwise. */
const trapWords = {
  'undefined element': ['invalid table access'],
  'uninitialized element': ['invalid table access'],
  'out of bounds table access': ['invalid table access'],
  'indirect call': ['indirect call type mismatch'],
  'null function': ['null reference', 'invalid table access'],
  'null function reference': ['null reference'],
};
function expectTrap(error, text) {
  if (!error) throw new Error(`returned, want trap ${text}`);
  if (error.code !== 'ERR_WAZERO_TRAP') throw new Error(`Expected a trap but received ${error.code}: ${error.message}`);
  // "uninitialized element 2": the vectors put a number behind some texts
  const wanted = text.replace(/ \d+$/, '');
  const kinds = trapWords[wanted] ?? [wanted];
  if (!kinds.some((kind) => error.kind === kind || error.kind.startsWith(kind))) {
    throw new Error(`Expected trap ${text} but received ${error.kind}`);
  }
}
