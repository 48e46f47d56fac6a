/**
 * Node's signal handlers run on whatever stack the thread is on, also the guest's. Edit E4 leaves them room there.
 * WAZERO_SIGNAL_SECONDS lengthens each mode; without the cure a mode dies within some seven seconds.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';

const seconds = Number(process.env.WAZERO_SIGNAL_SECONDS || 10);
const profiles = mkdtempSync(join(tmpdir(), 'wazero-profile-'));
process.on('exit', () => rmSync(profiles, { recursive: true, force: true }));

describe.concurrent(`L7, D14: a flood of signals for ${seconds} s does no harm to guests`, () => {
  for (const [name, mode, nodeArgs] of [
    ['on the JS thread', 'main', []],
    ['on the JS thread, in guests that C++ enters', 'direct', []],
    ['in a Worker', 'worker', []],
    ['on Go threads (call)', 'async', []],
    ['of every kind, handlers set before and after the addon is loaded, in both lanes', 'all', []],
    [
      'of every kind, under --cpu-prof and --heap-prof',
      'all',
      ['--cpu-prof', '--cpu-prof-interval=200', '--heap-prof', `--diagnostic-dir=${profiles}`],
    ],
  ] as const) {
    needsEdit('e4')(
      name,
      async () => {
        const { code, signal, stdout, stderr } = await run('signals', {
          args: [mode, seconds],
          nodeArgs: [...nodeArgs],
          timeoutMs: seconds * 1000 + 40_000,
        });
        expect({ code, signal, stderr: stderr.slice(0, 2000) }).toEqual({ code: 0, signal: null, stderr: '' });
        const { rounds, heard } = JSON.parse(stdout);
        const counts = Object.values<number>(heard);
        console.log(`signals, ${name}: ${rounds} guests run, handlers heard`, heard);
        expect(rounds).toBeGreaterThan(3);
        expect(counts.length).toBe(mode === 'all' ? 18 : 1);
        expect(Math.min(...counts)).toBeGreaterThan(5);
      },
      seconds * 1000 + 60_000,
    );
  }
});
