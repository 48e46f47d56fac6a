import { describeFlags, FlagError, type Flags, type FlagValues, parseFlags } from './flags.js';

/** One word of the command line. */
export interface Command {
  readonly name: string;
  /** For the list of commands. */
  readonly summary: string;
  /** @returns the exit code */
  run(args: readonly string[]): number | Promise<number>;
}

/** Ends the command with a message on stderr and code 1. */
export class Failure extends Error {
  readonly usage: string;
  constructor(message: string, usage = '') {
    super(message);
    this.usage = usage;
  }
}

export const helpFlags = {
  h: { kind: 'bool', help: 'Prints usage.' },
  help: { kind: 'bool', help: 'Prints usage.' },
} as const satisfies Flags;

interface Parts<F extends Flags> {
  readonly name: string;
  readonly summary: string;
  /** What follows the name, for its usage. */
  readonly line: string;
  readonly flags: F;
  /** `usage` is for a Failure. */
  run(values: FlagValues<F>, rest: readonly string[], usage: string): number | Promise<number>;
}
/** A command that explains itself, and whose flags are read. */
export function command<const F extends typeof helpFlags>({ name, summary, line, flags, run }: Parts<F>): Command {
  const usage = `node-wazero CLI\n\nUsage:\n  node-wazero ${name}${line && ` ${line}`}\n\nOptions:\n${describeFlags(flags)}`;
  const read = (args: readonly string[]) => {
    try {
      return parseFlags<F>(flags, args);
    } catch (error) {
      if (error instanceof FlagError) error.command = name;
      throw error;
    }
  };
  return {
    name,
    summary,
    run(args) {
      const { values, rest } = read(args);
      if (!values.h && !values.help) return run(values, rest, usage);
      print(usage);
      return 0;
    },
  };
}

/** What is said to the user, not the result: stderr. */
export const print = (text: string) => void process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
/** The result, which may be piped on: stdout. */
export const output = (text: string) => void process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The result of `work`, or a Failure that says what was being done. */
export async function during<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Failure(`${what}: ${messageOf(error)}`);
  }
}
