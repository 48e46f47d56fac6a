/**
 * Random configurations, every option of them, go from the builder through the flat struct and C++ to Go, and the same configuration comes
 * back. What is expected is kept beside the builder by each option as it is drawn, so it knows nothing of the code in between.
 */
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { defaultLimits, ENGINE, fieldsOf, runtimeRecord } from '../../dist/internal.js';
import {
  decodedLimits,
  limitsOf,
  mergeLimits,
  methodsOf,
  numRuns,
  optionsOf,
  runtimeLimits,
  shown,
} from '../support/config-options.js';
import { binding, CompilationCache, type Limits, RuntimeConfig } from '../support/package.js';

interface RuntimeModel {
  coreFeatures: bigint | null;
  memoryLimitPages: number | null;
  memoryCapacityFromMax: boolean;
  debugInfo: boolean;
  cache: CompilationCache | undefined;
  customSections: boolean;
  closeOnContextDone: boolean;
  closeOnTrap: boolean;
  fuel: boolean;
  guardPages: boolean | 'auto';
  defaultTimeoutMs: number;
  limits: Limits;
}
const caches = [new CompilationCache(), new CompilationCache()];
afterAll(() => Promise.all(caches.map((cache) => cache.close())));

const runtime = optionsOf<RuntimeConfig, RuntimeModel>();
runtime.add(
  'withCoreFeatures',
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  (config, features) => config.withCoreFeatures(features),
  (model, features) => {
    model.coreFeatures = features;
  },
);
runtime.add(
  'withMemoryLimitPages',
  fc.integer({ min: 0, max: 65536 }),
  (config, pages) => config.withMemoryLimitPages(pages),
  (model, pages) => {
    model.memoryLimitPages = pages;
  },
);
const switches = [
  ['withMemoryCapacityFromMax', 'memoryCapacityFromMax'],
  ['withDebugInfoEnabled', 'debugInfo'],
  ['withCustomSections', 'customSections'],
  ['withCloseOnContextDone', 'closeOnContextDone'],
  ['withCloseOnTrap', 'closeOnTrap'],
  ['withFuel', 'fuel'],
] as const;
for (const [method, field] of switches)
  runtime.add(
    method,
    fc.boolean(),
    (config, enabled) => config[method](enabled),
    (model, enabled) => {
      model[field] = enabled;
    },
  );
runtime.add(
  'withGuardPages',
  fc.constantFrom(true, false, 'auto' as const),
  (config, mode) => config.withGuardPages(mode),
  (model, mode) => {
    model.guardPages = mode;
  },
);
runtime.add(
  'withDefaultTimeout',
  fc.oneof(fc.integer({ min: 1 }), fc.constant(Infinity)),
  (config, timeoutMs) => config.withDefaultTimeout(timeoutMs),
  (model, timeoutMs) => {
    model.defaultTimeoutMs = timeoutMs;
  },
);
runtime.add(
  'withCompilationCache',
  fc.constantFrom(undefined, ...caches),
  (config, cache) => config.withCompilationCache(cache),
  (model, cache) => {
    model.cache = cache;
  },
);
runtime.add(
  'withLimits',
  limitsOf(runtimeLimits),
  (config, limits) => config.withLimits(limits),
  (model, limits) => mergeLimits(model.limits, limits),
);

it(`RuntimeConfig, ${numRuns} of them`, () => {
  const starts = {
    auto: () => new RuntimeConfig(),
    compiler: RuntimeConfig.compiler,
    interpreter: RuntimeConfig.interpreter,
  };
  fc.assert(
    fc.property(fc.constantFrom('auto', 'compiler', 'interpreter'), runtime.sequence(), (engine, options) => {
      let config = starts[engine]();
      const model: RuntimeModel = {
        coreFeatures: null,
        memoryLimitPages: null,
        memoryCapacityFromMax: false,
        debugInfo: true,
        cache: undefined,
        customSections: false,
        closeOnContextDone: false,
        closeOnTrap: false,
        fuel: false,
        guardPages: 'auto',
        defaultTimeoutMs: Infinity,
        limits: {},
      };
      for (const option of options) {
        config = option.apply(config);
        option.mean(model);
      }
      const fields = fieldsOf.runtimeConfig(config)!;
      const decoded = JSON.parse(binding().runtimeConfigDescribe(runtimeRecord(fields)));
      // These two stay in JavaScript.
      expect([fields.closeOnTrap, fields.defaultTimeoutMs]).toEqual([model.closeOnTrap, model.defaultTimeoutMs]);
      const limits = { ...defaultLimits, ...model.limits };
      expect(decoded, shown(options as never)).toEqual({
        engine: String(ENGINE[engine]),
        coreFeatures: model.coreFeatures === null ? null : String(model.coreFeatures),
        memoryLimitPages: model.memoryLimitPages === null ? null : String(model.memoryLimitPages),
        memoryCapacityFromMax: model.memoryCapacityFromMax,
        debugInfoDisabled: !model.debugInfo,
        compilationCache: String(model.cache ? fieldsOf.compilationCache(model.cache)!.handle : 0),
        customSections: model.customSections,
        closeOnContextDone: model.closeOnContextDone,
        fuel: model.fuel,
        totalMemoryBytes: String(limits.totalMemoryBytes),
        totalMemoryByDefault: model.limits.totalMemoryBytes === undefined,
        moduleBytes: String(limits.moduleBytes),
        concurrentCompiles: String(limits.concurrentCompiles),
        guardPages: { auto: '0', true: '1', false: '2' }[`${model.guardPages}`],
        limits: decodedLimits(limits),
      });
    }),
    { numRuns },
  );
});

it('every option of RuntimeConfig is drawn', () => {
  expect([...runtime.names].sort()).toEqual(methodsOf(RuntimeConfig).sort());
});
