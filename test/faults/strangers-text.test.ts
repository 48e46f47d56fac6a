/** What a guest chose the text of (names, debug information) in traps and messages: short, one line, read in bounded time, and never our own inside. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bombs, named, overlapping } from '../support/dwarf.js';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import {
  experimental,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  type Trap,
  wasi,
} from '../support/package.js';
import { slowness } from '../support/slowness.js';
import { wat } from '../support/wat.mjs';

expectAftermath();
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unprinted = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd]/;

/** What every trap of this file has to be. */
function expectTrap(error: unknown): asserts error is Trap {
  expect(error).toMatchObject({ name: 'Trap', code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
  const { message, frames } = error as Trap;
  expect(message.length).toBeLessThanOrEqual(65_536);
  expect(message).not.toMatch(unprinted);
  expect(message).not.toMatch(/goroutine|0x[0-9a-f]{9}|\.go:/);
  expect(frames).toHaveLength(30);
  for (const { function: name, source = '' } of frames) {
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(520);
    expect(Buffer.byteLength(source)).toBeLessThanOrEqual(320);
    expect(name + source).not.toMatch(unprinted);
  }
}

describe.each(['compiler', 'interpreter'] as const)('%s', (engine) => {
  for (const [what, binary] of Object.entries(bombs))
    needsEdit('e8trace')(`debug information: ${what}`, async () => {
      await using runtime = new Runtime(RuntimeConfig[engine]().withCloseOnContextDone(true));
      const module = await runtime.instantiate(binary());
      const run = module.exportedFunction('run', ['i32'], [])!;
      const timed = run.withOptions({ timeoutMs: 60_000 });
      // The third callSync and the third call are those that enter the guest without Go.
      for (const enter of [() => run.callSync(40), () => run.call(40), () => timed.callSync(40), () => timed.call(40)])
        for (let i = 0; i < 4; i++) {
          const started = performance.now();
          expectTrap(await errorOf(enter));
          expect(performance.now() - started).toBeLessThan(5_000 * slowness); // some 10 ms where nothing else runs
          expect(module.exportedFunction('seven')!.callSync()).toBe(7);
        }
      expect(experimental.stats().callEngines).toBeLessThan(10);
    });

  it('G7: names of functions and modules, in traps', async () => {
    const bad = '\x1b[2J\x07\u202e\u0085\n\tx';
    for (const name of [bad, 'ü'.repeat(40_000), Buffer.alloc(90_000, 1), 'f'.repeat(90_000)]) {
      await using runtime = new Runtime(RuntimeConfig[engine]());
      const module = await runtime.instantiate(named(name, bad));
      for (const lane of ['call', 'callSync'] as const) {
        const error = await errorOf(() => module.exportedFunction('run')![lane](40));
        expectTrap(error);
        expect(error.frames[0]!.function).toMatch(/^\\x1b\[2J\\a\\u202e\\u0085\\n\\tx\../);
        expect(error.message.split('\n')).toHaveLength(33); // above them, 30 frames, and that there are more
      }
    }
  });

  it('names: of what cannot be compiled or linked', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const bad = '\\1b[2J\\c2\\9b\\0a\\e2\\80\\ae';
    const modules = [
      `(module (import "${bad}" "f" (func)))`,
      `(module (import "${bad}${'m'.repeat(50_000)}" "f" (func)))`,
      `(module $m (func $start unreachable) (export "_start${bad}" (func $start)))`,
    ];
    for (const [i, text] of modules.entries()) {
      const config = new ModuleConfig().withName(`\x1b[31m${i}`).withStartFunctions('_start\x1b[2J\u009b\n\u202e');
      const { message } = (await errorOf(() => runtime.instantiate(wat(text), config))) as Error;
      expect(message.split('\nwasm stack trace')[0]).not.toMatch(/[\n\t]/);
      expect(message).toMatch(/\[2J/);
      expect(message).not.toMatch(unprinted);
      expect(message.length).toBeLessThan(65_537);
    }
    const twice = Buffer.from(wat('(module (func) (export "aaaaa" (func 0)) (export "bbbbb" (func 0)))'));
    for (const old of ['aaaaa', 'bbbbb']) twice.write('\x1b[2J\n', twice.indexOf(old));
    const { message } = (await errorOf(() => runtime.compileModule(twice))) as Error;
    expect(message).toContain('\\x1b[2J\\n');
    expect(message).not.toMatch(unprinted);

    const open = await runtime.instantiate(wat('(module)'), new ModuleConfig().withName('\x1b[2J'));
    const again = (await errorOf(() => runtime.instantiate(wat('(module)'), new ModuleConfig().withName('\x1b[2J'))))!;
    expect((again as Error).message).toMatch(/^module\[\\x1b\[2J] has already been instantiated/);
    await open.close();
  });

  it('what a host function throws is cut in the message, and whole in the cause', async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const thrown = new Error(`\x1b[31m${'x'.repeat(2 ** 20)}`);
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(
        () => {
          throw thrown;
        },
        [],
        [],
      )
      .export('throws')
      .instantiate();
    const module = await runtime.instantiate(
      wat('(module (import "env" "throws" (func $f)) (func (export "run") (call $f)))'),
    );
    for (const lane of ['call', 'callSync'] as const) {
      const error = (await errorOf(() => module.exportedFunction('run')![lane]())) as Trap;
      expect(error).toMatchObject({ kind: 'host function', cause: thrown });
      expect(error.message.length).toBeLessThan(65_537);
      expect(error.message).toMatch(/^\\x1b\[31mx+… \(recovered by wazero\)\nwasm stack trace:/);
    }
  });
});

needsEdit('e8trace')(
  'debug information of guests that trap delays nobody else, and is read past no deadline',
  async () => {
    await using a = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    await using b = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    const binary = bombs['4,000,000 entries']();
    const compiled = await a.compileModule(binary);
    const guests = [];
    for (let i = 0; i < 4; i++) guests.push(await a.instantiateModule(compiled, new ModuleConfig().withName('')));
    const other = await b.instantiate(wat('(module (func (export "q")))'));
    const q = other.exportedFunction('q')!.withOptions({ timeoutMs: 60_000 });
    await q.call();
    const started = performance.now();
    const ends = guests.map((guest) =>
      errorOf(() => guest.exportedFunction('run')!.withOptions({ timeoutMs: 30_000 }).call(40)),
    );
    for (let i = 0; i < 5; i++) await q.call();
    expect(performance.now() - started).toBeLessThan(1_000 * slowness);
    for (const end of ends) expectTrap(await end);
    expect(performance.now() - started).toBeLessThan(10_000 * slowness);
  },
);

needsEdit('e8trace')(
  'tables of abbreviations that overlap: a module of 400 KB loads in no time and no memory',
  async () => {
    await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    const binary = overlapping(200, 200_000); // 4,000 units ended the process at 6 GB
    const before = process.memoryUsage.rss();
    const module = await runtime.instantiate(binary);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20);
    expect(await errorOf(() => module.exportedFunction('run')!.call(40))).toMatchObject({ kind: 'unreachable' });
  },
);

it('what hostLoggingListener writes of a path is on one line, and moves no cursor', async () => {
  await using runtime = new Runtime();
  await wasi.instantiate(runtime);
  const buffer = new OutputBuffer();
  const listener = experimental.hostLoggingListener(buffer, ['filesystem']);
  const guest =
    wat(`(module (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 8) "\\1b[2J\\0a==> forged\\e2\\80\\ae\\ff")
    (func (export "run") (drop (call $unlink (i32.const 3) (i32.const 8) (i32.const 19)))))`);
  const module = await runtime.instantiateModule(await runtime.compileModule(guest, { listener }));
  await module.exportedFunction('run')!.call();
  expect(buffer.text().split('\n')).toEqual([
    '==> wasi_snapshot_preview1.path_unlink_file(fd=3,path=\\x1b[2J\\n==> forged\\u202e\\xff)',
    expect.stringMatching(/^<== errno=E[A-Z]+$/),
    '',
  ]);
});

it('the command shows names, and obeys none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wazero-'));
  try {
    const file = join(folder, 'm.wasm');
    const bad = '\\1b[2J\\c2\\9b1m\\0a\\e2\\80\\ae';
    writeFileSync(
      file,
      wat(`(module (import "${bad}" "${bad}" (func)) (func (export "${bad}")) (table (export "t${bad}") 1 funcref))`),
    );
    for (const args of [['inspect'], ['inspect', '-json'], ['run']]) {
      const { stdout, stderr } = spawnSync(process.execPath, [cli, ...args, file], { encoding: 'utf8' });
      expect(stdout + stderr).toContain(args.length === 2 ? '\\u001b[2J' : '\\x1b[2J');
      expect(stdout + stderr).not.toMatch(unprinted);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('an outcome that cannot be read is an error of its call, and the next one runs', async () => {
  await using runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  const module = await runtime.instantiate(named('f'));
  const { parse } = JSON;
  for (const lane of ['call', 'callSync', 'call', 'callSync'] as const) {
    const run = module.exportedFunction('run')!.withOptions(lane === 'call' ? { timeoutMs: 30_000 } : {});
    JSON.parse = () => {
      throw new RangeError('Invalid string length');
    };
    const error = await errorOf(() => run[lane](3)).finally(() => {
      JSON.parse = parse;
    });
    expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'host function' });
    expect((error as Trap).cause).toBeInstanceOf(RangeError);
    expect(await module.exportedFunction('seven')!.call()).toBe(7);
    expect(module.exportedFunction('seven')!.callSync()).toBe(7);
  }
  JSON.parse = () => {
    throw new RangeError('Invalid string length');
  };
  const refused = await errorOf(() =>
    runtime.compileModule(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 99)),
  ).finally(() => {
    JSON.parse = parse;
  });
  expect(refused).toMatchObject({ code: 'ERR_WAZERO_COMPILE' });
});

it('a compiled module that JavaScript cannot describe is closed', async () => {
  await using runtime = new Runtime();
  const { parse } = JSON;
  const before = experimental.stats().compiledModules;
  for (const compile of [async () => runtime.compileModuleSync(named('f')), () => runtime.compileModule(named('f'))]) {
    JSON.parse = () => {
      throw new RangeError('Invalid string length');
    };
    const error = await errorOf(compile).finally(() => {
      JSON.parse = parse;
    });
    expect(error).toBeInstanceOf(Error);
    expect(experimental.stats().compiledModules).toBe(before);
  }
});
