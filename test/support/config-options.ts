/** For the property tests of configurations: options that are drawn together with what they mean. */
import fc from 'fast-check';
import type { Limits } from './package.js';

export const numRuns = Number(process.env.WAZERO_ROUND_TRIPS ?? 500);

/** One call of a builder, and what it means. */
export interface Option<Config, Model> {
  text: string;
  apply(config: Config): Config;
  mean(model: Model): void;
}
export function optionsOf<Config, Model>() {
  const options: fc.Arbitrary<Option<Config, Model>>[] = [];
  const names: string[] = [];
  const add = <T>(
    name: string,
    values: fc.Arbitrary<T>,
    apply: (config: Config, value: T) => Config,
    mean: (model: Model, value: T) => void,
  ) => {
    names.push(name);
    options.push(
      values.map((value) => ({
        text: `${name}(${fc.stringify(value)})`,
        apply: (config) => apply(config, value),
        mean: (model) => mean(model, value),
      })),
    );
  };
  return { names, add, sequence: () => fc.array(fc.oneof(...options), { maxLength: 25 }) };
}

export const text = fc.string({ unit: 'binary', maxLength: 12 }); // surrogate pairs, NUL and all
export const u32 = fc.oneof(fc.nat(), fc.constantFrom(1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff));
const positive = (most: number) => fc.oneof(fc.integer({ min: 1, max: most }), fc.constantFrom(1, most));
export const fd = fc.integer({ min: 0, max: 0x7fff_ffff });
export const bytes = fc.uint8Array({ maxLength: 20 });
const limit = (most: number) => fc.option(positive(most), { nil: undefined });
export const moduleLimits = {
  memoryPages: limit(65536),
  tableElements: limit(0xffff_ffff),
  callStackBytes: limit(Number.MAX_SAFE_INTEGER),
  openFiles: limit(0xffff_ffff),
  queuedCalls: limit(1000),
  pendingOutputBytes: limit(1000),
};
export const runtimeLimits = {
  ...moduleLimits,
  totalMemoryBytes: limit(Number.MAX_SAFE_INTEGER),
  moduleBytes: limit(Number.MAX_SAFE_INTEGER),
  concurrentCompiles: limit(0xffff_ffff),
};
export const limitsOf = (shape: Record<string, fc.Arbitrary<number | undefined>>): fc.Arbitrary<Limits> =>
  fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Limits>;
/** The methods of a builder that set something. */
export const methodsOf = (builder: { prototype: object }) =>
  Object.getOwnPropertyNames(builder.prototype).filter((name) => name.startsWith('with'));
export function mergeLimits(model: Limits, limits: Limits): void {
  for (const [name, value] of Object.entries(limits) as [keyof Limits, number | undefined][]) {
    if (value === undefined) delete model[name];
    else model[name] = value;
  }
}
export const shown = (options: readonly Option<never, never>[]) => options.map((option) => option.text).join('.');

/** Those of a module that sets none. */
export const noLimits = { memoryPages: 0, tableElements: 0, callStackBytes: 0, openFiles: 0 };
export const decodedLimits = (limits: Required<Pick<Limits, keyof typeof noLimits>>) => ({
  memoryPages: String(limits.memoryPages),
  tableElements: String(limits.tableElements),
  callStackBytes: String(limits.callStackBytes),
  openFiles: String(limits.openFiles),
});
