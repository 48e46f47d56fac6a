/** C4: where memory is scarce, guests that take all they can get typed errors, and the process lives: Go cannot recover from running out. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../support/child.js';
import { survived } from '../support/faults.js';
import { wat } from '../support/wat.mjs';

const guests = {
  // takes what it can get, writes to each page, and answers how many pages it has
  memory: wat(`(module (memory 1) (func (export "run") (result i32) (local $at i32)
  (block $full (loop $more
    (br_if $full (i32.eq (memory.grow (i32.const 64)) (i32.const -1)))
    (local.set $at (i32.sub (memory.size) (i32.const 64)))
    (loop $touch
      (i32.store8 (i32.shl (local.get $at) (i32.const 16)) (i32.const 1))
      (i32.store8 offset=4096 (i32.shl (local.get $at) (i32.const 16)) (i32.const 1))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $touch (i32.lt_u (local.get $at) (memory.size))))
    (br $more)))
  (memory.size)))`),
  table: wat(`(module ${'(table 1 externref)'.repeat(8)} (func (export "run") (result i32)
  ${Array.from({ length: 8 }, (_, i) => `(block $b${i} (loop $l${i} (br_if $b${i} (i32.eq (table.grow ${i} (ref.null extern) (i32.const 250000)) (i32.const -1))) (br $l${i})))`).join('\n')}
  (table.size 0)))`),
  recursion: wat(`(module (func $f (param i64 i64 i64 i64) (result i64)
  (i64.add (call $f (local.get 1) (local.get 2) (local.get 3) (local.get 0)) (i64.add (local.get 0) (local.get 3))))
  (func (export "run") (drop (call $f (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4)))))`),
  number: wat('(module (func (export "f") (result i32) (i32.const 42)))'),
  // as many labels as a function may have: each is one byte, and takes the compiler 2.4 KB
  labels: wat(`(module (func (export "run") (param i32)
    ${`(block ${'(block '.repeat(20)} (br_table ${Array.from({ length: 13_000 }, (_, i) => i % 20).join(' ')} (local.get 0)) ${')'.repeat(20)})`.repeat(5)}))`),
  globals: wat(`(module (memory 1) ${'(global (mut i64) (i64.const 1))'.repeat(5_000)} (func (export "run")))`),
};

/** Node 24 and later end at their start with less than 640 MiB of data. */
const starts = (limit: string) => {
  const started = spawnSync('sh', ['-c', `${limit} && exec "$0" -e 0`, process.execPath]).status === 0;
  if (!started) console.log(`this Node does not start under ${limit}`);
  return started;
};
const has = (command: string) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
/** Control groups of version 1, where this process may make some; the limits of rlimits are tested everywhere. */
const cgroup = (kind: string) => {
  try {
    accessSync(`/sys/fs/cgroup/${kind}/cgroup.procs`, constants.W_OK);
    return true;
  } catch {
    console.log(`no control group of ${kind} can be made here`);
    return false;
  }
};

/** What runs as root becomes nobody, for no limit of processes holds for root. */
const nobodyMayRead = () => {
  if (process.getuid!() !== 0) return true;
  const readable =
    spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'test', '-r', fileURLToPath(import.meta.url)]).status ===
    0;
  if (!readable) console.log('this folder cannot be read by nobody: no test without threads');
  return readable;
};

