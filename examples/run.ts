import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a script of an example prints. Rejects unless it ends by itself, with code 0. */
export async function run(script: URL, args: readonly string[] = [], input = ''): Promise<string> {
  const running = promisify(execFile)(process.execPath, [fileURLToPath(script), ...args], { timeout: 150_000 });
  running.child.stdin?.on('error', () => {}); // it may not read it
  running.child.stdin?.end(input);
  return (await running).stdout;
}
