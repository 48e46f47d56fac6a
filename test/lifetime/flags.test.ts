/** L8: flags of Node and V8, the inspector, heap snapshots: everything works, or one clear error says what to do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { clean } from '../support/aftermath.mjs';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';
import { survived } from '../support/faults.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module (import "env" "host" (func $host (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1 2) (data (i32.const 8) "hi") (data (i32.const 16) "\\08\\00\\00\\00\\02\\00\\00\\00")
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
  (func (export "trap") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
  (func (export "write") (param i32) (result i32) (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "forever") (param i32) (result i32) (loop $l (br $l)) (i32.const 0)))`);
const env = { WAZERO_GUEST: Buffer.from(guest).toString('base64') };
const perEngine = [
  [2, 2],
  [true, true],
  ['integer divide by zero', 'stack overflow', 1001],
  [0, 0, 'hihi'],
  ['104,105', 1, 0, 131_072],
  ['TimeoutError', 'TimeoutError'],
];
const everything = { found: [...perEngine, ...perEngine], open: [] };
const folder = mkdtempSync(join(tmpdir(), 'wazero-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));

const allowed = process.allowedNodeEnvironmentFlags;
const permission = allowed.has('--permission') ? '--permission' : '--experimental-permission';
const repository = process.cwd();

describe('L8: everything works with', () => {
  for (const [name, nodeArgs, args] of [
    ['no flag', [], []],
    ['--jitless', ['--jitless'], []],
    ['--jitless, set at run time', [], ['--jitless']],
    ['--no-opt and a stressed collector, set at run time', [], ['--gc-interval=50']],
    ['--disallow-code-generation-from-strings', ['--disallow-code-generation-from-strings'], []],
    ['--frozen-intrinsics', ['--frozen-intrinsics'], []],
    ['--disable-proto=throw', ['--disable-proto=throw'], []],
    ['--disable-wasm-trap-handler', ['--disable-wasm-trap-handler'], []],
    ['--abort-on-uncaught-exception', ['--abort-on-uncaught-exception'], []],
    [
      '--report-on-fatalerror, -uncaught-exception and -signal',
      ['--report-on-fatalerror', '--report-uncaught-exception', '--report-on-signal'],
      [],
    ],
    ['--stack-size=400', ['--stack-size=400'], []],
    ['a heap of 32 MB', ['--max-old-space-size=32', '--max-semi-space-size=1'], []],
    [
      '--throw-deprecation and strict rejections',
      ['--throw-deprecation', '--pending-deprecation', '--unhandled-rejections=strict'],
      [],
    ],
    ['--cpu-prof and --heap-prof', ['--cpu-prof', '--heap-prof', `--diagnostic-dir=${folder}`], []],
    ['permissions, addons allowed', [permission, '--allow-addons', `--allow-fs-read=${repository}*`], []],
  ] as [string, string[], string[]][]) {
    if (!nodeArgs.every((flag) => known(flag))) {
      console.log(`this Node has none of ${nodeArgs.join(' ')}`);
      continue;
    }
    needsEdit('e2')(name, async () => {
      const { code, signal, stdout, stderr } = await run('everyday', {
        nodeArgs: ['--expose-gc', ...nodeArgs],
        args,
        env,
      });
      // What Node and V8 say about their own flags.
      const theirs =
        /^(\(node:\d+\) (\[\w+\] )?(ExperimentalWarning|SecurityWarning)|\(Use `node|Warning: disabling flag).*\n/gm;
      const said = stderr.replace(theirs, '');
      expect({ code, signal, said }).toEqual({ code: 0, signal: null, said: '' });
      expect(JSON.parse(stdout)).toEqual(everything);
    });
  }
});
function known(flag: string): boolean {
  const name = flag.split('=')[0]!;
  return name !== '--allow-addons' || allowed.has(name);
}

describe('L8: one clear error says what to do with', () => {
  it.each([
    ['--no-addons', ['--no-addons'], '--no-addons'],
    ['permissions, no addons allowed', [permission, `--allow-fs-read=${repository}*`], '--allow-addons'],
  ])('%s', async (_name, nodeArgs, advice) => {
    const { code, stderr } = await run('everyday', { nodeArgs, env });
    expect(code).toBe(1);
    expect(stderr).toContain('ERR_WAZERO_UNSUPPORTED_PLATFORM');
    expect(stderr).toContain(advice);
  });
});

describe('L8: while guests run in both lanes', () => {
  const guests = { calls: true, endless: 'AbortError' };
  needsEdit('e2')('a break in a host function, and a deadline that passes meanwhile', async () => {
    expect(await survived('inspected', { args: ['a break in a host function'] })).toEqual({
      answers: [2, 3, 100_000],
      paused: [1, 2, 3, 3],
      late: ['TimeoutError', 'TimeoutError'],
    });
  });
  needsEdit('e2')('heap snapshots, also in host functions and with 10,000 handles', async () => {
    const found = await survived('inspected', { args: ['heap snapshots'], timeoutMs: 60_000 });
    expect(found).toEqual({ inHost: [1, 1], handles: 10_000, streamed: true, ...guests });
  });
  needsEdit('e2')('L7: the profilers of the inspector start and stop', async () => {
    const found = await survived('inspected', { args: ['profilers'] });
    expect(found).toEqual({ nodes: true, heap: true, ...guests });
  });
  for (const [name, nodeArgs, found] of [
    ['reports on signals', ['--report-on-signal', `--report-dir=${folder}`], { reports: 3 }],
    ['SIGUSR1 starts the inspector', ['--inspect-port=0'], { url: true }],
  ] as const) {
    needsEdit('e2')(`L7: ${name}`, async () => {
      const { code, stdout, stderr } = await run('inspected', {
        nodeArgs: ['--expose-gc', ...nodeArgs],
        args: [name, folder],
      });
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ found: { ...found, ...guests }, ...clean });
    });
  }
});
