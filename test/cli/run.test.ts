import { execFile, execFileSync, type StdioOptions, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import loadWabt from 'wabt';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'dist', 'cli.js');
const scratch = mkdtempSync(join(tmpdir(), 'cli-test-'));
const guest = join(scratch, 'guest.wasm');
const upstream = join(scratch, process.platform === 'win32' ? 'wazero.exe' : 'wazero');
const data = join(scratch, 'data');

interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

function spawn(
  command: string,
  args: string[],
  input: string,
  env: Record<string, string>,
  timeout = 60_000,
): Promise<Outcome> {
  return new Promise((done) => {
    const child = execFile(command, args, { cwd: scratch, env, timeout }, (error, stdout, stderr) => {
      done({ code: error ? ((error.code as unknown as number) ?? null) : 0, stdout, stderr });
    });
    child.stdin?.on('error', () => {}); // a guest that does not read may be gone already
    child.stdin?.end(input);
  });
}
/** Each command has a cache of its own: the guest is a few megabytes, and compiling it anew for each case would take minutes. */
const caches = { ours: join(scratch, 'ours'), theirs: join(scratch, 'theirs') };
const cached = (args: string[], cache: keyof typeof caches) => ['run', '-cachedir', caches[cache], ...args];
const run = (args: string[], input = '', env: Record<string, string> = {}) =>
  spawn(process.execPath, [cli, ...args], input, env);

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}

/** What is sent to whoever connects; tries again while nobody listens. */
function read(port: number): Promise<string> {
  return new Promise((done) => {
    let text = '';
    connect(port, '127.0.0.1')
      .on('data', (chunk) => {
        text += chunk;
      })
      .on('end', () => done(text))
      .on('error', () => setTimeout(() => done(read(port)), 50));
  });
}

