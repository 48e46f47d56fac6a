/** Calls that C++ enters without Go have no frame in Go that could be stopped: what ends them from outside all the same. */
import { expect, it } from 'vitest';
import { run } from '../support/child.js';

for (const direct of ['1', '0']) {
  const outcome = async (mode: string) => {
    const { code, signal, stdout, stderr } = await run('direct', {
      args: [mode],
      env: { WAZERO_NODE_DIRECT: direct },
      timeoutMs: 40_000,
    });
    return { code, signal, stdout: stdout.trim(), stderr };
  };
  const well = { code: 0, signal: null, stderr: '' };

  it(`a Worker is terminated in an endless guest (WAZERO_NODE_DIRECT=${direct})`, async () => {
    expect(await outcome('terminate')).toEqual({ ...well, stdout: '[1,1,1,1,1]' });
  });
  it(`vm ends a guest at its timeout (WAZERO_NODE_DIRECT=${direct})`, async () => {
    expect(await outcome('vm')).toEqual({ ...well, stdout: '["ERR_SCRIPT_EXECUTION_TIMEOUT",false]' });
  });
  it(`process.exit in a host function ends the process, and a Worker (WAZERO_NODE_DIRECT=${direct})`, async () => {
    expect(await outcome('exit')).toEqual({ ...well, code: 6, stdout: '' });
    expect(await outcome('worker-exit')).toEqual({ ...well, stdout: '[5,5,5,5,5]' });
  });
}

it('who looks at running calls stops when there are none, and comes back', async () => {
  const { code, stdout } = await run('direct', { args: ['idle'] });
  expect([code, stdout.trim()]).toEqual([0, 'done']);
});
