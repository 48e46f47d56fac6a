/**
 * Go's way with flags, so that a line written for wazero's command works here: one dash or two, `-name value` or `-name=value`,
 * a boolean takes no value but `-name=false`, and the first word that is no flag ends them. Messages are those of Go's package flag.
 */
export type FlagKind = 'bool' | 'int' | 'string' | 'duration' | 'list';
interface FlagTypes {
  bool: boolean;
  int: number;
  string: string;
  /** ns */
  duration: bigint;
  list: readonly string[];
}
export interface Flag {
  readonly kind: FlagKind;
  readonly help: string;
  /** Throws an Error with what is wrong. */
  readonly check?: (value: string) => void;
}
export type Flags = Readonly<Record<string, Flag>>;
/** What a flag that was not given holds: false, 0, '', 0n, []. */
export type FlagValues<F extends Flags> = { -readonly [K in keyof F]: FlagTypes[F[K]['kind']] };

export class FlagError extends Error {
  /** Whose flags they are; '': of node-wazero itself. */
  command = '';
}

const zero: FlagTypes = { bool: false, int: 0, string: '', duration: 0n, list: [] };

export function parseFlags<const F extends Flags>(
  flags: F,
  args: readonly string[],
): { values: FlagValues<F>; rest: string[] } {
  const values: Record<string, FlagTypes[FlagKind]> = {};
  for (const [name, { kind }] of Object.entries(flags)) values[name] = zero[kind];
  let at = 0;
  while (at < args.length) {
    const word = args[at]!;
    if (word.length < 2 || !word.startsWith('-')) break;
    at++;
    if (word === '--') break;
    const [, name, inline] = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) throw new FlagError(`bad flag syntax: ${word}`);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (!flag) throw new FlagError(`flag provided but not defined: -${name}`);
    let value = inline;
    if (value === undefined && flag.kind === 'bool') value = 'true';
    value ??= args[at++];
    if (value === undefined) throw new FlagError(`flag needs an argument: -${name}`);
    try {
      flag.check?.(value);
      values[name] = flag.kind === 'list' ? [...(values[name] as string[]), value] : convert(flag.kind, value);
    } catch (error) {
      const kind = flag.kind === 'bool' ? 'boolean value' : 'value';
      const place = flag.kind === 'bool' ? `for -${name}` : `for flag -${name}`;
      throw new FlagError(`invalid ${kind} ${JSON.stringify(value)} ${place}: ${(error as Error).message}`);
    }
  }
  return { values: values as FlagValues<F>, rest: args.slice(at) };
}

function convert(kind: Exclude<FlagKind, 'list'>, value: string): FlagTypes[FlagKind] {
  switch (kind) {
    case 'string':
      return value;
    case 'duration':
      return parseDuration(value);
    case 'int':
      if (!/^[+-]?\d{1,15}$/.test(value)) throw new Error('parse error');
      return Number(value);
    case 'bool':
      if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
      if (/^(0|f|F|false|FALSE|False)$/.test(value)) return false;
      throw new Error('parse error');
  }
}

const unitNs: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Go's time.ParseDuration, in ns: "300ms", "1.5h", "2h45m", "0". */
export function parseDuration(text: string): bigint {
  const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text)!;
  if (rest === '0') return 0n;
  if (/^[\d.]+$/.test(rest!)) throw new Error(`parse error, a unit is missing: ${rest}s, ${rest}ms`);
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(rest!)) throw new Error('parse error');
  let ns = 0;
  for (const [, number, unit] of rest!.matchAll(/([\d.]+)([a-zµμ]+)/g)) ns += Number(number) * unitNs[unit!]!;
  return BigInt(Math.trunc(sign === '-' ? -ns : ns));
}

/** Go's Duration.String: 1.5s, 300ms, 2h45m0s. */
export function formatDuration(ns: bigint): string {
  if (ns < 0n) return `-${formatDuration(-ns)}`;
  const decimal = (value: bigint, unit: number) => String(Number(value) / unit);
  if (ns === 0n) return '0s';
  if (ns < 1_000n) return `${ns}ns`;
  if (ns < 1_000_000n) return `${decimal(ns, 1e3)}µs`;
  if (ns < 1_000_000_000n) return `${decimal(ns, 1e6)}ms`;
  const minutes = ns / 60_000_000_000n;
  const seconds = `${decimal(ns % 60_000_000_000n, 1e9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** The list of flags as Go's PrintDefaults lays it out. */
export function describeFlags(flags: Flags): string {
  const type = { bool: '', int: ' int', string: ' string', duration: ' duration', list: ' value' };
  const lines = Object.entries(flags)
    .sort()
    .map(([name, { kind, help }]) => `  -${name}${type[kind]}\n    \t${help}`);
  return `${lines.join('\n')}\n`;
}
