import { describeFlags, type Flags } from './flags.js';

/** One word of the command line. */
export interface Command {
  readonly name: string;
  /** For the list of commands. */
  readonly summary: string;
  readonly usage: string;
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

export const usageOf = (line: string, flags: Flags) =>
  `node-wazero CLI\n\nUsage:\n  node-wazero ${line}\n\nOptions:\n${describeFlags(flags)}`;

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
