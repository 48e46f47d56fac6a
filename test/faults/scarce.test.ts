/** C4: where memory is scarce, guests that take all they can get typed errors, and the process lives: Go cannot recover from running out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../support/child.js';
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
  globals: wat(`(module (memory 1) ${'(global (mut i64) (i64.const 1))'.repeat(5_000)} (func (export "run")))`),
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

describe.runIf(process.platform === 'linux')('guests that take all the memory there is', () => {
  it.each([
    ['3 GiB of address space', 'ulimit -v 3145728'],
    ['512 MiB of data', 'ulimit -d 524288'],
  ])(
    'C4: with %s',
    async (_, limit) => {
      const { code, signal, stdout, stderr } = await run('scarce', { args: files, under: limit, timeoutMs: 110_000 });
      expect(stderr).toBe('');
      expect({ code, signal }).toEqual({ code: 0, signal: null });
      const outcomes: Record<string, Record<string, number>> = JSON.parse(stdout);
      console.log(limit, outcomes);
      expect(Object.keys(outcomes)).toHaveLength(11);
      expect(outcomes.fresh).toEqual({ 'stack overflow': 1 });
      for (const [what, seen] of Object.entries(outcomes))
        for (const code of Object.keys(seen)) expect(codes, what).toContain(code);
    },
    120_000,
  );

  it('C4: loading says so where there is not enough address space for Go', async () => {
    const { code, stderr } = await run('scarce', { args: files, under: 'ulimit -v 2000000' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/ERR_WAZERO_UNSUPPORTED_PLATFORM/);
    expect(stderr).toMatch(/needs 1536 MiB of address space.* leaves \d+ MiB/);
  });
});
