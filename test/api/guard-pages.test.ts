/** Guard pages: who has them, and what becomes of an instance without. What traps where is in test/faults/boundaries.test.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../support/child.js';
import { CoreFeatures, type Module, Runtime, RuntimeConfig } from '../support/package.js';
import { slowness } from '../support/slowness.js';
import { wat } from '../support/wat.mjs';

const isHere = process.platform === 'linux' && new Runtime().guardPages;
const here = it.runIf(isHere);
const modes = ['auto', true, false] as const;
const outside = 'out of bounds memory access';
const guest = wat(`(module (memory (export "memory") 1 100)
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);

function loaded(module: Module, at: number): unknown {
  try {
    return module.exportedFunction('load')!.callSync(at);
  } catch (error) {
    return (error as { kind?: string }).kind ?? error;
  }
}
/** The length of its memory is `bytes`. */
function expectEnd(module: Module, bytes: number) {
  expect([bytes - 4, bytes - 3, bytes, 2 ** 31 - 1, -4, -1].map((at) => typeof loaded(module, at))).toEqual([
    'number',
    ...Array(5).fill('string'),
  ]);
  expect(loaded(module, bytes - 3)).toBe(outside);
}

it('the default is auto, which is not for the interpreter, and nothing after close()', async () => {
  const runtime = new Runtime();
  expect(runtime.guardPages).toBe(isHere);
  const other = new Runtime(RuntimeConfig.interpreter().withGuardPages(true));
  expect(other.guardPages).toBe(false);
  await runtime.close();
  await other.close();
  expect(runtime.guardPages).toBe(false);
  expect(() => new RuntimeConfig().withGuardPages('always' as never)).toThrow("Expected a boolean or 'auto' for mode");
});

describe.each(modes)('guard pages %s', (mode) => {
  const config = new RuntimeConfig().withGuardPages(mode);

  it('a memory grows, by the guest and by the host', async () => {
    await using runtime = new Runtime(config);
    expect(runtime.guardPages).toBe(isHere && mode !== false);
    const module = await runtime.instantiate(guest);
    expectEnd(module, 65_536);
    expect(module.exportedFunction('grow')!.callSync(2)).toBe(1);
    expectEnd(module, 3 * 65_536);
    expect(module.memory!.grow(1)).toBe(3);
    expectEnd(module, 4 * 65_536);
    expect(module.exportedFunction('grow')!.callSync(97)).toBe(-1);
    expectEnd(module, 4 * 65_536);
    expect(module.exportedFunction('grow')!.callSync(96)).toBe(4);
    expectEnd(module, 100 * 65_536);
    module.memory!.writeUint32Le(100 * 65_536 - 4, 7);
    expect(loaded(module, 100 * 65_536 - 4)).toBe(7);
  });

  it('a memory is imported, exported again, and imported once more', async () => {
    await using runtime = new Runtime(config.withCoreFeatures(CoreFeatures.V2));
    const owner = await runtime.instantiate(
      wat(
        `(module $owner (memory (export "memory") 2 9) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`,
      ),
    );
    const again = await runtime.instantiate(
      wat(`(module $again (import "owner" "memory" (memory 1)) (export "memory" (memory 0))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
    );
    const last = await runtime.instantiate(
      wat(
        `(module $last (import "again" "memory" (memory 2)) (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`,
      ),
    );
    for (const module of [owner, again, last]) expectEnd(module, 2 * 65_536);
    expect(again.exportedFunction('grow')!.callSync(3)).toBe(2);
    for (const module of [owner, again, last]) expectEnd(module, 5 * 65_536);
    await owner.close();
    for (const module of [again, last]) expectEnd(module, 5 * 65_536);
  });

  it('a memory that is reset ends where that of the image does', async () => {
    await using runtime = new Runtime(config);
    const first = await runtime.instantiate(guest);
    first.exportedFunction('store')!.callSync(65_532, 5);
    const image = await first.freeze();
    const module = await runtime.instantiateModule(image);
    for (const pinned of [false, true]) {
      expect(loaded(module, 65_532)).toBe(5);
      expectEnd(module, 65_536);
      expect(module.exportedFunction('grow')!.callSync(4)).toBe(1);
      module.exportedFunction('store')!.callSync(5 * 65_536 - 4, 6);
      module.exportedFunction('store')!.callSync(65_532, 6);
      const buffer = pinned ? module.memory!.buffer : undefined;
      await module.reset();
      expect(buffer?.byteLength ?? 0).toBe(0);
      expectEnd(module, 65_536);
      expect(module.exportedFunction('grow')!.callSync(4)).toBe(1);
      expect(loaded(module, 5 * 65_536 - 4)).toBe(0);
      await module.reset();
    }
    expectEnd(first, 65_536);
  });

  it('an empty memory', async () => {
    await using runtime = new Runtime(config);
    const module = await runtime.instantiate(
      wat(`(module (memory (export "memory") 0 3) (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`),
    );
    for (const at of [0, 1, -1, -4]) expect(loaded(module, at)).toBe(outside);
    expect(module.exportedFunction('grow')!.callSync(1)).toBe(0);
    expectEnd(module, 65_536);
  });

  it('a listener, a start section, and a start function that trap', async () => {
    await using runtime = new Runtime(config);
    const heard: string[] = [];
    const compiled = await runtime.compileModule(guest, {
      listener: { before: ({ definition }) => void heard.push(definition.debugName) },
    });
    const module = await runtime.instantiateModule(compiled);
    expectEnd(module, 65_536);
    expect(heard.length).toBe(7);
    for (const start of ['(start $f)', '(export "_start" (func $f))'])
      await expect(
        runtime.instantiate(wat(`(module (memory 1) (func $f (drop (i32.load (i32.const 65533)))) ${start})`)),
      ).rejects.toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: outside });
  });
});

async function guarding(what: string, options: Parameters<typeof run>[1] = {}) {
  const { code, signal, stdout, stderr } = await run('guarding', { ...options, args: [what, ...(options.args ?? [])] });
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

// An emulator has 6 MB of its own for each gigabyte that is reserved.
it.runIf(isHere && (process.arch === 'x64' || slowness === 1))(
  'when all ranges are taken instances compare, or are refused where nothing else was wanted, until there is one again',
  async () => {
    expect(await guarding('ranges')).toEqual({
      before: [8192, false],
      after: [8192, false],
      compared: Array(4).fill('works'),
      always: 'LimitError ERR_WAZERO_LIMIT',
      again: [true, 'works', 'works'],
    });
  },
);

here("new instances compare behind somebody else's handler", async () => {
  expect(await guarding('handler')).toEqual({
    before: [true, 'works', 1],
    after: [false, 'works', 'works', 1],
    always: [false, 'works'],
  });
});

here('all compare where address space is limited, or where the variable says so', async () => {
  expect(await guarding('limited')).toEqual({ limited: [true, 'works', 1] });
  expect(await guarding('limited', { under: 'ulimit -v 6000000' })).toEqual({ limited: [false, 'works', 0] });
  expect(await guarding('limited', { env: { WAZERO_NODE_GUARD_PAGES: '0' } })).toEqual({
    limited: [false, 'works', 0],
  });
});

here('a directory of a cache has both codes', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'wazero-guard-'));
  try {
    for (const _ of ['written', 'read'])
      expect(await guarding('cache', { args: [directory] })).toEqual({ true: ['works', 1], false: ['works', 0] });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it.runIf(process.platform === 'linux')('a SIGSEGV that somebody sends ends the process as ever', async () => {
  const { signal } = await run('guarding', { args: ['killed'] });
  expect(signal).toBe('SIGSEGV');
});
