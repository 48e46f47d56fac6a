import { readFileSync } from 'node:fs';
import { type Command, helpFlags, output, print, usageOf } from './command.js';
import { parseFlags } from './flags.js';

/** Of this package. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}

const usage = usageOf('version', helpFlags);
export const version: Command = {
  name: 'version',
  summary: 'Displays the version of node-wazero',
  usage,
  run(args) {
    const { values } = parseFlags(helpFlags, args);
    if (values.h || values.help) print(usage);
    else output(packageVersion());
    return 0;
  },
};
