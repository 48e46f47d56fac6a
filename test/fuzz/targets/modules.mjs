/**
 * Bytes that are nearly a module, through pre-scan, compilation and instantiation on both engines, one call of each function with 20 ms: a closed list of
 * outcomes, little time, little memory; both engines and V8 have one opinion of what is a module.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoreFeatures, ModuleConfig, Runtime, RuntimeConfig } from '../../../dist/index.js';
import { listByGroup, vectors } from '../../conformance/vectors.mjs';
import { finding, planOf } from '../differential.mjs';
import { readCorpus } from '../generated.mjs';

const features = CoreFeatures.V2 | CoreFeatures.TailCall | CoreFeatures.Threads;
const mostSeconds = 10;
const mostGrowth = 512 << 20;
const codes = /^ERR_WAZERO_(COMPILE|LIMIT)$/;
const endings = /^ERR_WAZERO_(LINK|TRAP|EXIT|LIMIT|ABORTED)$/;

/** Later ones have more features: what wazero refuses because its own are off would have to be told from the rest. */
const v8IsAsked = process.versions.v8.startsWith('11.');
/** Where wazero and V8 (of Node 20) are of two opinions, and nobody is harmed. */
const opinions = [
  // Names of functions are refused where they are malformed: error messages and stack traces read them.
  /^wazero: section custom: .* \| V8: accepted/s,
  // V8 has an older exception handling, and does not look at the type of a segment without elements.
  /^wazero: (tag section not supported|.* invalid instruction 0x6|.* invalid ref type for element: ).* \| V8: accepted/,
  // The pre-scan refuses what wazero would take for another instruction.
  /^wazero: .* vector instruction of unknown opcode .* \| V8: accepted/,
  // wazero reads types of references, and tables with an initializer, whether their feature is on or not: only instructions ask for it, but for
  // ref.null, and null is all that such a type then has. (What is exnref today was noextern in this V8.)
  /^wazero: accepted \| V8: .* (invalid value type (0x40|'stringref'|'stringview_wtf8ref'|'noexternref')|invalid heap type 'noextern'|Invalid indexed heap type)/,
  // An i32 of five bytes may have another sign in the last one, which both engines ignore; a count of data segments that cannot be read is none, and
  // instructions that need one are refused.
  /^wazero: accepted \| V8: .* (extra bits in varint|expected data segments count)/,
  // Of ref.null in an initializer only null is left.
  /^wazero: accepted \| V8: .* Unknown heap type/,
];

export function open() {
  const seeds = [...specModules(), ...readCorpus('v8'), ...readCorpus('wazero')];
  const spectest = readFileSync(join(vectors('spec'), 'spectest.wasm'));
  const counts = { accepted: 0, refused: 0, calls: 0, opinions: 0 };
  const runtimes = {};
  let served = 0;

  async function serve() {
    if (served++ % 500 !== 0) return;
    await close();
    for (const engine of ['compiler', 'interpreter']) {
      runtimes[engine] = new Runtime(
        RuntimeConfig[engine]()
          .withCoreFeatures(features)
          .withCloseOnContextDone(true)
          .withLimits({ totalMemoryBytes: 1 << 28, tableElements: 100_000 }),
      );
      runtimes[engine].instantiateSync(spectest, new ModuleConfig().withName('spectest'));
    }
  }
  async function close() {
    for (const engine of Object.keys(runtimes)) await runtimes[engine].close();
  }

  /** Compiles; the error where it is refused. */
  function compile(engine, bytes) {
    const begin = performance.now();
    try {
      return { compiled: runtimes[engine].compileModuleSync(bytes, { timeoutMs: mostSeconds * 1000 }) };
    } catch (error) {
      if (!codes.test(error.code)) throw finding(`${engine}: ${error.code} ${error.message}`, bytes);
      return { error };
    } finally {
      const took = (performance.now() - begin) / 1000;
      if (took > mostSeconds) console.error(`${engine}: ${bytes.length} bytes took ${took} s`);
    }
  }

  function use(engine, compiled, bytes, random) {
    const acceptable = (error) => {
      if (!endings.test(error.code)) throw finding(`${engine}: ${error.code} ${error.message}`, bytes);
    };
    let module;
    try {
      module = runtimes[engine].instantiateModuleSync(compiled, new ModuleConfig().withName(''), { timeoutMs: 20 });
    } catch (error) {
      return acceptable(error);
    }
    try {
      for (const { name, args } of planOf([...compiled.exportedFunctions()].slice(0, 8), random)) {
        if (module.isClosed) break;
        counts.calls++;
        try {
          module
            .exportedFunction(name)
            .withOptions({ timeoutMs: 20 })
            .callSync(...args);
        } catch (error) {
          acceptable(error);
        }
      }
    } finally {
      module.closeSync();
    }
  }

  return {
    counts,
    close,
    async run(random) {
      await serve();
      const bytes = mutate(random.pick(seeds), random, seeds);
      const before = process.resourceUsage().maxRSS;
      const one = compile('compiler', bytes);
      const other = compile('interpreter', bytes);
      const grown = (process.resourceUsage().maxRSS - before) * 1024;
      try {
        if (grown > mostGrowth) throw finding(`${bytes.length} bytes took ${grown} bytes of memory`, bytes);
        const accepted = one.compiled !== undefined;
        counts[accepted ? 'accepted' : 'refused']++;
        if (accepted !== (other.compiled !== undefined))
          throw finding(
            `compiler: ${one.error?.message ?? 'accepted'}\ninterpreter: ${other.error?.message ?? 'accepted'}`,
            bytes,
          );
        const v8 = v8IsAsked ? opinionOfV8(bytes) : one.error?.message;
        if (accepted !== (v8 === undefined)) {
          const opinion = `wazero: ${one.error?.message ?? 'accepted'} | V8: ${v8 ?? 'accepted'}`;
          if (!opinions.some((known) => known.test(opinion))) throw finding(opinion, bytes);
          counts.opinions++;
        }
        if (accepted) {
          use('compiler', one.compiled, bytes, random);
          use('interpreter', other.compiled, bytes, random);
        }
      } finally {
        one.compiled?.closeSync();
        other.compiled?.closeSync();
      }
    },
  };
}

