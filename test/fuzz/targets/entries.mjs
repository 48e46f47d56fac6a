/**
 * Entries of a cache directory, changed. As they are: none is taken, the module is compiled anew, answers rightly, and the entry is good again. With a
 * checksum that fits, so that it is the reader of what belongs to the code that sees the change: a module or a new compilation, and no more memory than
 * there are bytes. (Nothing is called then: where functions begin is what was changed. Who can write a checksum can write code, see docs/caching.md.)
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompilationCache, CoreFeatures, Runtime, RuntimeConfig } from '../../../dist/index.js';
import { dataBytes, headerBytes, seal } from '../../support/cache-entry.mjs';
import { readCorpus } from '../generated.mjs';

const features = CoreFeatures.V2 | CoreFeatures.TailCall | CoreFeatures.ExtendedConst | CoreFeatures.Threads;
const all = features | CoreFeatures.ExceptionHandling;
const mostGrowth = 256 << 20;

/** One to three changes of the bytes from `from` to `to`, one in four of which makes them fewer or more. */
function change(entry, from, to, random) {
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = from + random.below(Math.max(1, to - from));
    if (random.oneIn(4)) {
      const removed = random.below(Math.min(40, to - at + 1));
      const added = Buffer.from(random.bytes(random.below(40)));
      entry = Buffer.concat([entry.subarray(0, at), added, entry.subarray(at + removed)]);
      to += added.length - removed;
    } else if (random.oneIn(2) && at + 8 <= to) entry.writeBigUInt64LE(BigInt.asUintN(64, random.i64()), at);
    else if (at < to) entry[at] = random.oneIn(2) ? random.u32() : entry[at] ^ (1 << random.below(8));
  }
  return { entry, to };
}

export async function open() {
  const directory = mkdtempSync(join(tmpdir(), 'wazero-fuzz-'));
  const seeds = [];
  const counts = { refused: 0, read: 0 };
  let warnings = 0;
  process.on('warning', () => void warnings++);

  /** The compiled module of a seed, by a process that knows nothing but the directory. */
  async function load(bytes, use) {
    const cache = CompilationCache.withDir(directory);
    const config = RuntimeConfig.compiler().withCoreFeatures(all).withDebugInfoEnabled(true);
    const runtime = new Runtime(config.withCompilationCache(cache));
    try {
      await use(await runtime.compileModule(bytes));
    } finally {
      await runtime.close();
      await cache.close();
    }
  }
  const entries = () => {
    const [version] = readdirSync(directory);
    return version ? readdirSync(join(directory, version)).map((name) => join(directory, version, name)) : [];
  };
  for (const bytes of readCorpus('wazero').filter(({ length }) => length < 4000)) {
    const before = new Set(entries());
    await load(bytes, () => {}).catch(() => {}); // some are for other features
    const [file] = entries().filter((name) => !before.has(name));
    if (file) seeds.push({ bytes, file, good: readFileSync(file) });
    if (seeds.length === 40) break;
  }

  return {
    counts,
    async run(random) {
      const { bytes, file, good } = random.pick(seeds);
      const fits = random.oneIn(2);
      const [from, end] = fits ? [headerBytes, headerBytes + dataBytes(good)] : [0, good.length];
      const { entry, to } = change(Buffer.from(good), from, end, random);
      if (fits) seal(entry, to - headerBytes);
      if (entry.equals(good)) return;
      writeFileSync(file, entry);
      const before = process.resourceUsage().maxRSS;
      await load(bytes, (compiled) => void compiled.exportedFunctions());
      const grown = (process.resourceUsage().maxRSS - before) * 1024;
      if (grown > mostGrowth) throw new Error(`an entry of ${entry.length} bytes took ${grown} bytes of memory`);
      counts[fits ? 'read' : 'refused']++;
      if (!fits && !readFileSync(file).equals(good)) throw new Error('the entry is not good again');
      writeFileSync(file, good);
    },
    close() {
      rmSync(directory, { recursive: true });
      counts.warnings = warnings;
    },
  };
}
