/**
 * A cache directory that was damaged, is written by others, cannot be written, or goes away: what is compiled is right all the same, a bad
 * entry is replaced by a good one, and the process hears of it by a warning (rows C1 to C3 and M6 of docs/faults.md).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';
import { slowness } from '../support/slowness.js';
import { wat } from '../support/wat.mjs';

const it = needsEdit('e6');
const isRoot = process.getuid?.() === 0;
const processes = fileURLToPath(new URL('../fixtures/processes/', import.meta.url));
const quickjs = fileURLToPath(new URL('../../node_modules/quickjs-wasi/quickjs.wasm', import.meta.url));

/** A directory that the child's user may use, whoever that is. */
function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wazero-cache-'));
  chmodSync(folder, 0o777);
  return folder;
}
const guestFolder = scratch();
const guest = join(guestFolder, 'guest.wasm');
writeFileSync(guest, wat('(module (func (export "f") (result i32) (i32.const 42)))'));
const other = join(guestFolder, 'other.wasm');
writeFileSync(other, wat('(module (func (export "f") (result i32) (i32.const 7)))'));

interface Told {
  answers: unknown[];
  warnings: { code?: string; message: string }[];
}
/** Compiles and runs in a process of its own. */
async function compile(directory: string, file = guest, name = 'f', ...more: (string | number)[]): Promise<Told> {
  const { code, signal, stdout, stderr } = await run('cache', {
    args: [directory, file, name, ...more],
    nodeArgs: ['--no-warnings'],
    timeoutMs: 60_000,
  });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}
const asNobody = isRoot ? 'nobody' : 'self';
const filesOf = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
const unfinished = (directory: string) => filesOf(directory).filter((file) => file.endsWith('.tmp'));

/** A cache directory with a good entry. */
async function filled(file = guest, ...more: string[]): Promise<{ directory: string; entry: string; good: Buffer }> {
  const directory = join(scratch(), 'cache');
  expect(await compile(directory, file, 'f', ...more)).toMatchObject({ warnings: [] });
  const [entry, ...rest] = filesOf(directory);
  expect(rest).toEqual([]);
  return { directory, entry: entry!, good: readFileSync(entry!) };
}
/** The answer is right, there was one warning that names the entry, and the entry is good again. */
async function expectHealed(
  { directory, entry, good }: Awaited<ReturnType<typeof filled>>,
  why: RegExp,
  ...more: string[]
): Promise<void> {
  const { answers, warnings } = await compile(directory, guest, 'f', ...more);
  expect(answers).toEqual([42]);
  expect(warnings).toEqual([{ code: 'WAZERO_CACHE', message: expect.stringContaining(entry) }]);
  expect(warnings[0]!.message).toMatch(why);
  expect(statSync(entry).isFile()).toBe(true);
  expect(readFileSync(entry).equals(good)).toBe(true);
  // And it is used: whoever compiles writes a new file.
  const { ino } = statSync(entry);
  expect(await compile(directory, guest, 'f', ...more)).toEqual({ answers: [42], warnings: [] });
  expect(statSync(entry).ino).toBe(ino);
}

