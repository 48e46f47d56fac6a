import { packageVersion } from '../package-version.js';
import { command, helpFlags, output } from './command.js';

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
