import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

// script (util-linux) runs a command with a terminal of its own.
it.runIf(existsSync('/usr/bin/script'))(
  "G13: a terminal gets the escape sequences of a guest as they are through 'inherit', and SECURITY.md says so",
  () => {
    const fixture = fileURLToPath(new URL('../fixtures/processes/escapes.mjs', import.meta.url));
    const seen = execFileSync('/usr/bin/script', ['-qec', `'${process.execPath}' '${fixture}'`, '/dev/null'], {
      encoding: 'utf8',
      timeout: 20_000,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    expect(seen).toContain('<\u001b]0;title\u0007\u001b[31m>');
    const security = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');
    expect(security).toMatch(/escape sequences: `'inherit'` does not filter/);
  },
);
