/**
 * An import was found by name in wazero's own registry where JavaScript knew of no such module: linked, but in a group of its own. Then two
 * calls ran in one memory at once, and the user of a closed library read and wrote the memory that the next guest was given.
 */
import { expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { expectAftermath } from '../support/faults.js';
import { CoreFeatures, ModuleConfig, Runtime, RuntimeConfig } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const library = wat(`(module (import "env" "wait" (func $wait)) (memory (export "memory") 16 16)
  (func (export "wait") (call $wait)))`);
const user = wat(`(module (import "lib" "memory" (memory 16 16))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))`);
const sharing = `(memory (export "memory") 1 1 shared) (func (export "forever") (loop $l (br $l)))`;
const sharer = wat('(module (import "lib" "memory" (memory 1 1 shared)))');
const missing = { code: 'ERR_WAZERO_LINK', message: expect.stringMatching(/^module\[lib\] not instantiated/) };

expectAftermath();

/** The JS thread hears of nothing meanwhile; Go goes on. */
function deaf(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

async function withLibrary(closeOnContextDone = true) {
  const runtime = new Runtime(
    new RuntimeConfig()
      .withCoreFeatures(CoreFeatures.V2 | CoreFeatures.Threads)
      .withCloseOnContextDone(closeOnContextDone),
  );
  let release = () => {};
  let waiting = () => {};
  const waits = new Promise<void>((resolve) => (waiting = resolve));
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(
      () => {
        waiting();
        return new Promise<void>((resolve) => (release = resolve));
      },
      [],
      [],
    )
    .export('wait')
    .instantiate();
  return {
    runtime,
    waits,
    release: () => release(),
    library: await runtime.compileModule(library),
    user: await runtime.compileModule(user),
    named: new ModuleConfig().withName('lib'),
    anonymous: new ModuleConfig().withName(''),
  };
}

it('L9: a library and its user, instantiated at once: the library is not there yet', async () => {
  const { runtime, library, user, named, anonymous } = await withLibrary();
  for (let round = 0; round < 20; round++) {
    const [lib, linked] = await Promise.allSettled([
      runtime.instantiateModule(library, named),
      runtime.instantiateModule(user, anonymous),
    ]);
    expect(lib).toMatchObject({ status: 'fulfilled' });
    expect(linked).toMatchObject({ status: 'rejected', reason: missing });
    await runtime.module('lib')?.close();
  }
  await runtime.close();
});

it('L9: a library that is instantiated in Go, and JavaScript has not heard of it', async () => {
  const { runtime, library, user, named, anonymous } = await withLibrary();
  const lib = runtime.instantiateModule(library, named);
  deaf(100);
  expect(await errorOf(() => runtime.instantiateModuleSync(user, anonymous))).toMatchObject(missing);
  await lib;
  expect(runtime.instantiateModuleSync(user, anonymous).exportedFunction('load', ['i32'], ['i32']).callSync(0)).toBe(0);
  await runtime.close();
});

it('L9: a library that is being closed, and waits for its host function', async () => {
  const { runtime, library, user, named, anonymous, waits, release } = await withLibrary(false);
  const lib = await runtime.instantiateModule(library, named);
  const call = lib.exportedFunction('wait', [], []).call();
  await waits;
  const closed = lib.close();
  expect(await errorOf(() => runtime.instantiateModuleSync(user, anonymous))).toMatchObject(missing);
  expect(await errorOf(() => runtime.instantiateModule(user, anonymous))).toMatchObject(missing);
  release();
  await Promise.all([call, closed, runtime.close()]);
});

it('L9: a name that is no text: half of a surrogate pair is U+FFFD in Go, which a guest can import', async () => {
  const { runtime, library } = await withLibrary();
  const expected = { code: 'ERR_WAZERO_INVALID_ARGUMENT', name: 'TypeError' };
  expect(await errorOf(() => new ModuleConfig().withName('\ud800'))).toMatchObject({
    ...expected,
    message: 'Expected a string without lone surrogates for name but received "\\ud800"',
  });
  expect(await errorOf(() => runtime.newHostModuleBuilder('a\udfff'))).toMatchObject(expected);
  const builder = runtime.newHostModuleBuilder('host').newFunctionBuilder();
  const fn = builder.withFunction(() => {}, [], []);
  expect(await errorOf(() => fn.export('\udc00'))).toMatchObject(expected);
  expect(await errorOf(() => fn.withName('\udc00'))).toMatchObject(expected);
  expect(await errorOf(() => fn.withParameterNames('\udc00'))).toMatchObject(expected);
  const replacement = await runtime.instantiateModule(library, new ModuleConfig().withName('\ufffd'));
  expect(runtime.module('\ud800')).toBeUndefined();
  expect(runtime.module('\ufffd')).toBe(replacement);
  const named = await runtime.instantiate(wat('(module (global (export "\\ef\\bf\\bd") i32 (i32.const 1)))'));
  expect(named.exportedGlobal('\ud800')).toBeUndefined();
  expect(named.exportedGlobal('\ufffd')?.get()).toBe(1);
  await runtime.close();
});

it('L9: a library whose shared memory was released at its deadline, and JavaScript has not heard of it', async () => {
  const { runtime, named, anonymous } = await withLibrary();
  const importing = await runtime.compileModule(sharer);
  const compiled = await runtime.compileModule(wat(`(module ${sharing})`));
  const lib = await runtime.instantiateModule(compiled, named);
  const forever = errorOf(() => lib.exportedFunction('forever', [], []).withOptions({ timeoutMs: 20 }).call());
  deaf(300);
  // What imports nothing but a shared memory joins no group, so nothing of JavaScript's has it wait.
  expect(await errorOf(() => runtime.instantiateModuleSync(importing, anonymous))).toMatchObject({
    code: 'ERR_WAZERO_CLOSED',
    message: 'module[lib] is closed',
  });
  expect(await forever).toMatchObject({ name: 'TimeoutError' });
  await runtime.close();
});

it('L9: a library that is closed while its user keeps its shared memory', async () => {
  const { runtime, named, anonymous } = await withLibrary();
  const lib = await runtime.instantiate(wat(`(module ${sharing})`), named);
  const other = await runtime.instantiate(
    wat(`(module (import "lib" "memory" (memory 1 1 shared))
      (func (export "load") (result i32) (i32.load (i32.const 64))) (func (export "store") (i32.store (i32.const 64) (i32.const 7))))`),
    anonymous,
  );
  await other.exportedFunction('store', [], []).call();
  await lib.close();
  const next = await Promise.all(
    Array.from({ length: 10 }, () => runtime.instantiate(wat(`(module ${sharing})`), anonymous)),
  );
  for (const { memory } of next) memory?.writeUint32Le(64, 0x5ec2e7);
  expect(await other.exportedFunction('load', [], ['i32']).call()).toBe(7);
  await runtime.close();
});
