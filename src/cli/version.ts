import { readFileSync } from 'node:fs';
import { command, helpFlags, output } from './command.js';

/** Of this package. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}

export const version = command({
  name: 'version',
  summary: 'Displays the version of node-wazero',
  line: '',
  flags: helpFlags,
  run() {
    output(packageVersion());
    return 0;
  },
});
