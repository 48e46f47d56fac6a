/** Everything at once while Go collects without pause (GOGC=1), signals rain and every answer is checked. WAZERO_JS_STRESS_SECONDS lengthens it. */
import { expect } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';

const seconds = Number(process.env.WAZERO_JS_STRESS_SECONDS || 10);

needsEdit('e4')(
  `${seconds} s of growth, throws, nested calls, traps, deadlines, collections and signals give right answers`,
  async () => {
    const { code, signal, stdout, stderr } = await run('stress', {
      args: [seconds],
      env: { GOGC: '1' },
      timeoutMs: seconds * 1000 + 60_000,
    });
    expect({ code, signal, stderr: stderr.slice(0, 3000) }).toEqual({ code: 0, signal: null, stderr: '' });
    const [counts, open] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    console.log('stress:', counts);
    expect(Object.keys(counts).length).toBeGreaterThan(10);
    expect(Object.entries(open).filter(([, count]) => count !== 0)).toEqual([]);
  },
  seconds * 1000 + 90_000,
);
