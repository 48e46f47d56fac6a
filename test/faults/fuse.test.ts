/** A mount of a file system that answers with errors, late, or never: FUSE stands for NFS and all others. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { vectors } from '../conformance/vectors.mjs';
import { ending, expectAftermath, expectEnding, timeout } from '../support/faults.js';
import { interruptible } from '../support/guests.js';
import { FSConfig, ModuleConfig, OutputBuffer, Runtime, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const place = mkdtempSync(join(tmpdir(), 'wazero-fuse-'));
const local = mkdtempSync(join(tmpdir(), 'wazero-local-'));
writeFileSync(join(local, 'ok'), 'it reads\n');
let server: ChildProcess | undefined;
const mounted = await new Promise<boolean>((resolve) => {
  if (process.platform !== 'linux') return resolve(false);
  const file = fileURLToPath(new URL('../fixtures/fuse.py', import.meta.url));
  server = spawn('python3', [file, place], { stdio: ['pipe', 'pipe', 'inherit'] });
  server.on('error', () => resolve(false));
  server.on('exit', () => resolve(false));
  server.stdout!.once('data', () => resolve(true));
});
if (!mounted) console.log('F2: no FUSE can be mounted here (it takes root and /dev/fuse)');
afterAll(async () => {
  if (mounted) {
    server!.stdin!.end();
    await once(server!, 'exit');
  }
  rmdirSync(place);
  rmSync(local, { recursive: true });
});
expectAftermath();

const program = readFileSync(join(vectors('hostile'), 'fsops.wasm'));
const open = async () => {
  const runtime = new Runtime(interruptible());
  await wasi.instantiate(runtime);
  const compiled = await runtime.compileModule(program);
  const config = (out: OutputBuffer, ops: string[], folder: string) =>
    new ModuleConfig()
      .withName('')
      .withArgs('fsops', ...ops)
      .withStdout(out)
      .withFSConfig(new FSConfig().withDirMount(folder, '/'));
  const run = async (lane: 'async' | 'sync', ops: string[], timeoutMs = 20_000, folder = place) => {
    const out = new OutputBuffer();
    if (lane === 'sync') runtime.instantiateModuleSync(compiled, config(out, ops, folder), { timeoutMs }).closeSync();
    else await (await runtime.instantiateModule(compiled, config(out, ops, folder), { timeoutMs })).close();
    return out
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  };
  return { runtime, run };
};

describe.runIf(mounted)('a file system that may not answer', () => {
  for (const lane of ['async', 'sync'] as const) {
    it(`F2: what it says is what the guest hears (${lane})`, async () => {
      const { runtime, run } = await open();
      const [ok, eio, estale, slow, missing, list, made] = await run(lane, [
        'read|/ok',
        'read|/eio',
        'read|/estale',
        'read|/slow',
        'read|/none',
        'ls|/',
        'mkdir|/new',
      ]);
      expect([ok, slow]).toEqual(['read /ok => ok it reads', 'read /slow => ok it reads']);
      expect([eio, missing]).toEqual(['read /eio => EIO', 'read /none => ENOENT']);
      expect(estale).toMatch(/^read \/estale => (ESTALE|E72)$/);
      expect(list).toMatch(/ok,eio,estale,hang,slow, n=\d/);
      expect(made).toMatch(/^mkdir \/new => E/);
      await runtime.close();
    });

    it(`F2: a read that is never answered ends at its deadline (${lane})`, async () => {
      const { runtime, run } = await open();
      for (let i = 0; i < 2; i++) expectEnding(await ending(() => run(lane, ['read|/hang'], 200)), timeout, 200);
      expect(await run(lane, ['read|/ok'])).toEqual(['read /ok => ok it reads']);
      await runtime.close();
    });
  }

  it('F2: others go on while many guests wait for it, their files too, and what waits can be closed', async () => {
    const { runtime, run } = await open();
    const sum = wat(`(module (func (export "sum") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))`);
    const other = await runtime.instantiate(sum);
    // More than there are threads for such calls.
    const stuck = Array.from({ length: 20 }, () => ending(() => run('async', ['read|/hang'], 3_000)));
    const started = performance.now();
    let [calls, reads] = [0, 0];
    while (performance.now() - started < 1_500) {
      expect(await other.exportedFunction('sum', ['i32'], ['i32']).call(41)).toBe(42);
      calls++;
      expect(await run('async', ['read|/ok'], 5_000, local)).toEqual(['read /ok => ok it reads']);
      reads++;
    }
    console.log('meanwhile:', { calls, reads });
    expect(reads).toBeGreaterThan(3);
    const closed = await ending(() => runtime.close());
    expectEnding(closed, undefined);
    for (const how of await Promise.all(stuck)) expect(how.ms).toBeLessThan(10_000); // a close is no error of a command
  });
});
