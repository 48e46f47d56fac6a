// Go runs on small stacks of goroutines, on the JS thread too: a signal handler without SA_ONSTACK that comes there writes into
// whatever lies below. libuv's are such. In a test of edit E4, one in twenty-five runs lost a free list of Go's stacks that way.
import { spawn, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { binding } from '../support/package.js';

it.skipIf(process.platform === 'win32')(
  'L7: there is no signal handler without a stack of its own, whenever it was set',
  async () => {
    const addon = binding();
    expect(addon.signalsOnStack(), 'after the load').toBe(0);
    const listener = () => {};
    for (const signal of ['SIGUSR2', 'SIGTERM', 'SIGUSR2'] as const) {
      process.on(signal, listener);
      expect(addon.signalsOnStack(), `after process.on('${signal}')`).toBe(0);
      process.off(signal, listener);
    }
    spawnSync('true');
    expect(addon.signalsOnStack(), 'after spawnSync').toBe(0);
    await new Promise((ended) => spawn('true').on('exit', ended));
    expect(addon.signalsOnStack(), 'after spawn').toBe(0);
  },
);
