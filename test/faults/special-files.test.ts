/** Files that are none, too many of them, and no room for more: an errno for the guest, and a deadline that works. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { vectors } from '../conformance/vectors.mjs';
import { clean } from '../support/aftermath.mjs';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { type CompiledModule, FSConfig, ModuleConfig, OutputBuffer, Runtime, wasi } from '../support/package.js';
import { slowness } from '../support/slowness.js';

const archive = vectors('hostile');
const box = mkdtempSync(join(tmpdir(), 'wazero-special-'));
let runtime: Runtime;
let program: CompiledModule;
beforeAll(async () => {
  runtime = new Runtime(interruptible());
  await wasi.instantiate(runtime);
  program = await runtime.compileModule(readFileSync(join(archive, 'fsops.wasm')));
});
afterAll(async () => {
  await runtime.close();
  rmSync(box, { recursive: true });
});
const configOf = (out: OutputBuffer, ops: string[], folder: string) =>
  new ModuleConfig()
    .withName('')
    .withArgs('fsops', ...ops)
    .withStdout(out)
    .withFSConfig(new FSConfig().withDirMount(folder, '/'));
/** What the guest says to each operation, in both lanes alike. */
async function lines(ops: string[], folder = box): Promise<string[]> {
  const [out, sync] = [new OutputBuffer(), new OutputBuffer()];
  await (await runtime.instantiateModule(program, configOf(out, ops, folder), { timeoutMs: 20_000 })).close();
  runtime.instantiateModuleSync(program, configOf(sync, ops, folder), { timeoutMs: 20_000 }).closeSync();
  expect(sync.text()).toBe(out.text());
  return out
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd());
}

describe.runIf(process.platform === 'linux')('F2: special files', () => {
  needsEdit('e2')(
    'a fifo without a writer, and one that says nothing: the deadline ends the read, and other guests go on',
    async () => {
      execFileSync('mkfifo', [join(box, 'fifo')]);
      for (const lane of ['instantiateModule', 'instantiateModuleSync'] as const) {
        const started = performance.now();
        const stuck = errorOf(() =>
          runtime[lane](program, configOf(new OutputBuffer(), ['read|/fifo'], box), { timeoutMs: 200 }),
        );
        if (lane === 'instantiateModule') expect(await lines(['mkdir|/meanwhile', 'rmdir|/meanwhile'])).toHaveLength(2);
        const error = await stuck;
        // Opening it may be refused, or wait: never for ever.
        if (error !== undefined) expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'timeout' });
        expect(performance.now() - started).toBeLessThan(2_000);
      }
    },
  );
  needsEdit('e7errno')('devices: zeros without end, no room, nothing', async () => {
    const [zero, full, nothing, written] = await lines(
      ['read|/zero', 'write|/full|text', 'read|/null', 'write|/null|text'],
      '/dev',
    );
    expect(zero).toMatch(/^read \/zero => ok/);
    expect(full).toBe('write /full => ENOSPC');
    expect([nothing, written]).toEqual(['read /null => ok', 'write /null => ok']);
  });
  it('a socket: an errno', async () => {
    const server = createServer().listen(join(box, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect((await lines(['read|/socket', 'write|/socket|x'])).join()).not.toContain('=> ok');
    server.close();
  });
  const many = Number(process.env.WAZERO_ENTRIES || 5_000);
  it(
    `a directory of ${many} entries is listed as a whole`,
    async () => {
      mkdirSync(join(box, 'many'));
      for (let i = 0; i < many; i++) writeFileSync(join(box, `many/${i}`), '');
      const [line] = await lines(['ls|/many']);
      expect(Number(/n=(\d+)/.exec(line!)![1]) - many, 'and perhaps . and ..').toBeLessThanOrEqual(2);
      expect(Number(/n=(\d+)/.exec(line!)![1])).toBeGreaterThanOrEqual(many);
    },
    120_000 * slowness,
  );
  it('a file that grows and shrinks while it is read', async () => {
    const path = join(box, 'growing');
    writeFileSync(path, 'start ');
    let on = true;
    const growing = (async () => {
      for (let i = 0; on; i++) {
        if (i % 10) appendFileSync(path, 'more ');
        else writeFileSync(path, 'start ');
        await new Promise(setImmediate);
      }
    })();
    const out = new OutputBuffer();
    const ops = Array.from({ length: 300 }, (_, i) => (i % 2 ? 'read|/growing' : 'stat|/growing'));
    await (await runtime.instantiateModule(program, configOf(out, ops, box))).close();
    on = false;
    await growing;
    const said = out.text().trimEnd().split('\n');
    expect(said).toHaveLength(300);
    expect(said.every((line) => line.includes('=> ok'))).toBe(true);
  });
  it('a directory read as a file, and a dangling link', async () => {
    symlinkSync('nowhere', join(box, 'dangling'));
    expect(await lines(['read|/dangling', 'ls|/dangling', 'read|/many'])).toEqual([
      'read /dangling => ENOENT',
      'ls /dangling => ENOENT',
      expect.stringMatching(/=> (EISDIR|EBADF)$/),
    ]);
  });
});

