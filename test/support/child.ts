import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { slowness } from './slowness.js';

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** from when the fixture printed "ready" */
  sinceReadyMs: number;
}
export interface Options {
  args?: (string | number)[];
  nodeArgs?: string[];
  env?: Record<string, string>;
  /** what a shell does before: ulimit */ under?: string;
  /** the child is killed then (`slowness` times later), and the test fails saying how far it came */ timeoutMs?: number;
  /** called with the process id as soon as the fixture has printed "ready" */ onReady?: (pid: number) => void;
}

/** test/fixtures/processes/<name>.mjs in a process of its own, for who wants its streams. */
export function spawnFixture(
  name: string,
  args: (string | number)[],
  stdio: ('ignore' | 'pipe')[],
  nodeArgs: string[] = [],
  env: Record<string, string> = {},
  under?: string,
): ChildProcessWithoutNullStreams {
  const file = fileURLToPath(new URL(`../fixtures/processes/${name}.mjs`, import.meta.url));
  const command = [process.execPath, ...nodeArgs, file, ...args.map(String)];
  if (under !== undefined) command.unshift('sh', '-c', `${under} && exec "$0" "$@"`);
  return spawn(command[0]!, command.slice(1), {
    // Vitest's own hooks and loaders are none of the child's business.
    env: { ...process.env, NODE_OPTIONS: process.env.WAZERO_TEST_ADDON ? process.env.NODE_OPTIONS : '', ...env },
    stdio,
  }) as ChildProcessWithoutNullStreams;
}

/** Runs test/fixtures/processes/<name>.mjs in a process of its own and answers how that ended. */
export function run(
  name: string,
  { args = [], nodeArgs = [], env = {}, under, timeoutMs = 50_000, onReady }: Options = {},
): Promise<Outcome> {
  const child = spawnFixture(name, args, ['ignore', 'pipe', 'pipe'], nodeArgs, env, under);
  let stdout = '';
  let stderr = '';
  let ready = Number.NaN;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (Number.isNaN(ready) && stdout.includes('ready')) {
      ready = performance.now();
      onReady?.(child.pid!);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const mostMs = timeoutMs * slowness;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`Expected ${name} to end within ${mostMs} ms\nstdout: ${stdout}\nstderr: ${stderr}`));
    }, mostMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, sinceReadyMs: performance.now() - ready });
    });
  });
}
