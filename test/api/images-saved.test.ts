// Images in files: what is loaded is what was saved, or refused.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect } from 'vitest';
import { run } from '../support/child.js';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { LinkError, type Module, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const folder = mkdtempSync(join(tmpdir(), 'node-wazero-images-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = `(memory (export "memory") 3 100) (table (export "t") 3 funcref) (elem (i32.const 0) $one)
  (global $n (export "n") (mut i64) (i64.const 0)) (global $f (mut funcref) (ref.null func)) (type $get (func (result i32)))
  (data $d "data")
  (func $one (type $get) (i32.const 1)) (func $two (type $get) (i32.const 2)) (elem declare func $two)
  (func (export "warm") (global.set $n (i64.const -5)) (global.set $f (ref.func $two)) (table.set (i32.const 2) (ref.func $two))
    (drop (memory.grow (i32.const 30))) (data.drop $d)
    (i32.store (i32.const 70000) (i32.const 7)) (i32.store (i32.const 2000000) (i32.const 8)))
  (func (export "through") (param i32) (result i32) (call_indirect (type $get) (local.get 0)))
  (func (export "init") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)))`;
const guest = wat(`(module ${text})`);
const call = (module: Module, name: string, ...args: number[]) => module.exportedFunction(name)!.callSync(...args);
const isWarm = async (module: Module) => {
  const { memory } = module;
  expect(module.exportedGlobal('n')!.get()).toBe(-5n);
  expect([
    memory!.size(),
    memory!.readUint32Le(70_000),
    memory!.readUint32Le(2_000_000),
    memory!.readUint32Le(0),
  ]).toEqual([33 * 65_536, 7, 8, 0]);
  expect([call(module, 'through', 0), call(module, 'through', 2)]).toEqual([1, 2]);
  expect(await errorOf(() => call(module, 'init'))).toMatchObject({ kind: 'out of bounds memory access' });
};
const saved = join(folder, 'saved.img');
async function save(engine: 'compiler' | 'interpreter' = 'compiler') {
  await using runtime = new Runtime(RuntimeConfig[engine]());
  const module = await runtime.instantiate(guest, new ModuleConfig().withName('warm one'));
  call(module, 'warm');
  const image = await module.freeze();
  await image.save(saved);
  return image.byteLength;
}

for (const [from, to] of [
  ['compiler', 'compiler'],
  ['compiler', 'interpreter'],
  ['interpreter', 'compiler'],
] as const)
  needsEdit('e11fork')(`what ${from === to ? 'the' : `the ${from} saved, the`} ${to} loads`, async () => {
    const bytes = await save(from);
    expect(statSync(saved).mode & 0o777).toBe(0o400);
    await using runtime = new Runtime(RuntimeConfig[to]());
    const compiled = await runtime.compileModule(guest);
    const image = await runtime.loadImage(pathToFileURL(saved), compiled);
    expect([image.name, image.byteLength]).toEqual(['warm one', bytes]);
    await compiled.close();
    const [first, second] = [await runtime.instantiateModule(image), runtime.instantiateModuleSync(image)];
    await isWarm(first);
    first.memory!.writeUint32Le(70_000, 99);
    await isWarm(second);
    first.resetSync();
    await isWarm(first);
    await image.save(saved); // over the file that it is of
    await image.close();
    await isWarm(second);
    second.resetSync();
    await isWarm(second);
    const again = await runtime.loadImage(saved, await runtime.compileModule(guest));
    await isWarm(await runtime.instantiateModule(again));
  });

needsEdit('e11fork')(
  'every byte of the head and 1,000 others, flipped; every length: refused',
  async () => {
    await save();
    await using runtime = new Runtime();
    const compiled = await runtime.compileModule(guest);
    const whole = readFileSync(saved);
    const broken = join(folder, 'broken.img');
    const refused = async (what: string) => {
      const error = await errorOf(() => runtime.loadImage(broken, compiled));
      expect(error, what).toBeInstanceOf(LinkError);
    };
    const head = whole.readUInt32LE(12);
    const flips = Array.from({ length: head }, (_, at) => at);
    for (let i = 0; i < 1000; i++) flips.push((i * 7_919 * 31) % whole.byteLength);
    for (const at of flips) {
      const copy = Buffer.from(whole);
      copy[at]! ^= 1 << (at % 8);
      writeFileSync(broken, copy);
      await refused(`byte ${at}`);
    }
    for (const length of [0, 1, 15, head - 1, head, 65_535, 65_536, whole.byteLength - 1]) {
      writeFileSync(broken, whole);
      truncateSync(broken, length);
      await refused(`length ${length}`);
    }
    writeFileSync(broken, Buffer.concat([whole, Buffer.of(0)]));
    await refused('longer');
    copyFileSync(saved, join(folder, 'copy.img'));
    await runtime.loadImage(join(folder, 'copy.img'), compiled);
  },
  120_000,
);

needsEdit('e11fork')('other modules, other things, other paths', async () => {
  await save();
  await using runtime = new Runtime();
  const other = await runtime.compileModule(wat(`(module ${text} (func))`));
  const compiled = await runtime.compileModule(guest);
  const message = async (path: string, module = compiled) => {
    const error = await errorOf(() => runtime.loadImage(path, module));
    expect(error).toBeInstanceOf(LinkError);
    return (error as Error).message;
  };
  expect(await message(saved, other)).toBe(`the image ${saved} cannot be used: it is of a module of other bytes`);
  expect(await message(join(folder, 'missing'))).toContain('no such file');
  expect(await message(folder)).toContain('it is no file');
  expect(await message('/dev/zero')).toContain('it is no file');
  const fifo = join(folder, 'fifo');
  if (spawnSync('mkfifo', [fifo]).status === 0) expect(await message(fifo)).toContain('it is no file');
  const image = await (await runtime.instantiateModule(compiled)).freeze();
  for (const path of [join(folder, 'no', 'such'), folder])
    expect(await errorOf(() => image.save(path))).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
  for (const path of ['', 'a\0b', 5, undefined]) {
    expect(await errorOf(() => image.save(path as string))).toBeInstanceOf(TypeError);
    expect(await errorOf(() => runtime.loadImage(path as string, compiled))).toBeInstanceOf(TypeError);
  }
  expect(await errorOf(() => runtime.loadImage(saved, image as never))).toBeInstanceOf(TypeError);
  const readOnly = join(folder, 'readonly');
  mkdirSync(readOnly);
  chmodSync(readOnly, 0o500);
  if (process.getuid?.() !== 0)
    expect(await errorOf(() => image.save(join(readOnly, 'x')))).toMatchObject({ code: 'ERR_WAZERO_INVALID_ARGUMENT' });
  await image.close();
  expect(await errorOf(() => image.save(saved))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  await compiled.close();
  expect(await errorOf(() => runtime.loadImage(saved, compiled))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  const late = new Runtime();
  const module = await late.compileModule(guest);
  const loading = errorOf(() => late.loadImage(saved, module));
  await late.close();
  expect([undefined, 'ERR_WAZERO_CLOSED']).toContain((((await loading) ?? {}) as { code?: string }).code);
});

// Where a page of a mapping is no longer in its file, reading it is SIGBUS.
const onLinux: (edit: string) => ReturnType<typeof needsEdit> = (edit) =>
  process.platform === 'linux' ? needsEdit(edit) : () => {};
const large = wat('(module (memory (export "memory") 256))');
async function fileProcess(path: string, ...args: string[]): Promise<string> {
  const { code, signal, stdout, stderr } = await run('image-file', { args: [path, ...args] });
  expect([code, signal, stderr]).toEqual([0, null, '']);
  return stdout.trim();
}
onLinux('e11fork')('a file that is cut and written to while it is loaded is nothing to modules of it', async () => {
  const path = join(folder, 'cut.img');
  writeFileSync(`${path}.wasm`, large);
  await fileProcess(path, 'save');
  chmodSync(path, 0o600);
  expect(await fileProcess(path, 'cut')).toBe('0 wrong, not mapped');
});
// Processes share the pages of one that they cannot change.
if (process.getuid?.() === 0)
  onLinux('e11fork')("root's file is mapped by others, unless they can write to it", async () => {
    const path = join(folder, 'roots.img');
    writeFileSync(`${path}.wasm`, large);
    chmodSync(folder, 0o755);
    await fileProcess(path, 'save');
    chmodSync(path, 0o444);
    expect(await fileProcess(path, 'mapped')).toBe('0 wrong, not mapped');
    expect(await fileProcess(path, 'mapped', '65534')).toBe('0 wrong, mapped');
    chmodSync(path, 0o664);
    expect(await fileProcess(path, 'mapped', '65534')).toBe('0 wrong, not mapped');
  });
