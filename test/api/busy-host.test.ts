// What guests are charged is what they ran, also where other processes take most of the processors: by the clock alone it was three times that and more.
import { describe, expect, it } from 'vitest';
import { run } from '../support/child.js';

const others = 4;
// Elsewhere guests are charged by the clock.
describe.runIf(process.platform === 'linux')(`beside ${others} processes that never rest`, () => {
  it.each([
    ['callSync', 'short calls, without Go', 200_000, {}],
    ['callSync', 'long calls, without Go', 10_000_000, {}],
    ['callSync', 'long calls, in Go', 10_000_000, { WAZERO_NODE_DIRECT: '0' }],
    ['call', 'long calls, in Go', 50_000_000, {}],
  ] as const)('%s, %s: a tenant is charged what its guests ran', async (lane, _, count, env) => {
    const { stdout, stderr } = await run('busy-host', { args: [lane, others, 600, count], env });
    expect(stderr).toBe('');
    const { charged, used, took } = JSON.parse(stdout);
    expect(charged / used, stdout).toBeGreaterThan(0.9);
    expect(charged / used, stdout).toBeLessThan(1.1);
    expect(took / used, 'the processors were taken').toBeGreaterThan(lane === 'call' ? 0.7 : 1.2);
  });
});