beforeAll(async () => {
  const go = (directory: string, env: Record<string, string>, ...args: string[]) =>
    execFileSync('go', ['build', ...args], {
      cwd: join(root, directory),
      env: { ...process.env, ...env },
      stdio: 'inherit',
    });
  go('test/cli/guest', { GOOS: 'wasip1', GOARCH: 'wasm', GOWORK: 'off' }, '-ldflags=-s -w', '-o', guest, '.');
  // wazero's own command, from the module that this package is built from: the reference for every case below that can have one.
  // Go's library is the one that the build has compiled (scripts/lib/engine.mjs).
  const asInBuild = process.platform === 'linux' ? ['-trimpath', '-buildmode=pie'] : [];
  go('native/go', { CGO_ENABLED: '0' }, ...asInBuild, '-o', upstream, 'github.com/tetratelabs/wazero/cmd/wazero');
  const wabt = await loadWabt();
  const wat = (name: string, text: string) =>
    writeFileSync(join(scratch, name), wabt.parseWat(name, text).toBinary({}).buffer);
  wat(
    'unstable.wasm',
    `(module (import "wasi_unstable" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "_start") (call $exit (i32.const 7))))`,
  );
  wat('trap.wasm', '(module (func $inner unreachable) (func (export "_start") (call $inner)))');
  wat('link.wasm', '(module (import "nowhere" "f" (func)))');
  // To stderr, for each standard stream: fdstat, two changes of flags and fdstat, filestat, where it is. One letter for a byte.
  wat(
    'streams.wasm',
    `(module
      (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $flags (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_filestat_get" (func $filestat (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func $letter (param i32)
        (i32.store8 (i32.const 500) (i32.add (i32.const 48) (i32.and (local.get 0) (i32.const 63))))
        (i32.store (i32.const 504) (i32.const 500)) (i32.store (i32.const 508) (i32.const 1))
        (drop (call $write (i32.const 2) (i32.const 504) (i32.const 1) (i32.const 512))))
      (func $letters (param $at i32) (param $end i32)
        (loop $next (call $letter (i32.load8_u (local.get $at))) (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))
      (func (export "_start") (local $fd i32)
        (loop $next
          (call $letter (call $fdstat (local.get $fd) (i32.const 0))) (call $letters (i32.const 0) (i32.const 24))
          (call $letter (call $flags (local.get $fd) (i32.const 0))) (call $letter (call $flags (local.get $fd) (i32.const 1)))
          (call $letter (call $fdstat (local.get $fd) (i32.const 0))) (call $letters (i32.const 0) (i32.const 24))
          (call $letter (call $filestat (local.get $fd) (i32.const 64))) (call $letters (i32.const 64) (i32.const 128))
          (call $letter (i32.const 10))
          (br_if $next (i32.lt_u (local.tee $fd (i32.add (local.get $fd) (i32.const 1))) (i32.const 3))))))`,
  );
  wat('library.wasm', '(module (func (export "add")))');
  wat('quiet.wasm', '(module (func (export "_start")))');
  writeFileSync(join(scratch, 'bad.wasm'), 'not wasm');
  mkdirSync(data);
  writeFileSync(join(data, 'hello.txt'), 'hello\n');
  // Compiled once for each command, with time enough.
  const minutes = 300_000;
  expect([
    await spawn(process.execPath, [cli, 'compile', '-cachedir', caches.ours, guest], '', {}, minutes),
    await spawn(upstream, ['compile', '-cachedir', caches.theirs, guest], '', {}, minutes),
  ]).toEqual([
    { code: 0, stdout: '', stderr: expect.stringMatching(/ MiB compiled in \d+ ms; \d+\.\d MiB of code are in /) },
    { code: 0, stdout: '', stderr: '' },
  ]);
}, 600_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('node-wazero run does what wazero run does', () => {
  const same: [what: string, args: string[], input?: string, env?: Record<string, string>][] = [
    ['no arguments', [guest]],
    ['arguments, also such as look like flags', [guest, 'args', '-x', '--', 'two words', '']],
    ['arguments after --', [guest, '--', 'args', 'a']],
    ['a lone -- is an argument', [guest, '--']],
    ['the environment is empty', [guest, 'env', 'HOME', 'PATH'], '', { HOME: '/h', PATH: '/p' }],
    ['-env', ['-env', 'A=1', '--env=B=x=y', '-env', 'C=', guest, 'env', 'A', 'B', 'C', 'D']],
    ['-env-inherit', ['-env-inherit', '-env', 'B=2', guest, 'env', 'A', 'B'], '', { A: '1' }],
    ['-mount with a guest path', ['-mount', `${data}:/data`, guest, 'cat', '/data/hello.txt']],
    ['-mount without', ['-mount', data, guest, 'cat', `${data}/hello.txt`]],
    ['-mount relative', ['-mount', 'data:/', guest, 'cat', '/hello.txt']],
    ['-mount :ro read', [`-mount=${data}:/data:ro`, guest, 'cat', '/data/hello.txt']],
    ['stdin', [guest, 'stdin'], 'x'.repeat(200_000)],
    ['stderr', [guest, 'stderr']],
    ['exit code', [guest, 'exit', '42']],
    ['clock', [guest, 'year']],
    ['sleep', [guest, 'sleep', '50ms']],
    ['-interpreter', ['-interpreter', guest, 'args', 'a']],
    ['-workers', ['-workers', '2', guest, 'args']],
    ['wasi_unstable', ['unstable.wasm']],
    ['no imports', ['quiet.wasm']],
    ['-timeout not reached', ['-timeout', '1m', guest, 'args']],
    ['-timeout 0', ['-timeout', '0', guest, 'args']],
    ['-hostlogging all', ['-hostlogging', 'all', 'unstable.wasm']],
    ['-hostlogging of scopes', ['-hostlogging=proc,poll', '-hostlogging', 'random', guest, 'exit', '3']],
  ];
  it.each(same)('%s', async (_what, args, input = '', env = {}) => {
    const [ours, theirs] = await Promise.all([
      run(cached(args, 'ours'), input, env),
      spawn(upstream, cached(args, 'theirs'), input, env),
    ]);
    expect(ours).toEqual(theirs);
  });

  // The words around a failure are not all ours to choose (errors of the file system, names of frames): the code is the same, and how it begins.
  it.each<[string, () => StdioOptions]>([
    ['pipes', () => ['pipe', 'pipe', 'pipe']],
    ['/dev/null', () => ['ignore', 'ignore', 'pipe']],
    ['files', () => [openSync(join(data, 'hello.txt'), 'r'), openSync(join(scratch, 'out'), 'w'), 'pipe']],
  ])('the standard streams are to the guest what they are: %s', (what, stdio) => {
    const seen = (command: string, args: string[]) =>
      spawnSync(command, args, { cwd: scratch, stdio: stdio(), encoding: 'utf8', timeout: 60_000 }).stderr;
    // What a stream is, is wazero's answer, but that a file is as good as a pipe; what may be done with it is ours: to read it, or to add to it.
    const typeAt = [1, 28, 69];
    const flagsAt = [3, 30];
    const rightsAt = [9, 36];
    const known = (line: string, isFile: boolean) => {
      const letters = [...line];
      for (const at of flagsAt) letters[at] = '.';
      for (const at of rightsAt) letters.fill('.', at, at + 8);
      for (const at of typeAt) if (isFile) letters[at] = '0';
      return letters.join('');
    };
    const theirs = seen(upstream, ['run', 'streams.wasm']);
    expect(theirs).toHaveLength(3 * 118);
    const ours = seen(process.execPath, [cli, 'run', 'streams.wasm']).match(/.{118}/g) ?? [];
    for (const [fd, line] of theirs.match(/.{118}/g)!.entries()) {
      expect(known(ours[fd]!, false)).toBe(known(line, what === 'files' && fd < 2));
      for (const at of rightsAt) expect(ours[fd]!.slice(at, at + 8)).toBe(fd === 0 ? 'K0P80000' : 'I0P80000');
      for (const at of flagsAt) expect(ours[fd]![at]).toBe(fd === 0 ? '0' : '1'); // FD_APPEND
    }
  });

  const failing: [what: string, args: string[], begins: string][] = [
    ['a flag that there is not', ['run', '-nope', guest], 'flag provided but not defined: -nope'],
    ['a flag without its value', ['run', '-timeout'], 'flag needs an argument: -timeout'],
    ['a duration without unit', ['run', '-timeout', '5', guest], 'invalid value "5" for flag -timeout: parse error'],
    [
      'a log scope that there is not',
      ['run', '-hostlogging', 'all,x', guest],
      'invalid value "all,x" for flag -hostlogging: not a log scope',
    ],
    ['no file', ['run'], 'missing path to wasm file'],
    ['no such file', ['run', 'absent.wasm'], 'error reading wasm binary: '],
    ['not wasm', ['run', 'bad.wasm'], 'error compiling wasm binary: invalid magic number'],
    ['a missing import', ['run', 'link.wasm'], 'error instantiating wasm binary: module[nowhere] not instantiated'],
    ['a trap', ['run', 'trap.wasm'], 'error instantiating wasm binary: '],
    ['a bad variable', ['run', '-env', 'A', guest], 'invalid environment variable: A'],
    ['an empty mount', ['run', '-mount', '', guest], 'invalid mount: empty string'],
    [
      'a mount that is not there',
      ['run', '-mount', join(scratch, 'absent'), guest],
      `invalid mount: path "${join(scratch, 'absent')}" error: `,
    ],
    ['a negative timeout', ['run', '-timeout=-1s', guest], 'timeout duration may not be negative, -1s given'],
    [
      'a loop past its timeout',
      ['run', '-timeout', '300ms', guest, 'loop'],
      'error: module closed with context deadline exceeded (timeout 300ms)',
    ],
    ['a command that there is not', ['walk'], 'invalid command'],
    [
      'a mount that is read-only',
      ['run', `-mount=${data}:/data:ro`, guest, 'write', '/data/new', 'x'],
      'open /data/new: ',
    ],
  ];
  it.each(failing)('fails as it does: %s', async (_what, args, begins) => {
    const withCache = (cache: keyof typeof caches) =>
      args.includes(guest) && args[0] === 'run' ? cached(args.slice(1), cache) : args;
    const [ours, theirs] = await Promise.all([run(withCache('ours')), spawn(upstream, withCache('theirs'), '', {})]);
    expect(theirs.stderr.startsWith(begins), theirs.stderr).toBe(true);
    expect(ours.stderr.startsWith(begins), ours.stderr).toBe(true);
    expect(ours.code).toBe(theirs.code);
    expect(ours.code).toBeGreaterThan(0);
    expect(ours.stdout).toBe('');
  });
});

describe('node-wazero run, where it is on its own', () => {
  it('writes into a mount', async () => {
    const outcome = await run(cached(['-mount', `${data}:/data`, guest, 'write', '/data/new.txt', 'text'], 'ours'));
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(join(data, 'new.txt'), 'utf8')).toBe('text');
  });

  it('lets no link lead out of a mount', async () => {
    writeFileSync(join(scratch, 'secret'), 'secret');
    symlinkSync('../secret', join(data, 'link'));
    const outcome = await run(cached(['-mount', `${data}:/data`, guest, 'cat', '/data/link'], 'ours'));
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^open \/data\/link: /) });
  });

  it('-listen: the guest accepts a connection', async () => {
    const port = await freePort();
    const ended = run(cached(['-listen', `127.0.0.1:${port}`, '-timeout', '20s', guest, 'serve'], 'ours'));
    expect(await read(port)).toBe('from the guest');
    expect(await ended).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('-cpuprofile: what the guest did, also where it ends with an exit code', async () => {
    const file = join(scratch, 'guest.cpuprofile');
    const outcome = await run(cached(['-cpuprofile', file, guest, 'exit', '3'], 'ours'));
    expect(outcome).toEqual({ code: 3, stdout: '', stderr: '' });
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
    expect(nodes[0].callFrame.functionName).toBe('(root)');
    expect(timeDeltas.length).toBe(samples.length);
  });

  it('stops a guest that sleeps at the timeout', async () => {
    const started = performance.now();
    const outcome = await run(cached(['-timeout', '200ms', guest, 'sleep', '20s'], 'ours'));
    expect(outcome.code).toBe(255);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('says that it called nothing, where there is no _start', async () => {
    const { stderr, ...rest } = await run(['run', 'library.wasm']);
    expect(rest).toEqual({ code: 0, stdout: '' });
    expect(stderr).toMatch(/^nothing was called: run calls "_start", and this module exports "add"\. A program calls /);
  });
  it('uses a compilation cache again', async () => {
    const cache = join(scratch, 'cache');
    const first = await run(['run', '-cachedir', cache, guest, 'args']);
    const files = readdirSync(cache, { recursive: true });
    expect(files.length).toBeGreaterThan(0);
    expect(await run(['run', '-cachedir', cache, guest, 'args'])).toEqual(first);
    expect(readdirSync(cache, { recursive: true })).toEqual(files);
  });

  it('compiles without running', async () => {
    expect(await run(['compile', 'streams.wasm'])).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^streams\.wasm: /),
    });
    expect(await run(['compile', 'bad.wasm'])).toMatchObject({ code: 1, stdout: '' });
  });

  it('says its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(await run(['version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([[[]], [['-h']], [['--help']], [['run', '-h']], [['run', '--help']], [['compile', '-h']]])(
    'prints usage: %j',
    async (args) => {
      expect(await run(args)).toMatchObject({ code: 0, stderr: expect.stringContaining('Usage:\n  node-wazero ') });
    },
  );
});
