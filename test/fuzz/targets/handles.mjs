/**
 * Runtimes, caches, modules and what comes from them, opened, used and closed in any order, without waiting for what was begun: every
 * answer is a value or an error of the documented list, and nothing is left natively when all is closed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompilationCache,
  experimental,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../../../dist/index.js';
import { native } from '../../../dist/internal.js';
import { wat } from '../../support/wat.mjs';

const guest = wat(`(module (memory (export "memory") 1 8) (global (export "g") (mut i32) (i32.const 0))
  (func (export "f") (param i32) (result i32) (local.get 0)) (func (export "trap") (unreachable)) (func (export "loop") (loop $l (br $l)))
  (func (export "grow") (drop (memory.grow (i32.const 1)))))`);
const importing = wat(
  '(module (import "lib" "f" (func $f (param i32) (result i32))) (import "lib" "memory" (memory 1)) (func (export "f") (param i32) (result i32) (call $f (local.get 0))))',
);
const codes =
  /^ERR_WAZERO_(CLOSED|BUSY|LINK|TRAP|EXIT|ABORTED|LIMIT|COMPILE|OUT_OF_RANGE|INVALID_ARGUMENT|NOT_INTERRUPTIBLE|NO_EXTERNAL_BUFFERS)$/;
const counted = ['runtimes', 'compiledModules', 'modules', 'callEngines', 'memoryReservations', 'references'];

export function open() {
  const counts = { operations: 0, refused: 0 };

  async function play(random) {
    const pools = {
      caches: [],
      runtimes: [],
      compiled: [],
      modules: [],
      functions: [],
      memories: [],
      globals: [],
      buffers: [],
    };
    const begun = [];
    const check = (error) => {
      counts.refused++;
      if (!codes.test(error?.code) || /recovered by/.test(error.message)) throw error;
    };
    const keep = (pool, value) => {
      if (value !== undefined && value !== null) pools[pool].push(value);
    };
    // Not awaited: what comes next meets it half done.
    const begin = (promise, pool) => {
      begun.push(promise.then((value) => pool && keep(pool, value), check).catch((error) => error));
    };
    const any = (pool) => random.pick(pools[pool]);
    const operations = {
      cache: () => keep('caches', new CompilationCache()),
      runtime: () => {
        const config = RuntimeConfig[random.oneIn(3) ? 'interpreter' : 'compiler']().withCloseOnContextDone(
          !random.oneIn(4),
        );
        keep(
          'runtimes',
          new Runtime(pools.caches.length && random.oneIn(2) ? config.withCompilationCache(any('caches')) : config),
        );
      },
      compile: () =>
        begin(
          any('runtimes').compileModule(
            random.oneIn(3) ? importing : guest,
            random.oneIn(6) ? { signal: AbortSignal.timeout(1) } : {},
          ),
          'compiled',
        ),
      compileSync: () => keep('compiled', any('runtimes').compileModuleSync(guest)),
      instantiate: () =>
        begin(
          any('runtimes').instantiateModule(
            any('compiled'),
            new ModuleConfig().withName(random.pick(['', 'lib', 'x'])),
          ),
          'modules',
        ),
      instantiateSync: () =>
        keep(
          'modules',
          any('runtimes').instantiateModuleSync(
            any('compiled'),
            new ModuleConfig().withName(random.pick(['', 'lib', 'y'])),
          ),
        ),
      whole: () =>
        begin(
          any('runtimes').instantiate(guest, new ModuleConfig().withName('').withStdout(any('buffers') ?? 'ignore')),
          'modules',
        ),
      wasi: () => begin(wasi.instantiate(any('runtimes'))),
      buffer: () => keep('buffers', new OutputBuffer()),
      first: () => {
        const module = any('runtimes').instantiateModuleSync(any('compiled'), new ModuleConfig().withName(''));
        keep('modules', module);
        module.exportedFunction('f').callSync(7);
      },
      f: () => keep('functions', any('modules').exportedFunction(random.pick(['f', 'trap', 'loop', 'grow', 'none']))),
      memory: () => keep('memories', any('modules').memory),
      global: () => keep('globals', any('modules').exportedGlobal('g')),
      call: () => {
        const f = any('functions');
        const { length } = f.definition.paramTypes;
        begin(f.withOptions({ timeoutMs: 1 + random.below(20) }).call(...[7].slice(0, length)));
      },
      callSync: () => {
        const f = any('functions');
        const endless = f.definition.exportNames[0] !== 'loop' && random.oneIn(2);
        const limited = f.withOptions(endless ? {} : { timeoutMs: 1 + random.below(5) });
        for (let n = random.below(4); n >= 0; n--) limited.callSync(...[7].slice(0, f.definition.paramTypes.length));
      },
      read: () => any('memories').read(0, 8),
      view: () => any('memories').buffer.byteLength,
      grow: () => any('memories').grow(1),
      get: () => any('globals').get(),
      set: () => any('globals').set(random.below(100)),
      closeModule: () => begin(any('modules').close()),
      closeModuleSync: () => any('modules').closeSync(),
      closeCompiled: () => begin(any('compiled').close()),
      closeRuntime: () => random.oneIn(3) && begin(any('runtimes').close()),
      closeCache: () => random.oneIn(2) && begin(any('caches').close()),
      collect: () => random.oneIn(4) && globalThis.gc(),
    };
    const needs = {
      compile: ['runtimes'],
      compileSync: ['runtimes'],
      instantiate: ['runtimes', 'compiled'],
      instantiateSync: ['runtimes', 'compiled'],
      first: ['runtimes', 'compiled'],
      whole: ['runtimes'],
      wasi: ['runtimes'],
      f: ['modules'],
      memory: ['modules'],
      global: ['modules'],
      call: ['functions'],
      callSync: ['functions'],
      read: ['memories'],
      view: ['memories'],
      grow: ['memories'],
      get: ['globals'],
      set: ['globals'],
      closeModule: ['modules'],
      closeModuleSync: ['modules'],
      closeCompiled: ['compiled'],
      closeRuntime: ['runtimes'],
      closeCache: ['caches'],
    };
    const names = Object.keys(operations);
    operations.runtime();
    try {
      for (let n = 0; n < 60; n++) {
        const name = random.pick(names);
        if ((needs[name] ?? []).some((pool) => pools[pool].length === 0)) continue;
        counts.operations++;
        try {
          operations[name]();
        } catch (error) {
          check(error);
        }
        if (random.oneIn(5)) await sleep(random.below(3));
      }
    } finally {
      const closing = [...pools.runtimes, ...pools.caches].map((handle) => handle.close());
      await Promise.all(closing);
    }
    const unexpected = (await Promise.all(begun)).find((value) => value instanceof Error);
    if (unexpected) throw unexpected;
  }

  /** Everything is closed: buffers that the collector holds may take a few turns. */
  async function expectNothingLeft() {
    let left;
    for (let n = 0; n < 100; n++) {
      const stats = experimental.stats();
      left = Object.fromEntries(counted.filter((kind) => stats[kind] !== 0).map((kind) => [kind, stats[kind]]));
      if (Object.keys(left).length === 0) return;
      globalThis.gc();
      native().collect();
      await sleep(10);
    }
    throw new Error(`left when all is closed: ${JSON.stringify(left)}`);
  }

  return {
    counts,
    async run(random, index) {
      await play(random);
      if (index % 50 === 49) await expectNothingLeft();
    },
    close: expectNothingLeft,
  };
}
