/**
 * Entries of a cache directory, changed. As they are: none is taken, the module is compiled anew, answers rightly, and the entry is good again. With a
 * checksum that fits, so that it is the reader of what belongs to the code that sees the change: a module or a new compilation, and no more memory than
 * there are bytes. (Nothing is called then: where functions begin is what was changed. Who can write a checksum can write code, see docs/caching.md.)
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompilationCache, CoreFeatures, Runtime, RuntimeConfig } from '../../../dist/index.js';
import { readCorpus } from '../generated.mjs';

const features = CoreFeatures.V2 | CoreFeatures.TailCall | CoreFeatures.ExtendedConst | CoreFeatures.Threads;
const all = features | CoreFeatures.ExceptionHandling;
// native/go/codecache/entry.go
const lengthsAt = 8 + 32;
const digestAt = lengthsAt + 16;
const headerBytes = digestAt + 32;
const pieceBytes = 2 << 20;
const mostGrowth = 256 << 20;

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** The checksum and the lengths of an entry with so many bytes of data are made to fit. */
function seal(entry, dataBytes) {
  entry.writeBigUInt64LE(BigInt(dataBytes), lengthsAt);
  entry.writeBigUInt64LE(BigInt(entry.length - headerBytes - dataBytes), lengthsAt + 8);
  const sums = [];
  for (const part of [entry.subarray(headerBytes, headerBytes + dataBytes), entry.subarray(headerBytes + dataBytes)])
    for (let at = 0; at < part.length; at += pieceBytes) sums.push(sha256(part.subarray(at, at + pieceBytes)));
  sha256(entry.subarray(0, digestAt), ...sums).copy(entry, digestAt);
}

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
      const dataBytes = Number(good.readBigUInt64LE(lengthsAt));
      const fits = random.oneIn(2);
      const [from, end] = fits ? [headerBytes, headerBytes + dataBytes] : [0, good.length];
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
