// What stands in the way of a freeze: a LinkError that says all of it.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { CoreFeatures, LinkError, type Module, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const exporter = wat(`(module $env
  (memory (export "memory") 1) (table (export "table") 2 funcref)
  (global (export "counter") (mut i32) (i32.const 0)) (global (export "constant") i32 (i32.const 5))
  (func (export "one") (result i32) (i32.const 1)) (func (export "two") (result i32) (i32.const 2)))`);
const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const named = (name: string) => new ModuleConfig().withName(name);

async function refusal(module: Module): Promise<string> {
  const error = await errorOf(() => module.freeze());
  expect(error).toBeInstanceOf(LinkError);
  expect(await errorOf(() => module.freezeSync())).toMatchObject({ message: (error as Error).message });
  return (error as Error).message;
}

for (const engine of ['compiler', 'interpreter'] as const) {
  const features =
    CoreFeatures.V2 | CoreFeatures.ExceptionHandling | CoreFeatures.Threads | CoreFeatures.TypedFunctionReferences;
  const open = () => new Runtime(RuntimeConfig[engine]().withCoreFeatures(features));

  needsEdit('e11fork')(`what it imports (${engine})`, async () => {
    await using runtime = open();
    await runtime.instantiate(exporter);
    const importing = async (name: string, text: string) => runtime.instantiate(wat(`(module ${text})`), named(name));
    const memory = await importing('memory', '(import "env" "memory" (memory 1))');
    expect(await refusal(memory)).toBe('module[memory] cannot be frozen: memory imported from env');
    const table = await importing(
      'table',
      '(import "env" "table" (table 2 funcref)) (import "env" "counter" (global (mut i32)))',
    );
    expect(await refusal(table)).toBe(
      'module[table] cannot be frozen: table imported from env; mutable global imported from env',
    );
    await memory.close();
    await table.close();
    // Functions and constants are imported anew, by each.
    const functions = await importing(
      'functions',
      `(import "env" "one" (func $one (result i32))) (import "env" "constant" (global $c i32))
       (func (export "get") (result i32) (i32.add (call $one) (global.get $c)))`,
    );
    const clone = await runtime.instantiateModule(await functions.freeze(), named('clone'));
    expect(clone.exportedFunction('get')!.callSync()).toBe(6);
    expect(await clone.exportedFunction('get')!.call()).toBe(6);
  });

  needsEdit('e11fork')(`what others import of it, as long as they are open (${engine})`, async () => {
    await using runtime = open();
    const env = await runtime.instantiate(exporter);
    expect(runtime.instantiateModuleSync(env.freezeSync(), named('alone')).exportedFunction('one')!.callSync()).toBe(1);
    for (const [what, text] of [
      ['memory', '(memory 1)'],
      ['table', '(table 2 funcref)'],
    ] as const) {
      const user = await runtime.instantiate(wat(`(module (import "env" "${what}" ${text}))`), named('user'));
      expect(await refusal(env)).toBe(`module[env] cannot be frozen: ${what} used by user`);
      await user.close();
    }
    const user = await runtime.instantiate(wat('(module (import "env" "counter" (global (mut i32))))'), named('user'));
    expect(await refusal(env)).toBe('module[env] cannot be frozen: mutable global used by user');
    await user.close();
    await runtime.instantiate(
      wat('(module (import "env" "one" (func (result i32))) (import "env" "constant" (global i32)))'),
      named('harmless'),
    );
    await env.freeze();
  });

  needsEdit('e11fork')(`shared memory, host modules (${engine})`, async () => {
    await using runtime = open();
    const shared = await runtime.instantiate(hex('0061736d01000000 05 04 01 03 01 02'), named('shared'));
    expect(await refusal(shared)).toBe('module[shared] cannot be frozen: shared memory');
    const host = runtime
      .newHostModuleBuilder('host')
      .newFunctionBuilder()
      .withFunction(() => {}, [], [])
      .export('f')
      .instantiateSync();
    expect(await refusal(host)).toBe('module[host] cannot be frozen: it is a host module');
  });

  needsEdit('e11fork')(`externrefs and functions of others, in globals and tables (${engine})`, async () => {
    await using runtime = open();
    await runtime.instantiate(exporter);
    const module = await runtime.instantiate(
      wat(`(module (import "env" "one" (func $one (result i32))) (global (export "e") (mut externref) (ref.null extern))
        (global (export "f") (mut funcref) (ref.null func)) (table $e 3 externref) (table $f 3 funcref) (elem declare func $one)
        (func (export "setE") (param externref) (table.set $e (i32.const 1) (local.get 0)))
        (func (export "setF") (param funcref) (table.set $f (i32.const 1) (local.get 0)))
        (func (export "own") (table.set $f (i32.const 2) (ref.func $one)))
        (func (export "clear") (table.set $e (i32.const 1) (ref.null extern)) (table.set $f (i32.const 1) (ref.null func))))`),
      named('refs'),
    );
    const call = (name: string, ...args: unknown[]) => module.exportedFunction(name)!.callSync(...(args as never[]));
    call('own');
    await module.freeze(); // a function that it imports is its own
    const maker = await runtime.instantiate(
      wat(`(module (import "refs" "setF" (func $set (param funcref))) (func $mine) (elem declare func $mine)
        (func (export "give") (call $set (ref.func $mine))))`),
      named('maker'),
    );
    call('setE', 5);
    expect(await refusal(module)).toBe('module[refs] cannot be frozen: an externref that is not null in table 0');
    module.exportedGlobal('e')!.set('text');
    maker.exportedFunction('give')!.callSync();
    expect(await refusal(module)).toBe(
      'module[refs] cannot be frozen: an externref that is not null in global 0; an externref that is not null in table 0; a function of another guest in table 1',
    );
    module.exportedGlobal('e')!.set(null);
    call('clear');
    await maker.close();
    await module.freeze();
  });

  needsEdit('e11fork')(`tags: imported ones are refused, its own are new in each (${engine})`, async () => {
    await using runtime = open();
    const tagged = hex(`0061736d01000000 01 05 01 60017f00 0d 03 01 00 00 07 05 01 01 74 04 00`);
    const env = await runtime.instantiate(tagged, named('env'));
    const importer = await runtime.instantiate(
      hex(`0061736d01000000 01 05 01 60017f00 02 0a 01 03 656e76 01 74 04 00 00`),
      named('user'),
    );
    expect(await refusal(importer)).toBe('module[user] cannot be frozen: tag imported from env');
    expect(await refusal(env)).toBe('module[env] cannot be frozen: tag used by user');
    await importer.close();
    const image = await env.freeze();
    await runtime.instantiateModule(image, named('clone'));
  });

  needsEdit('e11fork')(
    `images that are over the memory of the runtime, frozen or loaded, are a LimitError that says so (${engine})`,
    async () => {
      await using runtime = new Runtime(RuntimeConfig[engine]().withLimits({ totalMemoryBytes: 40 * 65_536 }));
      const compiled = await runtime.compileModule(wat('(module (memory (export "m") 16))'));
      const source = await runtime.instantiateModule(compiled, named('source'));
      source.memory!.write(0, new Uint8Array(16 * 65_536).fill(7));
      const image = await source.freeze();
      const path = join(tmpdir(), `node-wazero-over-${process.pid}-${engine}`);
      await image.save(path);
      try {
        for (const attempt of [
          () => source.freeze(),
          async () => source.freezeSync(),
          () => runtime.loadImage(path, compiled),
        ])
          expect(await errorOf(attempt)).toMatchObject({
            code: 'ERR_WAZERO_LIMIT',
            limit: 'totalMemoryBytes',
            message: expect.stringMatching(/^image of \d+ bytes is over the limit totalMemoryBytes: /),
          });
      } finally {
        rmSync(path, { force: true });
      }
      await image.close();
      await source.freeze(); // nothing of what failed is left
    },
  );
}

it('says no more than eight things, and names that a terminal would obey are escaped', async () => {
  await using runtime = new Runtime();
  await runtime.instantiate(wat('(module (memory (export "m") 1))'), named('\u001b[31mred'));
  const module = await runtime.instantiate(wat('(module (import "\\1b[31mred" "m" (memory 1)))'), named('user'));
  expect(((await errorOf(() => module.freeze())) as Error).message).toBe(
    'module[user] cannot be frozen: memory imported from \\x1b[31mred',
  );
});
