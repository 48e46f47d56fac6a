import { describe, expect, it } from 'vitest';
import { FlagError, formatDuration, parseDuration, parseFlags } from '../../src/cli/flags.js';

const flags = {
  env: { kind: 'list', help: '' },
  quiet: { kind: 'bool', help: '' },
  timeout: { kind: 'duration', help: '' },
  workers: { kind: 'int', help: '' },
  cachedir: { kind: 'string', help: '' },
} as const;

describe('flags in the way of Go', () => {
  it.each([
    [['-env', 'a=b', '--env=c=d=e', 'x', '-env', 'no'], { env: ['a=b', 'c=d=e'] }, ['x', '-env', 'no']],
    [['-quiet', 'true'], { quiet: true }, ['true']],
    [['-quiet=false'], { quiet: false }, []],
    [['--timeout', '1.5s', '-workers=3', '--', '-x'], { timeout: 1_500_000_000n, workers: 3 }, ['-x']],
    [['-cachedir', '-odd'], { cachedir: '-odd' }, []],
    [['-cachedir=', '-'], { cachedir: '' }, ['-']],
  ])('%j', (args, expected, rest) => {
    const parsed = parseFlags(flags, args);
    expect(parsed.values).toMatchObject(expected);
    expect(parsed.rest).toEqual(rest);
  });

  it.each([
    [['-other'], 'flag provided but not defined: -other'],
    [['-toString'], 'flag provided but not defined: -toString'],
    [['---env'], 'bad flag syntax: ---env'],
    [['-=x'], 'bad flag syntax: -=x'],
    [['-env'], 'flag needs an argument: -env'],
    [['-timeout', '5'], 'invalid value "5" for flag -timeout: parse error, a unit is missing: 5s, 5ms'],
    [['-workers', 'two'], 'invalid value "two" for flag -workers: parse error'],
    [['-quiet=maybe'], 'invalid boolean value "maybe" for -quiet: parse error'],
  ])('refuses %j', (args, message) => {
    expect(() => parseFlags(flags, args)).toThrow(new FlagError(message));
  });

  it.each([
    ['0', 0n, '0s'],
    ['300ms', 300_000_000n, '300ms'],
    ['1.5s', 1_500_000_000n, '1.5s'],
    ['2h45m', 9_900_000_000_000n, '2h45m0s'],
    ['90s', 90_000_000_000n, '1m30s'],
    ['.5us', 500n, '500ns'],
    ['1.5µs', 1_500n, '1.5µs'],
    ['-1s', -1_000_000_000n, '-1s'],
  ])('a duration of %s', (text, ns, back) => {
    expect(parseDuration(text)).toBe(ns);
    expect(formatDuration(ns)).toBe(back);
  });

  it.each(['', '1', 's', '1.s.', '1 s', 's1', '1d'])('no duration: %j', (text) => {
    expect(() => parseDuration(text)).toThrow('parse error');
  });
});
