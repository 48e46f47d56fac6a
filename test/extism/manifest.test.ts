/** Where a plugin comes from, and how its modules are joined. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { createPlugin, type ExtismPluginOptions, guest, type ManifestLike } from '../support/extism.js';
import { wat } from '../support/wat.mjs';

const data = guest(
  '(func (export "echo") (call $out (call $in))) (func (export "config") (call $out (call $config_get (call $in))))',
);
const hash = createHash('sha256').update(data).digest('hex');
let folder: string;
let origin: string;
const server = createServer((request, response) => {
  const [path = '', type = ''] = (request.url ?? '').slice(1).split('?');
  if (path === 'missing') response.statusCode = 404;
  response.setHeader('content-type', type);
  response.end(path === 'json' ? JSON.stringify({ wasm: [{ url: `${origin}/wasm?application/wasm` }] }) : data);
});
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'extism-'));
  writeFileSync(join(folder, 'plugin.wasm'), data);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

async function answers(
  manifest: ManifestLike | PromiseLike<ManifestLike>,
  options: ExtismPluginOptions = {},
): Promise<string | undefined> {
  await using plugin = await createPlugin(manifest, options);
  return (await plugin.call('echo', 'hello'))?.text();
}

describe('a manifest', () => {
  it('is bytes, a path, a URL, a response, JSON, an object, or a promise of one', async () => {
    const path = join(folder, 'plugin.wasm');
    const sources: (() => ManifestLike | PromiseLike<ManifestLike>)[] = [
      () => data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer,
      () => data,
      () => path,
      () => pathToFileURL(path),
      () => pathToFileURL(path).href,
      () => `${origin}/wasm?application/wasm`,
      () => new URL(`${origin}/wasm?application/octet-stream`),
      () => `${origin}/json?application/json;charset=utf-8`,
      () => fetch(`${origin}/wasm?application/wasm`),
      () => ({ wasm: [{ response: new Response(data.slice()) }] }),
      () => ({ wasm: [{ url: new URL(`${origin}/wasm?text/plain`), hash }] }),
      () => ({ wasm: [{ url: pathToFileURL(path).href }] }),
      () => ({ wasm: [{ path, hash: hash.toUpperCase() }] }),
      () => ({ wasm: [{ data, name: 'any' }] }),
      () => JSON.stringify({ wasm: [{ data: Buffer.from(data).toString('base64') }] }),
      () => Promise.resolve({ wasm: [{ data, name: 'main' }] }),
    ];
    for (const source of sources) expect(await answers(source())).toBe('hello');
  });

  it('that is none is refused', async () => {
    const message = async (manifest: unknown) => String(await errorOf(() => answers(manifest as ManifestLike)));
    expect(await message({})).toContain('Expected "wasm" key in manifest');
    expect(await message({ wasm: {} })).toContain('Expected "manifest.wasm" to be array');
    expect(await message({ wasm: [{ data }, { nothing: 1 }] })).toContain('got bad item at index 1');
    expect(await message({ wasm: [{ data: '' }] })).toContain(
      'Unrecognized wasm item at index 0. Keys include: "data"',
    );
    expect(await message({ wasm: [] })).toContain('must designate one "main" module');
    expect(
      await message({
        wasm: [
          { data, name: 'a' },
          { data, name: 'b' },
        ],
      }),
    ).toContain('must designate one "main" module');
    expect(await message(`${origin}/wasm?text/html`)).toContain('got "text/html"');
    expect(await message({ wasm: [{ url: `${origin}/missing?application/wasm` }] })).toContain('status 404');
    expect(await message(join(folder, 'nothing.wasm'))).toContain('ENOENT');
    expect(await message({ wasm: [{ data: new Uint8Array([0, 97]) }] })).toContain('CompileError');
    expect(await message({ wasm: [{ data, hash: 'f'.repeat(64) }] })).toContain(
      `hash mismatch. Expected: ${'f'.repeat(64)}. Actual: ${hash}`,
    );
  });

  it('or options of a wrong kind are refused: a limit that is no number would be none', async () => {
    const code = async (manifest: object, options: object = {}) =>
      ((await errorOf(() => answers({ wasm: [{ data }], ...manifest } as ManifestLike, options))) as { code?: string })
        ?.code;
    const wrong = [
      ...['x', Number.NaN, -1, true, [], {}, 1n, Symbol('x')].flatMap((value) => [
        { timeoutMs: value },
        ...['maxPages', 'maxHttpResponseBytes', 'maxVarBytes'].map((name) => ({ memory: { [name]: value } })),
      ]),
      ...[5, 'x', {}, [5], [null]].map((allowedHosts) => ({ allowedHosts })),
      ...[5, 'x', [], { '/': 5 }].map((allowedPaths) => ({ allowedPaths })),
      ...[5, 'x', []].flatMap((value) => [{ config: value }, { memory: value }]),
    ];
    for (const one of wrong) {
      expect(await code(one), 'in the manifest').toBe('ERR_EXTISM_MANIFEST');
      expect(await code({}, one), 'in the options').toBe('ERR_EXTISM_MANIFEST');
    }
    for (const one of [
      { fetch: 5 },
      { functions: 'x' },
      { logLevel: 'loud' },
      { logLevel: Symbol('x') },
      { cacheDir: 5 },
    ])
      expect(await code({}, one)).toBe('ERR_EXTISM_MANIFEST');
    for (const item of [
      { data, hash: 5 },
      { data, name: 5 },
    ])
      expect(await code({ wasm: [item] })).toBe('ERR_EXTISM_MANIFEST');
    expect(await errorOf(() => answers('{"wasm":'))).toMatchObject({ code: 'ERR_EXTISM_MANIFEST' });
    for (const one of [null, undefined, 0, Infinity]) {
      const memory = { maxPages: one, maxHttpResponseBytes: one };
      expect(await answers({ wasm: [{ data }], timeoutMs: one, memory } as ManifestLike)).toBe('hello');
    }
    expect(await answers(Object.create({ wasm: [{ data }] }))).toBe('hello');
  });

  it('with a module of V8 says what to give instead', async () => {
    const module = new (globalThis as { WebAssembly?: { Module: new (bytes: Uint8Array) => object } })
      .WebAssembly!.Module(data);
    for (const manifest of [module, { wasm: [{ module }] }])
      expect(String(await errorOf(() => answers(manifest)))).toContain('give what it was compiled from');
    expect(String(await errorOf(() => answers({ wasm: [{ module, hash }] })))).toContain('unavailable for hashing');
  });

  it('has options in both spellings; those of createPlugin go first', async () => {
    const limits = (manifest: object, options: ExtismPluginOptions = {}) =>
      errorOf(async () => {
        await using plugin = await createPlugin({ wasm: [{ data }], ...manifest }, options);
        await plugin.call('echo', new Uint8Array(100_000));
      });
    for (const memory of [{ maxPages: 1 }, { max_pages: 1 }]) {
      expect(await limits({ memory })).toMatchObject({ code: 'ERR_EXTISM_MEMORY' });
      expect(await limits({ memory }, { memory: { maxPages: 10 } })).toBe(undefined);
    }
    const endless = guest('(func $l (loop $l (br $l))) (start $l)');
    for (const deadline of [{ timeoutMs: 20 }, { timeout_ms: 20 }]) {
      expect(await errorOf(() => createPlugin({ wasm: [{ data: endless }], ...deadline }))).toMatchObject({
        code: 'ERR_EXTISM_TIMEOUT',
      });
      expect(
        await errorOf(() =>
          createPlugin(JSON.stringify({ wasm: [{ data: Buffer.from(endless).toString('base64') }], ...deadline })),
        ),
      ).toMatchObject({ code: 'ERR_EXTISM_TIMEOUT' });
    }
    const config = async (options: ExtismPluginOptions) => {
      await using plugin = await createPlugin({ wasm: [{ data }], config: { key: 'manifest' } }, options);
      return (await plugin.call('config', 'key'))?.text();
    };
    expect([await config({}), await config({ config: { key: 'option' } })]).toEqual(['manifest', 'option']);
  });
});

describe('several modules', () => {
  it('import from each other by name; what they are called by place, too', async () => {
    const library = wat(
      '(module (func (export "double") (param i64) (result i64) (i64.mul (local.get 0) (i64.const 2))) (func (export "noop")))',
    );
    const main = guest(
      '(func (export "run") (call $number (call $double (call $input_length))))',
      '(import "library" "double" (func $double (param i64) (result i64)))',
    );
    await using plugin = await createPlugin({ wasm: [{ name: 'library', data: library }, { data: main }] });
    expect((await plugin.call('run', '12345'))?.getUint8(0)).toBe(10);
    expect((await plugin.call(['main', 'run'], '123'))?.getUint8(0)).toBe(6);
    expect((await plugin.call(['1', 'run'], '1'))?.getUint8(0)).toBe(2);
    expect(await plugin.call(['library', 'noop'])).toBe(null);
    expect(await plugin.functionExists(['0', 'noop'])).toBe(true);
    expect(await plugin.functionExists(['nothing', 'noop'])).toBe(false);
    expect((await plugin.getExports('library')).map(({ name }) => name)).toEqual(['double', 'noop']);
    expect(String(await errorOf(() => plugin.call(['nothing', 'noop'])))).toContain(
      'target "nothing" "noop" does not exist',
    );
  });

  it('in a circle, with a memory that they share; also through tables of other sizes', async () => {
    const many = (from: string) =>
      Array.from({ length: 70 }, (_, i) => `(import "${from}" "f${i}" (func (param i32) (result i32)))`).join('');
    const exports = (module: string) =>
      Array.from(
        { length: 70 },
        (_, i) =>
          `(func (export "f${i}") (param i32) (result i32) (i32.add (local.get 0) (i32.const ${module === 'a' ? i : 2 * i})))`,
      ).join('');
    const a = wat(`(module ${many('b')} (memory (export "memory") 1) ${exports('a')}
      (func (export "through") (param i32) (result i32) (i32.add (call 69 (local.get 0)) (call 1 (i32.const 0)))))`);
    const b = wat(
      `(module ${many('a')} (import "a" "memory" (memory 1)) ${exports('b')} (func (export "own") (result i32) (call 69 (i32.const 0))))`,
    );
    const main = guest(
      '(func (export "run") (call $number (i64.extend_i32_u (i32.add (call $through (i32.const 1)) (call $own)))))',
      '(import "a" "through" (func $through (param i32) (result i32))) (import "b" "own" (func $own (result i32)))',
    );
    const plugin = await createPlugin({ wasm: [{ name: 'a', data: a }, { name: 'b', data: b }, { data: main }] }).catch(
      (error: Error) => error,
    );
    // a's imports come first, and b wants a's memory, which is not there then.
    expect(String(plugin)).toContain('circular imports of type="memory" are not supported');
    await using other = await createPlugin({
      wasm: [
        {
          name: 'a',
          data: wat(`(module ${many('b')} ${exports('a')}
        (func (export "through") (param i32) (result i32) (i32.add (call 69 (local.get 0)) (call 1 (i32.const 0)))))`),
        },
        {
          name: 'b',
          data: wat(`(module ${many('a')} ${exports('b')} (func (export "own") (result i32) (call 69 (i32.const 0))))`),
        },
        { data: main },
      ],
    });
    expect((await other.call('run'))?.getUint32(0, true)).toBe(1 + 138 + 2 + 69);
    await other.call('run');
  });

  it('what is missing is named, with the way to it', async () => {
    const message = async (imports: string, options: ExtismPluginOptions = {}, others: object[] = []) =>
      (
        (await errorOf(() =>
          createPlugin({ wasm: [...others, { data: wat(`(module ${imports})`) }] } as ManifestLike, options),
        )) as Error
      ).message;
    expect(await message('(import "no" "f" (func))')).toBe(
      'from module "main": cannot resolve import "no" "f": not provided by host imports nor linked manifest items',
    );
    expect(await message('(import "env" "f" (func))')).toBe(
      'from module "main": cannot resolve import "env" "f" ("env" is a host module, but does not contain "f")',
    );
    expect(await message('(import "own" "f" (func))', { functions: { own: {} } })).toContain(
      '"own" is a host module, but does not contain "f"',
    );
    expect(await message('(import "extism:host/env" "begin2" (func))')).toContain('does not contain "begin2"');
    expect(await message('(import "own" "f" (global i32))', { functions: { own: { f: () => 0 } } })).toContain(
      'does not contain "f"',
    );
    expect(await message('(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))')).toBe(
      'WASI is not enabled; see the "useWasi" plugin option',
    );
    const library = { name: 'library', data: wat('(module (import "deep" "f" (func)) (func (export "f")))') };
    expect(await message('(import "library" "g" (func))', {}, [library])).toContain(
      'from module "main": cannot import "library" "g"; no export matched request',
    );
    expect(await message('(import "library" "f" (func))', {}, [library])).toContain(
      'from module "main"/"library": cannot resolve import "deep" "f"',
    );
  });

  it('whose names are long, or more than a line, are short in messages', async () => {
    const long = `\\n${'x'.repeat(50_000)}`;
    for (const imports of [`"${long}" "f"`, `"env" "${long}"`, `"extism:host/env" "${long}"`]) {
      const { code, message } = (await errorOf(() => answers(wat(`(module (import ${imports} (func)))`)))) as {
        code: string;
        message: string;
      };
      expect(code).toBe('ERR_EXTISM_LINK');
      expect(message.length).toBeLessThan(1_000);
      expect(message).not.toContain('\n');
    }
  });

  it('what only the kernel here has is no import of a plugin', async () => {
    for (const name of ['begin', 'room'])
      expect(
        String(
          await errorOf(() =>
            createPlugin(wat(`(module (import "extism:host/env" "${name}" (func (param i32) (result i32))))`)),
          ),
        ),
      ).toContain(`does not contain "${name}"`);
  });
});

describe('what runs first', () => {
  const first = (fields: string) =>
    guest(`(global $order (mut i64) (i64.const 0))
    (func $note (param i64) (global.set $order (i64.add (i64.mul (global.get $order) (i64.const 10)) (local.get 0)))) ${fields}
    (func (export "order") (call $number (global.get $order)))`);
  const order = async (fields: string) => {
    await using plugin = await createPlugin(first(fields), { useWasi: true });
    return (await plugin.call('order'))?.getUint8(0);
  };
  const note = (name: string, n: number, params = '') =>
    `(func (export "${name}") ${params} (call $note (i64.const ${n})))`;

  it('is the start section, _initialize, then hs_init; or constructors; or a command that is not one of WASI', async () => {
    const start = '(func $s (call $note (i64.const 9))) (start $s)';
    expect(
      await order(
        `${start} ${note('_initialize', 1)} ${note('hs_init', 2, '(param i32 i32)')} ${note('__wasm_call_ctors', 3)}`,
      ),
    ).toBe(912 % 256);
    expect(await order(note('__wasm_call_ctors', 3))).toBe(3);
    expect(await order(`${note('_start', 4)} ${note('__wasm_call_ctors', 3)}`)).toBe(4);
    expect(await order(`${note('_start', 4)} ${note('_initialize', 1)}`)).toBe(1);
  });
});
