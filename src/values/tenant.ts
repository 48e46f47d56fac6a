import { outOfRange } from './errors.js';
import { shown } from './shown.js';
import type { TenantLimits, Usage } from './types.js';
import { checkInteger, checkKeys, checkObject, wrongType } from './validate.js';

/** In the order in which they cross (wazero_node.h). */
const limitNames = [
  'memoryBytes',
  'instances',
  'tableElements',
  'openFiles',
  'pendingOutputBytes',
  'concurrentCalls',
  'queuedCalls',
  'cpuMsPerSecond',
  'weight',
] as const satisfies readonly (keyof TenantLimits)[];
/** That are no whole numbers, and never 0. */
const rates: ReadonlySet<string> = new Set(['cpuMsPerSecond', 'weight']);
/** More is as good as none, and a share of less as good as nothing. */
const mostRate = 1e6;

/** `limits` over `base`, field by field; undefined takes a field back to none. */
export function mergeTenantLimits(base: TenantLimits, limits: TenantLimits): TenantLimits {
  checkObject(limits, 'limits');
  checkKeys(limits, limitNames, 'limits');
  const merged: { -readonly [K in keyof TenantLimits]: TenantLimits[K] } = { ...base };
  for (const name of limitNames) {
    if (!Object.hasOwn(limits, name)) continue;
    const value: unknown = limits[name];
    if (value === undefined) {
      delete merged[name];
    } else {
      if (rates.has(name)) checkRate(value, `limits.${name}`);
      else checkInteger(value, 0, Number.MAX_SAFE_INTEGER, `limits.${name}`);
      merged[name] = value as number;
    }
  }
  return Object.freeze(merged);
}
function checkRate(value: unknown, name: string): void {
  if (typeof value !== 'number') throw wrongType('a number', name, value);
  if (!(value >= 1 / mostRate && value <= mostRate))
    throw outOfRange(
      `Expected a number of ${1 / mostRate} to ${mostRate} for ${name} but received ${shown(String(value))}`,
    );
}

/** As they cross: the bits of doubles, NaN for none. Only own fields were checked. */
export function tenantLimitWords(limits: TenantLimits): BigUint64Array {
  const own = (name: keyof TenantLimits) => (Object.hasOwn(limits, name) ? limits[name] : undefined);
  return new BigUint64Array(Float64Array.from(limitNames, (name) => own(name) ?? Number.NaN).buffer);
}
export function tenantLimitsOf(words: BigUint64Array): TenantLimits {
  const values = new Float64Array(words.buffer);
  const limits: { -readonly [K in keyof TenantLimits]: TenantLimits[K] } = {};
  limitNames.forEach((name, i) => {
    const value = values[i] as number;
    if (!Number.isNaN(value)) limits[name] = value;
  });
  return Object.freeze(limits);
}

/** Of words as they cross; `waiting`: calls beside those. */
export function usageOf(words: BigUint64Array, waiting = 0): Usage {
  const number = (i: number) => Number(words[i]);
  return Object.freeze({
    cpuMs: number(0) / 1e6,
    waitedMs: number(1) / 1e6,
    memoryBytes: number(2),
    peakMemoryBytes: number(3),
    instances: number(4),
    openFiles: number(5),
    runningCalls: number(6),
    waitingCalls: number(7) + waiting,
    calls: number(8),
    failedCalls: number(9),
    stoppedCalls: number(10),
    traps: number(11),
    hostCalls: number(12),
    outputBytes: number(13),
    inputBytes: number(14),
    fuel: words[15] as bigint,
  });
}
/** Of what is closed nothing is there any more: memory, instances, files, calls. */
export function forgetPresent(words: BigUint64Array): BigUint64Array {
  for (const i of [2, 4, 5, 6, 7, 16, 17]) words[i] = 0n;
  return words;
}
