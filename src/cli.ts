#!/usr/bin/env node
import { type Command, Failure, helpFlags, messageOf, print } from './cli/command.js';
import { compile } from './cli/compile.js';
import { doctor } from './cli/doctor.js';
import { FlagError, parseFlags } from './cli/flags.js';
import { freezeCommand } from './cli/freeze.js';
import { inspect } from './cli/inspect.js';
import { run } from './cli/run.js';
import { types } from './cli/types.js';
import { version } from './cli/version.js';

const commands: readonly Command[] = [compile, doctor, freezeCommand, inspect, run, types, version];

const topUsage = `node-wazero CLI

Usage:
  node-wazero <command>

Commands:
${commands.map(({ name, summary }) => `  ${name}\t${name.length < 6 ? '\t' : ''}${summary}\n`).join('')}`;

async function main(args: readonly string[]): Promise<number> {
  const { values, rest } = parseFlags(helpFlags, args);
  const [word, ...commandArgs] = rest;
  if (values.h || values.help || word === undefined) {
    print(topUsage);
    return 0;
  }
  const command = commands.find(({ name }) => name === word);
  if (!command) throw new Failure('invalid command', topUsage);
  return command.run(commandArgs);
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return; // `| head` has enough
  print(`error writing the result: ${error.message}`);
  process.exit(1); // the rest would not be written either
});
process.stderr.on('error', () => {}); // there is nobody to tell
// The code is set, not exited with, so that what was written is written; 0xefffffff is 255 where codes are one byte, as with wazero.
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof Failure ? error.usage : '';
  const help =
    error instanceof FlagError ? ` (node-wazero${error.command && ` ${error.command}`} -h names the flags)` : '';
  print(`${messageOf(error)}${help}${usage && `\n${usage}`}`);
  process.exitCode = error instanceof FlagError ? 2 : 1;
}