function opinionOfV8(bytes) {
  if (WebAssembly.validate(bytes)) return undefined;
  try {
    new WebAssembly.Module(bytes);
  } catch (error) {
    return error.message;
  }
  return undefined;
}

function specModules() {
  const folder = vectors('spec');
  return listByGroup(folder, '.wasm')
    .map(([group, file]) => readFileSync(join(folder, group, `${file}.wasm`)))
    .filter((bytes) => bytes.length < 1 << 14 && WebAssembly.validate(bytes));
}

const telling = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0b, 0x10, 0x1f, 0x20, 0x40, 0x41, 0x5f, 0x60, 0x69, 0x6f, 0x70, 0x7b, 0x7c, 0x7d,
  0x7e, 0x7f, 0x80, 0xd0, 0xfc, 0xfd, 0xfe, 0xff,
];
const longNumbers = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0x80, 0x80, 0x80, 0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x04],
  [0xff, 0xff, 0x7f],
];

/** One to four changes; the header stays more often than not. */
function mutate(seed, random, seeds) {
  let bytes = Uint8Array.from(seed);
  for (let n = 1 + random.below(random.oneIn(3) ? 4 : 1); n > 0; n--) {
    const at =
      bytes.length <= 8 || random.oneIn(50) ? random.below(bytes.length + 1) : 8 + random.below(bytes.length - 8);
    const length = 1 + random.below(random.oneIn(4) ? 64 : 4);
    const replaceBy = (removed, added) => {
      const tail = bytes.subarray(Math.min(bytes.length, at + removed));
      const changed = new Uint8Array(at + added.length + tail.length);
      changed.set(bytes.subarray(0, at));
      changed.set(added, at);
      changed.set(tail, at + added.length);
      bytes = changed;
    };
    switch (random.below(9)) {
      case 0:
      case 1:
        if (at < bytes.length) bytes[at] ^= 1 << random.below(8);
        break;
      case 2:
      case 3:
        if (at < bytes.length) bytes[at] = random.pick(telling);
        break;
      case 4:
        if (at < bytes.length) bytes[at] += random.oneIn(2) ? 1 : 255;
        break;
      case 5:
        replaceBy(0, random.oneIn(2) ? random.pick(longNumbers) : random.bytes(length));
        break;
      case 6:
        replaceBy(length, []);
        break;
      case 7: {
        const other = random.oneIn(3) ? bytes : random.pick(seeds);
        const from = random.below(other.length);
        const piece = other.slice(from, from + length);
        replaceBy(random.oneIn(2) ? piece.length : 0, piece);
        break;
      }
      case 8:
        if (random.oneIn(3)) bytes = bytes.slice(0, at);
        else replaceBy(1, random.pick(longNumbers));
    }
  }
  return bytes;
}
