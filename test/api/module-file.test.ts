/** compileModule(url): the bytes of a file, which native code reads. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import { ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

expectAftermath();

const folder = mkdtempSync(join(tmpdir(), 'module-file-'));
afterAll(() => rmSync(folder, { recursive: true }));
const url = (name: string) => pathToFileURL(join(folder, name));
function file(name: string, bytes: Uint8Array | string): URL {
  writeFileSync(join(folder, name), bytes);
  return url(name);
}

const guest = wat(`(module (memory (export "memory") 1) (data $later "of a segment")
  (func (export "f") (result i32) (memory.init $later (i32.const 0) (i32.const 3) (i32.const 9)) (i32.load8_u (i32.const 2))))`);
/** With a custom section of that size at its end. */
function withSection(size: number): Uint8Array<ArrayBuffer> {
  const length = [0, 7, 14, 21].map((shift) => (((size + 2) >> shift) & 0x7f) | (shift < 21 ? 0x80 : 0));
  const bytes = new Uint8Array(guest.length + 7 + size).fill(0x78);
  bytes.set([...guest, 0, ...length, 1, 0x61]);
  return bytes;
}

describe('a module in a file', () => {
  it.each([1000, 9 * 2 ** 20 + 3])('is as its bytes are, with a section of %i of them', async (size) => {
    for (const guardPages of [true, false]) {
      await using runtime = new Runtime(new RuntimeConfig().withCustomSections(true).withGuardPages(guardPages));
      const compiled = await runtime.compileModule(file('guest.wasm', withSection(size)));
      file('guest.wasm', 'what becomes of the file is nothing to it');
      const [section] = compiled.customSections().slice(-1);
      expect(section?.data).toHaveLength(size);
      expect(section?.data.every((byte) => byte === 0x78)).toBe(true);
      const module = await runtime.instantiateModule(compiled);
      expect(module.exportedFunction('f')?.callSync()).toBe('s'.charCodeAt(0));
      expect(module.memory?.readString(0, 9)).toBe('a segment');
    }
  });

  it('may be instantiated at once, and named by a link', async () => {
    file('guest.wasm', guest);
    symlinkSync('guest.wasm', join(folder, 'link.wasm'));
    await using runtime = new Runtime();
    const module = await runtime.instantiate(url('link.wasm'), new ModuleConfig().withName(''));
    expect(await module.exportedFunction('f')?.call()).toBe('s'.charCodeAt(0));
  });

  it('is one compilation with bytes that are the same', async () => {
    await using runtime = new Runtime();
    const modules = await Promise.all([runtime.compileModule(file('guest.wasm', guest)), runtime.compileModule(guest)]);
    for (const compiled of modules) await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
  });

  it('is heard by a listener, unless it chooses', async () => {
    await using runtime = new Runtime();
    const heard: string[] = [];
    const before = ({ definition }: { definition: { debugName: string } }) => void heard.push(definition.debugName);
    const compiled = await runtime.compileModule(file('guest.wasm', guest), { listener: { before } });
    (await runtime.instantiateModule(compiled)).exportedFunction('f')?.callSync();
    expect(heard).toEqual(['.$0']);
    const listener = { before, filter: () => true };
    await expect(runtime.compileModule(url('guest.wasm'), { listener })).rejects.toThrow(/Expected bytes for binary/);
  });

  it('that cannot be read says why, and by which name', async () => {
    await using runtime = new Runtime();
    execFileSync('mkfifo', [join(folder, 'pipe')]); // that nobody writes to
    for (const [name, why] of [
      ['none.wasm', /received .*none\.wasm: no such file/],
      ['pipe', /received .*pipe: it is no file/],
      ['', /: it is no file/],
      ['a%00b', /invalid argument/],
    ] as const) {
      const error = await errorOf(() => runtime.compileModule(new URL(`${pathToFileURL(folder)}/${name}`)));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT', message: expect.stringMatching(why) });
    }
    expect(await errorOf(() => runtime.compileModule(new URL('https://example.com/a.wasm')))).toBeInstanceOf(TypeError);
  });

  it('is refused as bytes are', async () => {
    await using runtime = new Runtime(new RuntimeConfig().withLimits({ moduleBytes: 1000 }));
    for (const [bytes, code] of [
      [withSection(2000), 'ERR_WAZERO_LIMIT'],
      [guest.subarray(0, 40), 'ERR_WAZERO_COMPILE'],
      [new Uint8Array(), 'ERR_WAZERO_COMPILE'],
    ] as const) {
      const error = await errorOf(() => runtime.compileModule(file('bad.wasm', bytes)));
      const same = await errorOf(() => runtime.compileModule(bytes));
      expect(error).toMatchObject({ code, message: (same as Error).message });
    }
  });

  it('can be given up', async () => {
    const at = file('guest.wasm', withSection(30 * 2 ** 20));
    const runtime = new Runtime();
    const signal = AbortSignal.abort();
    expect(await errorOf(() => runtime.compileModule(at, { signal }))).toMatchObject({ code: 'ERR_WAZERO_ABORTED' });
    const controller = new AbortController();
    const aborted = errorOf(() => runtime.compileModule(at, { signal: controller.signal }));
    controller.abort();
    expect(await aborted).toMatchObject({ code: 'ERR_WAZERO_ABORTED', name: 'AbortError' });
    const closed = errorOf(() => runtime.compileModule(at));
    await runtime.close();
    expect(await closed).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    expect(await errorOf(() => runtime.compileModule(at))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  });
});