let folder: string;
let files: string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wazero-scarce-'));
  files = Object.entries(guests).map(([name, binary]) => {
    const file = join(folder, `${name}.wasm`);
    writeFileSync(file, binary);
    return file;
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const codes = [
  'ok',
  'totalMemoryBytes',
  'moduleBytes',
  'tableElements',
  'stack overflow',
  'ERR_WAZERO_ABORTED',
  'ERR_WAZERO_COMPILE',
];

/** The process in which guests take all they can lives, and everybody in it got one of the answers above. */
async function livesWith(what: string, under?: string): Promise<void> {
  const { code, signal, stdout, stderr } = await run('scarce', {
    args: files,
    ...(under && { under }),
    timeoutMs: 110_000,
  });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  const outcomes: Record<string, Record<string, number>> = JSON.parse(stdout);
  console.log(what, outcomes);
  expect(Object.keys(outcomes)).toHaveLength(11);
  expect(outcomes.fresh).toEqual({ 'stack overflow': 1 });
  for (const [kind, seen] of Object.entries(outcomes))
    for (const code of Object.keys(seen)) expect(codes, kind).toContain(code);
}
/** `enter` is the shell's line by which a process goes into a new control group with these settings. */
async function inGroup(kind: string, settings: object, action: (enter: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(`/sys/fs/cgroup/${kind}/wazero-`);
  try {
    for (const [name, value] of Object.entries(settings)) writeFileSync(join(folder, name), String(value));
    await action(`echo $$ > ${folder}/cgroup.procs`);
  } finally {
    rmdirSync(folder);
  }
}

describe.runIf(process.platform === 'linux')('guests that take all the memory there is', () => {
  it.each(
    [
      ['3 GiB of address space', 'ulimit -v 3145728'],
      ['512 MiB of data', 'ulimit -d 524288'],
      ['1 GiB of data', 'ulimit -d 1048576'],
    ].filter(([, limit]) => starts(limit!)),
  )('C4: with %s', (what, limit) => livesWith(what!, limit), 120_000);

  it('C4: with 1 GiB of data a compilation that takes more than its bytes say ends before Go has no memory', async () => {
    const under = 'ulimit -d 1048576';
    const found = await survived<{ code: string; limit: string }>('growing', { under, timeoutMs: 70_000 });
    expect(found).toMatchObject({ code: 'ERR_WAZERO_LIMIT', limit: 'moduleBytes' });
  }, 80_000);

  it.runIf(cgroup('memory')).each([128, 192, 256, 400, 512])(
    'C4: with a control group of %i MiB',
    (mebibytes) =>
      inGroup('memory', { 'memory.limit_in_bytes': mebibytes << 20 }, (enter) =>
        livesWith(`control group of ${mebibytes} MiB`, enter),
      ),
    120_000,
  );

  // What these change holds for the whole machine: only where somebody says so, with nothing else running.
  const settings = process.env.WAZERO_TEST_MACHINE === '1';
  if (!settings) console.log('without WAZERO_TEST_MACHINE=1 no setting of the machine is changed');
  it.runIf(settings).each([
    ['a machine that promises no more than it has, 12 GiB', { overcommit_memory: 2, overcommit_kbytes: 12 << 20 }],
    ['a machine that promises no more than it has, 2 GiB', { overcommit_memory: 2, overcommit_kbytes: 2 << 20 }],
    ['a machine that promises no more than it has, 1 GiB', { overcommit_memory: 2, overcommit_kbytes: 1 << 20 }],
    ['500 mappings', { max_map_count: 500 }],
  ])(
    'C4: %s',
    async (what, values) => {
      const names = ['overcommit_memory', 'overcommit_kbytes', 'overcommit_ratio', 'max_map_count'];
      const before = names.map((name) => [name, readFileSync(`/proc/sys/vm/${name}`, 'utf8').trim()] as const);
      try {
        for (const [name, value] of Object.entries(values)) writeFileSync(`/proc/sys/vm/${name}`, String(value));
        await livesWith(what);
      } finally {
        // Of kbytes and ratio one is in force, and to write it makes the other 0.
        const inForce = before.filter(([name, value]) => !(/kbytes|ratio/.test(name) && value === '0'));
        for (const [name, value] of inForce) writeFileSync(`/proc/sys/vm/${name}`, value);
      }
    },
    120_000,
  );

  interface Constrained {
    engines: Record<string, string>;
    sums: number;
    workers: number;
    codes: Record<string, number>;
    stoppedMs: number;
    longestMs: number;
  }
  it
    .runIf(has('taskset'))
    .each<Record<string, string>>([{}, { GOMAXPROCS: '1' }, { GOMAXPROCS: '1000' }, { GOMAXPROCS: 'none' }])(
    'C4: one CPU, and %j: a guest that runs for ever stops neither the event loop nor other guests',
    async (env) => {
      const found = await survived<Constrained>('constrained', {
        env,
        under: 'taskset -p -c 0 $$ > /dev/null',
        timeoutMs: 60_000,
      });
      console.log(env, found);
      expect(found).toMatchObject({ workers: 1, codes: { ERR_WAZERO_EXIT: 3 } });
      expect(found.engines).toMatchObject({ interpreter: 'interpreter' });
      expect(found.sums).toBeGreaterThan(9);
      expect(found.longestMs).toBeLessThan(500);
      expect(found.stoppedMs).toBeLessThan(2_000);
    },
    60_000,
  );

  it.runIf(cgroup('cpu'))(
    'C4: a tenth of a CPU: a guest that runs for ever is stopped, and others answer meanwhile',
    () =>
      inGroup('cpu', { 'cpu.cfs_period_us': 100_000, 'cpu.cfs_quota_us': 10_000 }, async (under) => {
        const found = await survived<Constrained>('constrained', { under, timeoutMs: 100_000 });
        console.log('a tenth of a CPU', found);
        expect(found).toMatchObject({ workers: 1, codes: { ERR_WAZERO_EXIT: 3 } });
        expect(found.sums).toBeGreaterThan(0);
        expect(found.stoppedMs).toBeLessThan(5_000);
      }),
    110_000,
  );

  const refuse = `import ctypes, os, sys
os._exit(77) if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) else os.execv(sys.argv[1], sys.argv[1:])`;
  it.runIf(spawnSync('python3', ['-c', refuse, '/bin/true']).status === 0)(
    'C4: no executable memory (PR_SET_MDWE): the interpreter by default, ERR_WAZERO_UNSUPPORTED_PLATFORM from the compiler',
    async () => {
      const file = fileURLToPath(new URL('../fixtures/processes/no-executable.mjs', import.meta.url));
      const guest = files.find((name) => name.endsWith('number.wasm'))!;
      const child = spawnSync('python3', ['-c', refuse, process.execPath, '--jitless', file, guest], {
        encoding: 'utf8',
        timeout: 20_000,
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      expect({ status: child.status, signal: child.signal }).toEqual({ status: 0, signal: null });
      const { found, left } = JSON.parse(child.stdout);
      const interpreted = ['interpreter', 42, 42];
      expect(found).toEqual({
        auto: interpreted,
        compiler: [
          'ERR_WAZERO_UNSUPPORTED_PLATFORM',
          'the compiler gets no memory whose content can be executed here: use RuntimeConfig.interpreter()',
        ],
        interpreter: interpreted,
      });
      expect(left).toEqual([]);
    },
  );

  it.runIf(cgroup('pids')).each([14, 22, 32, 40, 60])(
    'C4: %i processes and threads: loading says that they are too few, or all works',
    (most) =>
      inGroup('pids', { 'pids.max': most }, async (under) => {
        const how = await run('constrained', { under, nodeArgs: ['--expose-gc'], timeoutMs: 30_000 });
        expect(how.signal).toBe(null);
        if (how.code !== 0) {
          expect(most).toBeLessThan(30 + 3 * availableParallelism());
          expect(how.stderr).toMatch(/ERR_WAZERO_UNSUPPORTED_PLATFORM/);
          expect(how.stderr).toMatch(/needs at least \d+ more threads than it gets here/);
        } else {
          expect(JSON.parse(how.stdout)).toMatchObject({ left: {}, fresh: 'works', after: {} });
        }
      }),
    30_000,
  );

  describe('C4: the group around the own one has too few threads: loading says so', () => {
    async function refusedUnder(under: string): Promise<void> {
      const how = await run('constrained', { under, timeoutMs: 30_000 });
      expect(how).toMatchObject({ code: 1, signal: null });
      expect(how.stderr).toMatch(/needs at least \d+ more threads than it gets here/);
    }
    it.runIf(cgroup('pids'))('version 1', () =>
      inGroup('pids', { 'pids.max': 14 }, async (enter) => {
        const inner = join(/\S+(?=\/cgroup.procs)/.exec(enter)![0], 'inner');
        mkdirSync(inner);
        try {
          await refusedUnder(`echo $$ > ${inner}/cgroup.procs`);
        } finally {
          rmdirSync(inner);
        }
      }),
    );
    // Here is no controller of version 2: the process is in such a group, but what it reads there are files of the test.
    it.runIf(cgroup('unified') && spawnSync('unshare', ['-m', 'true']).status === 0)('version 2', () =>
      inGroup('unified', {}, async (enter) => {
        const seen = join('/sys/fs/cgroup', basename(/\S+(?=\/cgroup.procs)/.exec(enter)![0]));
        const files = `mount -t tmpfs none /sys/fs/cgroup && mkdir ${seen} && echo max > ${seen}/pids.max && echo 14 > /sys/fs/cgroup/pids.max && echo 9 > /sys/fs/cgroup/pids.current`;
        await refusedUnder(`${enter}; exec unshare -m sh -c '${files} && exec "$0" "$@"' "$0" "$@"`);
      }),
    );
  });

  interface Threadless {
    refused: string;
    counts: Record<string, number>;
    beats: number;
    threads: { atLoad: number; most: number };
  }
  it.runIf(has('prlimit') && nobodyMayRead())(
    'C4: no thread can be made any more once the package is loaded: guests, compilations, files and collections go on',
    async () => {
      const found = await survived<Threadless>('threadless', {
        args: [3],
        under: `mkfifo ${folder}/silent && exec 0<> ${folder}/silent`,
        timeoutMs: 90_000,
      });
      console.log(found);
      expect(found).toMatchObject({ refused: 'EAGAIN', threads: { most: found.threads.atLoad } });
      for (const what of ['runaway', 'waiting', 'sync', 'files', 'files sync', 'stdin', 'compilation', 'collection'])
        expect(Object.keys(found.counts)).toContain(what);
      for (const what of Object.keys(found.counts))
        expect(what).toMatch(/^[a-z ]+(: ERR_WAZERO_(ABORTED|COMPILE|LIMIT))?$/);
      expect(found.beats).toBeGreaterThan(5);
    },
    100_000,
  );

  it
    .skipIf(process.platform === 'win32')
    .each([0, 1, 3, 4, 6, 8, 10].flatMap((free) => ['load', 'runtime'].map((when) => [when, free] as const)))(
    'C4: all descriptors taken before or after the %s, but %i: an error with a code, or all works',
    async (when, free) => {
      const under = 'ulimit -n 64';
      const { code, signal, stdout, stderr } = await run('descriptorless', { args: [when, free], under });
      expect([code, signal, stderr]).toEqual([0, null, '']);
      const found: Record<string, string> = JSON.parse(stdout);
      const [first, ...others] = Object.keys(found);
      expect(first).toBe('load');
      if (found.load !== 'ok') {
        expect(when).toBe('load');
        expect(['EMFILE', 'ERR_WAZERO_UNSUPPORTED_PLATFORM']).toContain(found.load);
        return;
      }
      expect(others).toEqual(['compile', 'instantiate', 'run', 'freeze', 'spin', 'close']);
      const { freeze, spin, ...rest } = found;
      expect(spin).toBe('ERR_WAZERO_EXIT');
      expect(['ok', 'EMFILE']).toContain(freeze); // a part of the program that is read when it is first needed
      expect(new Set(Object.values(rest))).toEqual(new Set(['ok']));
    },
  );

  it.each(
    [
      ['ulimit -v 2000000', /needs 1536 MiB of address space.* leaves \d+ MiB/] as const,
      ['ulimit -d 170000', /needs 128 MiB of data.* leaves \d+ MiB/] as const,
    ].filter(([under]) => starts(under)),
  )('C4: with %s loading says that it is not enough for Go', async (under, said) => {
    const { code, stderr } = await run('scarce', { args: files, under });
    expect(code).toBe(1);
    expect(stderr).toMatch(/ERR_WAZERO_UNSUPPORTED_PLATFORM/);
    expect(stderr).toMatch(said);
  });
});