describe('C1: an entry that is not what was written', () => {
  it(
    'is recompiled whatever byte it ends at and whatever bit is flipped',
    async () => {
      const { code, stdout, stderr } = await run('cache-damage', {
        args: [join(scratch(), 'cache')],
        nodeArgs: ['--no-warnings'],
        timeoutMs: 110_000,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { size, tried, warnings, others, wrong } = JSON.parse(stdout);
      console.log(`${tried} damaged entries of ${size} bytes`);
      expect(size).toBeGreaterThan(88);
      expect(wrong).toEqual([]);
      expect({ tried, warnings, others }).toEqual({ tried: size * 9 + 1, warnings: tried, others: 0 });
    },
    120_000 * slowness,
  );

  it("is recompiled where it is another module's", async () => {
    const mine = await filled();
    const theirs = await filled(other);
    copyFileSync(theirs.entry, mine.entry);
    await expectHealed(mine, /another module's/);
  });

  it("is not another version's, which has a directory of its own", async () => {
    const { directory, entry, good } = await filled();
    const version = join(entry, '..');
    const older = join(directory, 'wazero-v1.11.0-amd64-linux');
    renameSync(version, older);
    expect(await compile(directory)).toEqual({ answers: [42], warnings: [] });
    expect(readFileSync(entry).equals(good)).toBe(true);
    expect(readdirSync(older)).toHaveLength(1);
  });

  for (const [what, why, put] of [
    ['a link', /symbolic link/, (entry, aside) => symlinkSync(aside, entry)],
    ['a link to itself', /symbolic link/, (entry) => symlinkSync(entry, entry)],
    ['a directory', /not a file/, (entry) => mkdirSync(entry)],
    ['a device', /symbolic link/, (entry) => symlinkSync('/dev/zero', entry)],
  ] as [string, RegExp, (entry: string, aside: string) => void][]) {
    it(`is recompiled where there is ${what}`, async () => {
      const state = await filled();
      const aside = join(state.directory, 'aside');
      renameSync(state.entry, aside);
      put(state.entry, aside);
      await expectHealed(state, why);
      expect(readFileSync(aside).equals(state.good)).toBe(true);
    });
  }

  it('is recompiled where there is a pipe, without waiting for its writer', async () => {
    const state = await filled();
    rmSync(state.entry);
    await once(spawn('mkfifo', [state.entry]), 'exit');
    await expectHealed(state, /not a file/);
  });

  it('is recompiled where it may not be read', async () => {
    const state = await filled(guest, asNobody);
    chmodSync(state.entry, 0);
    await expectHealed(state, /permission denied/, asNobody);
  });

  if (isRoot) {
    it('is recompiled where it is of another user', async () => {
      const state = await filled();
      chownSync(state.entry, 65_534, 65_534);
      await expectHealed(state, /another user/);
    });
  }
});

describe('C2: many writers', () => {
  it(
    'ten processes at once make one good entry',
    async () => {
      const directory = join(scratch(), 'cache');
      const all = await Promise.all(
        Array.from({ length: 10 }, () => compile(directory, quickjs, 'compile', 'self', 2)),
      );
      for (const told of all) expect(told).toEqual({ answers: ['compiled', 'compiled'], warnings: [] });
      const files = filesOf(directory);
      expect(files).toHaveLength(1);
      const { ino } = statSync(files[0]!);
      expect(await compile(directory, quickjs, 'compile')).toMatchObject({ warnings: [] });
      expect(statSync(files[0]!).ino).toBe(ino);
    },
    120_000 * slowness,
  );

  it(
    'writers that are killed leave nothing that is used, and what they leave is swept',
    async () => {
      const directory = scratch();
      let left = 0;
      for (let round = 0; round < 40 && (round < 8 || left === 0); round++) {
        const writer: ChildProcess = spawn(process.execPath, [join(processes, 'cache-writer.mjs'), directory], {
          stdio: ['ignore', 'pipe', 'inherit'],
          env: { ...process.env, NODE_OPTIONS: '' },
        });
        await once(writer.stdout!, 'data');
        await sleep(20 + 13 * round);
        writer.kill('SIGKILL');
        await once(writer, 'exit');
        left += unfinished(directory).length;
      }
      console.log(`killed writers left ${left} unfinished entries behind`);
      expect(await compile(directory)).toEqual({ answers: [42], warnings: [] });
      expect(unfinished(directory)).toEqual([]);
    },
    120_000 * slowness,
  );
});

describe('C3: a directory that cannot be written', () => {
  it('a full disk costs the cache and not the compilation', async () => {
    const directory = join(scratch(), 'cache');
    // The limit is in blocks of 512 or 1024 bytes, as the shell likes: the entry has some megabytes.
    const child = spawn(
      '/bin/sh',
      [
        '-c',
        `ulimit -f 512; exec "$@"`,
        'sh',
        process.execPath,
        '--no-warnings',
        join(processes, 'cache.mjs'),
        directory,
        quickjs,
        'compile',
        'self',
        '2',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
    );
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    const { answers, warnings } = JSON.parse(stdout) as Told;
    expect(answers).toEqual(['compiled', 'compiled']);
    expect(warnings).toHaveLength(2); // each time by a cache of its own
    expect(warnings[0]).toEqual({
      code: 'WAZERO_CACHE',
      message: expect.stringMatching(/is not written: .*too large/),
    });
    expect(filesOf(directory)).toEqual([]);
  });

  it('a read-only directory too: what is there is used, and what is not is compiled', async () => {
    const { directory, entry } = await filled(guest, asNobody);
    chmodSync(join(entry, '..'), 0o500);
    expect(await compile(directory, guest, 'f', asNobody)).toEqual({ answers: [42], warnings: [] });
    expect(await compile(directory, other, 'f', asNobody)).toEqual({
      answers: [7],
      warnings: [{ code: 'WAZERO_CACHE', message: expect.stringMatching(/is not written: .*permission denied/) }],
    });
    chmodSync(join(entry, '..'), 0o700);
    const empty = scratch();
    chmodSync(empty, 0o555);
    expect(await compile(empty, guest, 'f', asNobody)).toMatchObject({
      answers: [42],
      warnings: [{ code: 'WAZERO_CACHE' }],
    });
    expect(existsSync(empty)).toBe(true);
  });
});
