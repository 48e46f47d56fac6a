// What every script needs: running programs, ending with one sentence, files that are replaced whole, one build at a time.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** One sentence, no stack: what is wrong and what cures it. */
export function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

/** Runs a command in sight of the user; its failure ends the script with its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** The standard output of a command, trimmed; undefined where it cannot be started or fails. */
export function output(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  return status === 0 ? stdout.trim() : undefined;
}

/** Like output, but a failure ends the script. */
export function must(command, args, options = {}) {
  return (
    output(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options }) ??
    fail(`${command} ${args.join(' ')} failed`)
  );
}

/** Writes only what changed, so that nothing is built anew for an equal file; true when it wrote. */
export function writeIfChanged(path, text) {
  try {
    if (readFileSync(path, 'utf8') === text) return false;
  } catch {
    mkdirSync(dirname(path), { recursive: true });
  }
  writeFileSync(path, text);
  return true;
}

/** Puts a file in place at once: whoever has the old one mapped keeps it. */
export function replaceFile(path, bytes, mode = 0o755) {
  mkdirSync(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, bytes, { mode });
  renameSync(fresh, path);
}

/** Two builds at once would write into one another's folders: the second waits for the first. Returns what ends the lock before the process does. */
export async function lockBuild() {
  const lock = join(root, 'build/lock');
  mkdirSync(join(root, 'build'), { recursive: true });
  for (let waited = 0; ; waited++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (waited === 10) console.error('Waiting for another build of this checkout to end (build/lock).');
    if (!isAlive(lock)) rmSync(lock, { force: true });
    else await sleep(200);
  }
  let held = true;
  const release = () => {
    if (held) rmSync(lock, { force: true });
    held = false;
  };
  process.on('exit', release);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
  return release;
}

function isAlive(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    if (pid > 0) process.kill(pid, 0); // 0 or NaN: its owner is just writing it
    return true;
  } catch {
    return false;
  }
}

/** The published binary of this system for an architecture, from the root of the checkout. */
export function prebuiltFile(arch = process.arch, libc = 'glibc') {
  return `prebuilds/${process.platform}-${arch}/node-wazero${process.platform === 'linux' ? `.${libc}` : ''}.node`;
}

/** All binaries that the package has a name for, whether they are there or not. */
export function publishedFiles() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return Object.values(exports)
    .filter((path) => typeof path === 'string' && path.endsWith('.node'))
    .map((path) => path.slice('./'.length));
}

/** For WAZERO_TEST_WITHOUT, where all is slow: these tests bound in milliseconds how late something ends, or take memory away. */
export const timedTests = ['bulk', 'compile-stops', 'scarce'].map((name) => `test/faults/${name}.test.ts`).join(' ');
