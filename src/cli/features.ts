import { CoreFeatures } from '../index.js';
import type { Flags } from './flags.js';

const { V1: _, V2, ...singleFeatures } = CoreFeatures;
/** Each CoreFeature by its name. */
export const features = Object.entries(singleFeatures);
/** Those that are off by default included. */
export const allFeatures = features.reduce((all, [, flag]) => all | flag, 0n);

/** The shorter words that other commands have for them. */
const shorter: Readonly<Record<string, bigint>> = {
  all: allFeatures,
  bulkmemory: CoreFeatures.BulkMemoryOperations,
  exceptions: CoreFeatures.ExceptionHandling,
  functionreferences: CoreFeatures.TypedFunctionReferences,
  saturatingfloattoint: CoreFeatures.NonTrappingFloatToIntConversion,
  signextension: CoreFeatures.SignExtensionOps,
};
const byWord = new Map([
  ...features.map(([name, flag]) => [name.toLowerCase(), flag] as const),
  ...Object.entries(shorter),
]);
const flagOf = (word: string) => byWord.get(word.toLowerCase().replaceAll(/[-_]/g, ''));
const wordsOf = (list: string) => list.split(',').filter((word) => word !== '');

/** How a feature is written on the command line: tail-call. */
export const wordOf = (name: string) =>
  name === 'ExceptionHandling' ? 'exceptions' : name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

const off = features.filter(([, flag]) => (flag & V2) === 0n).map(([name]) => wordOf(name));
export const featureFlags = {
  features: {
    kind: 'list',
    help: `Comma-separated features of WebAssembly that the module may use beside those of 2.0: ${off.join(',')}, or all.`,
    check(value) {
      const unknown = wordsOf(value).find((word) => flagOf(word) === undefined);
      if (unknown !== undefined) throw new Error(`${JSON.stringify(unknown)} is none of ${off.join(', ')} and all`);
    },
  },
} as const satisfies Flags;

/** For RuntimeConfig.withCoreFeatures. */
export const withFeatures = (lists: readonly string[]): bigint =>
  lists.flatMap(wordsOf).reduce((sum, word) => sum | (flagOf(word) ?? 0n), V2);
