import type { Limits, ModuleLimits } from './types.js';
import { checkInteger, checkKeys, checkObject, MAX_U32 } from './validate.js';

type LimitName = keyof Limits;

const runtimeLimits: readonly LimitName[] = ['totalMemoryBytes', 'moduleBytes', 'concurrentCompiles'];
const moduleLimits: readonly (keyof ModuleLimits)[] = [
  'memoryPages',
  'tableElements',
  'callStackBytes',
  'openFiles',
  'queuedCalls',
  'pendingOutputBytes',
];

/** What a field may be at most: what it is on the other side, and there never 0, which is "none" in the flat structs. */
const most: Required<Limits> = {
  totalMemoryBytes: Number.MAX_SAFE_INTEGER,
  moduleBytes: Number.MAX_SAFE_INTEGER,
  concurrentCompiles: MAX_U32,
  memoryPages: 65536,
  tableElements: MAX_U32,
  callStackBytes: Number.MAX_SAFE_INTEGER,
  openFiles: MAX_U32,
  queuedCalls: Number.MAX_SAFE_INTEGER,
  pendingOutputBytes: Number.MAX_SAFE_INTEGER,
};

const MiB = 2 ** 20;
/** The table of SECURITY.md. */
export const defaultLimits: Readonly<Required<Limits>> = Object.freeze({
  /** Of a control group native code takes half, where that is less. */
  get totalMemoryBytes() {
    return Math.min(16 * 1024 * MiB, Math.floor(process.getBuiltinModule('node:os').totalmem() / 2));
  },
  moduleBytes: 1024 * MiB,
  get concurrentCompiles() {
    return process.getBuiltinModule('node:os').availableParallelism();
  },
  memoryPages: 65536,
  tableElements: 10_000_000,
  callStackBytes: 64 * MiB,
  openFiles: 1024,
  queuedCalls: 100_000,
  pendingOutputBytes: 16 * MiB,
});

/** `limits` over `base`, field by field; undefined takes a field back to the default. */
export function mergeLimits(base: Limits, limits: Limits, of: 'runtime' | 'module'): Limits {
  checkObject(limits, 'limits');
  const names = of === 'runtime' ? [...runtimeLimits, ...moduleLimits] : moduleLimits;
  checkKeys(limits, names, 'limits');
  const merged: Limits = { ...base };
  for (const name of names) {
    if (!Object.hasOwn(limits, name)) continue;
    const value: unknown = limits[name];
    if (value === undefined) {
      delete merged[name];
    } else {
      checkInteger(value, 1, most[name], `limits.${name}`);
      merged[name] = value;
    }
  }
  return Object.freeze(merged);
}

/** The runtime's, or the default. */
export function runtimeLimit(limits: Limits, name: LimitName): number {
  return limits[name] ?? defaultLimits[name];
}
/** A module can only lower what its runtime allows. */
export function moduleLimit(runtime: Limits, module: Limits, name: LimitName): number {
  return Math.min(module[name] ?? Infinity, runtimeLimit(runtime, name));
}
