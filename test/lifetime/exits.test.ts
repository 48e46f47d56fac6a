/** A process ends when it should: by itself when idle, at once when told to, and a Worker likewise; whatever is open or running. */
import { describe, expect, it } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';

/** A second, and what the fixture itself waits. */
const atOnceMs = 1_200;
const exits = (name: string) =>
  run('exits', {
    args: [name],
    timeoutMs: 20_000,
    ...(name.startsWith('SIGTERM') && { onReady: (pid: number) => process.kill(pid, 'SIGTERM') }),
  });

describe('L5: the process ends by itself', () => {
  it('with open runtimes', async () => {
    expect(await exits('open runtimes')).toMatchObject({ code: 0, signal: null, stdout: '7 65536\n', stderr: '' });
  });
  it('with a call in flight: only after its answer', async () => {
    expect(await exits('a call in flight')).toMatchObject({ code: 0, stdout: 'answered\n', stderr: '' });
  });
  it('after what beforeExit began', async () => {
    expect(await exits('work in beforeExit')).toMatchObject({
      code: 0,
      stdout: 'beforeExit 7\nbeforeExit 7\nexit 0\n',
      stderr: '',
    });
  });
  it('below a handler of uncaught exceptions, after which guests go on', async () => {
    expect(await exits('an exception that is caught')).toMatchObject({ code: 0, stdout: 'caught 7\n', stderr: '' });
  });
  it('as a file of node --test', async () => {
    const { code, stdout } = await exits('a file of node --test');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/# pass 2\n# fail 0/) });
  });
  it('with a compilation in flight: only after it', async () => {
    expect(await exits('a compilation in flight')).toMatchObject({ code: 0, stdout: 'compiled\n', stderr: '' });
  });
});

describe('L5: the process ends at once, with its own exit code', () => {
  for (const [name, expected, test] of [
    ['process.exit while guests run', { code: 5, signal: null }, needsEdit('e1')],
    ['process.exit in a host function, sync', { code: 6, signal: null }, it],
    ['process.exit in a host function, async', { code: 6, signal: null }, it],
    ['an exception nobody catches', { code: 1, stderr: expect.stringContaining('nobody catches this') }, it],
    ['SIGTERM while a guest runs', { code: null, signal: 'SIGTERM' }, it],
    ['process.abort while a guest runs', { code: null, signal: 'SIGABRT' }, it],
    ['a rejection nobody handles', { code: 1, stderr: expect.stringContaining('ERR_WAZERO_TRAP') }, it],
    ['a call in an exit handler', { code: 8, stdout: expect.stringContaining('late 7') }, it],
  ] as const) {
    test(`H6: ${name}`, async () => {
      const outcome = await exits(name);
      expect(outcome).toMatchObject(expected);
      expect(outcome.sinceReadyMs).toBeLessThan(atOnceMs);
    });
  }
});

describe('L4: a Worker', () => {
  const tookMs = (stdout: string) => Number(/worker exit \d+ after (\d+) ms/.exec(stdout)?.[1] ?? Number.NaN);
  for (const [name, test] of [
    ['a Worker that ends by itself', it],
    ['a Worker that ends with calls in flight', needsEdit('e2')],
    ['terminate a Worker with calls in flight', needsEdit('e2')],
    ['terminate a Worker that compiles', it],
    ['a Worker that loads the package first', it],
  ] as const) {
    test(name, async () => {
      const { code, signal, stdout, stderr } = await exits(name);
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
      expect(tookMs(stdout)).toBeLessThan(1_000);
      if (name.includes('first')) expect(stdout).toContain('main goes on 1');
    });
  }
  needsEdit('e2')('in an endless callSync ends within a second of terminate', async () => {
    const { code, stdout, stderr } = await exits('terminate a Worker in an endless callSync');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(tookMs(stdout) - 200).toBeLessThan(1_000);
  });
  needsEdit('e2')('in an endless callSync ends within a second of process.exit in the main thread', async () => {
    const outcome = await exits('process.exit while a Worker is in an endless callSync');
    expect(outcome).toMatchObject({ code: 4, signal: null });
    expect(outcome.sinceReadyMs).toBeLessThan(atOnceMs);
  });
});