describe('F3: no more of it', () => {
  needsEdit('e7errno')(
    'files for a guest: EMFILE at its limit, none is left open, and the host opens its own',
    async () => {
      writeFileSync(join(box, 'f'), 'text');
      expect(await lines(['openmany|/f|3000', 'mkdir|/x', 'rmdir|/x'])).toEqual([
        expect.stringMatching(/^openmany \/f => EMFILE 10\d\d$/),
        'mkdir /x => ok',
        'rmdir /x => ok',
      ]);
      expect(readFileSync(join(box, 'f'), 'utf8')).toBe('text');
    },
  );
  it.runIf(process.platform === 'linux')(
    'descriptors of the process: every step says so, and all goes on when there are some again',
    () => {
      const fixture = fileURLToPath(new URL('../fixtures/processes/exhausted.mjs', import.meta.url));
      const script = 'ulimit -n 100 && exec "$0" "$@"';
      const { status, stdout, stderr } = spawnSync(
        'bash',
        ['-c', script, process.execPath, '--expose-gc', fixture, join(archive, 'fsops.wasm'), box],
        {
          encoding: 'utf8',
          env: { ...process.env, NODE_OPTIONS: '' },
          timeout: 60_000,
        },
      );
      expect(status).toBe(0);
      // Only what the cache says of itself: its directory cannot be read or written.
      expect(
        stderr.replaceAll(/^\(node:\d+\) \[WAZERO_CACHE\] .*: too many open files\n|^\(Use `node --trace.*\n/gm, ''),
      ).toBe('');
      const { found, ...after } = JSON.parse(stdout);
      expect(after).toEqual(clean);
      const { mount, cache, guest, compute, again } = found;
      console.log('without descriptors:', { mount, cache, guest });
      expect(mount.code ?? mount.value).toMatch(/^ERR_WAZERO_|EMFILE/);
      if (cache.code) expect(cache.code).toMatch(/^ERR_WAZERO_/);
      expect(guest).toMatch(/=> EMFILE/);
      expect(compute).toBe(42);
      expect(again).toContain('read /f => ok text');
    },
  );
  it.runIf(process.platform === 'linux').each(['async', 'sync'])(
    'room for a file, by its greatest size: EFBIG, and no SIGXFSZ (%s)',
    (lane) => {
      const fixture = fileURLToPath(new URL('../fixtures/processes/too-big.mjs', import.meta.url));
      const script = 'ulimit -c 0; ulimit -f 100 && exec "$0" "$@"';
      const { status, signal, stdout } = spawnSync(
        'bash',
        ['-c', script, process.execPath, fixture, join(archive, 'fsops.wasm'), box, lane],
        {
          encoding: 'utf8',
          env: { ...process.env, NODE_OPTIONS: '' },
          timeout: 60_000,
        },
      );
      expect({ status, signal }).toEqual({ status: 0, signal: null });
      expect(stdout).toMatch(/^fillbytes \/big => EFBIG \d+\nread \/none => ENOENT/);
      expect(statSync(join(box, 'big')).size).toBe(102_400);
    },
  );
});
