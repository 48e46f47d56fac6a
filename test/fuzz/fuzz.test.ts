/** A short run of each target, the same one every time: `npm run fuzz` runs them longer and with other seeds. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';

const main = fileURLToPath(new URL('main.mjs', import.meta.url));

for (const { target, executions, edit } of [
  { target: 'modules', executions: 5000, edit: 'e2' },
  { target: 'config', executions: 4000, edit: undefined },
  { target: 'wasi', executions: 60, edit: 'e8wasi' },
  { target: 'engines', executions: 300, edit: 'e2' },
  { target: 'fuel', executions: 1000, edit: 'e12fuel' },
  { target: 'v8', executions: 300, edit: 'e2' },
  { target: 'addresses', executions: 100, edit: 'e7address' },
  { target: 'boundaries', executions: 60, edit: 'e7address' },
  { target: 'floats', executions: 300, edit: 'e7cmov' },
  { target: 'handles', executions: 150, edit: 'e2' },
  { target: 'entries', executions: 300, edit: 'e6' },
  { target: 'names', executions: 40, edit: 'e8compile' },
]) {
  const declare = edit === undefined ? it : needsEdit(edit);
  declare(`C8: ${target}: ${executions} executions without a finding`, () => {
    const args = ['--committed', '--seed', '20', '--executions', String(executions), '--seconds', '500', target];
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ target, executions, findings: 0 });
  });
}
