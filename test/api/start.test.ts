/** What instantiation runs, in which order, and how it ends, in both lanes (wazero: runtime_test.go, store_test.go), the ugly ends included. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { type CallerModule, ExitError, type Module, ModuleConfig, Runtime, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

let runtime: Runtime;
let said: number[];
let host: (caller: CallerModule) => void;
beforeEach(async () => {
  runtime = new Runtime();
  said = [];
  host = () => {};
  await wasi.instantiate(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withModuleFunction(
      (caller, n) => {
        said.push(n);
        host(caller);
      },
      ['i32'],
      [],
    )
    .export('say')
    .instantiate();
});
afterEach(() => runtime.close());
const imports = `(import "env" "say" (func $say (param i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))`;
const guest = (body: string, name = '$e') => wat(`(module ${name} ${imports} ${body})`);
const exits = (code: number) => `(func (export "_start") (call $say (i32.const 1)) (call $exit (i32.const ${code})))`;

const lanes = {
  instantiate: (bytes: Uint8Array, config?: ModuleConfig) => runtime.instantiate(bytes, config),
  instantiateSync: async (bytes: Uint8Array, config?: ModuleConfig) => runtime.instantiateSync(bytes, config),
};
describe.each(Object.entries(lanes))('%s', (_lane, instantiate) => {
  const failing = (bytes: Uint8Array, config?: ModuleConfig) =>
    errorOf(() => instantiate(bytes, config)) as Promise<Error>;

  it('a start function that exits with 0: no error, and the module is closed', async () => {
    const module = await instantiate(guest(exits(0)));
    expect([module.isClosed, said, runtime.module('e')]).toEqual([true, [1], undefined]);
    await instantiate(guest(exits(0))); // its name is free
  });

  it('and those after it do not run', async () => {
    const bytes = guest(`${exits(0)} (func (export "after") (call $say (i32.const 2)))`);
    expect((await instantiate(bytes, new ModuleConfig().withStartFunctions('_start', 'after'))).isClosed).toBe(true);
    expect(said).toEqual([1]);
  });

  it('one that exits with another code: the bare ExitError', async () => {
    const error = await failing(guest(exits(7)));
    expect(error).toBeInstanceOf(ExitError);
    expect(error).toMatchObject({ exitCode: 7, reason: 'exit', message: 'module closed with exit_code(7)' });
    expect(runtime.module('e')).toBeUndefined();
  });

  it('one that fails in another way: its name before the message', async () => {
    const error = await failing(guest('(func (export "_start") unreachable)'));
    expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
    expect(error.message).toMatch(
      /^module\[e\] function\[_start\] failed: wasm error: unreachable\nwasm stack trace:\n\te\./,
    );
    expect(runtime.module('e')).toBeUndefined();
  });

  it('one with parameters: it cannot be called', async () => {
    const error = await failing(guest('(func (export "_start") (param i32))'));
    expect(error.message).toBe('module[e] function[_start] failed: expected 1 params, but passed 0');
    await instantiate(guest('(func (export "_start") (param i32))'), new ModuleConfig().withStartFunctions());
  });

  it('what is exported as start function but is none is skipped', async () => {
    await instantiate(guest('(global (export "_start") i32 (i32.const 0))'));
  });

  it.each([0, 7])('an exit with %i in the start section: ExitError, even for 0', async (code) => {
    const error = await failing(guest(`(func $f (call $exit (i32.const ${code}))) (start $f)`));
    expect(error).toBeInstanceOf(ExitError);
    expect(error).toMatchObject({ exitCode: code, reason: 'exit' });
    expect(runtime.module('e')).toBeUndefined();
  });

  it('the start section comes before the start functions', async () => {
    await instantiate(
      guest(`(func (export "_start") (call $say (i32.const 2))) (func $f (call $say (i32.const 1))) (start $f)`),
    );
    expect(said).toEqual([1, 2]);
  });

  it('a trap in the start section, and no start function runs', async () => {
    const error = await failing(
      guest('(func (export "_start") (call $say (i32.const 2))) (func $f unreachable) (start $f)'),
    );
    expect(error).toMatchObject({ code: 'ERR_WAZERO_TRAP', kind: 'unreachable' });
    expect(error.message).toMatch(/^start function\[3\] failed: wasm error: unreachable/);
    expect(said).toEqual([]);
  });

  it('data that does not fit fails before the start section, but what came before it has been written', async () => {
    const owner = await runtime.instantiate(wat('(module $owner (memory (export "memory") 1))'));
    const error = await failing(
      guest(`(import "owner" "memory" (memory 1)) (data (i32.const 0) "kept") (data (i32.const 65535) "two")
        (func $f (call $say (i32.const 1))) (start $f)`),
    );
    expect(error.message).toMatch(/out of bounds memory access/);
    expect([said, owner.memory!.readString(0, 4)]).toEqual([[], 'kept']);
  });

  it('elements that do not fit are left out, as are those after them: wazero goes on, against the specification', async () => {
    const module = await instantiate(
      guest(`(table 2 funcref) (elem (i32.const 0) $f) (elem (i32.const 2) $f) (elem (i32.const 1) $f)
        (func $f (call $say (i32.const 1))) (start $f)
        (func (export "call") (param i32) (call_indirect (local.get 0)))`),
    );
    module.exportedFunction('call')!.callSync(0);
    expect(said).toEqual([1, 1]);
    expect(await errorOf(() => module.exportedFunction('call')!.callSync(1))).toMatchObject({
      kind: 'invalid table access',
    });
  });

  it("imports that do not fit, in wazero's words", async () => {
    await runtime.instantiate(wat('(module $lib (func (export "f")) (global (export "g") i32 (i32.const 0)))'));
    const table: [string, RegExp][] = [
      ['(import "h" "f" (func))', /^module\[h\] not instantiated: the guest imports function "f" from it; /],
      ['(import "lib" "x" (func))', /^"x" is not exported in module "lib"$/],
      ['(import "lib" "f" (func (param i32)))', /^import func\[lib\.f\]: signature mismatch: i32_v != v_v$/],
      ['(import "lib" "g" (func))', /^export "g" in module "lib" is a global, not a func$/],
      ['(import "lib" "g" (global i64))', /^import global\[lib\.g\]: value type mismatch: i64 != i32$/],
      ['(import "env" "say" (func (param i64)))', /^import func\[env\.say\]: signature mismatch: i64_v != i32_v$/],
    ];
    for (const [text, message] of table) {
      const error = await failing(wat(`(module ${text})`));
      expect(error, text).toMatchObject({ code: 'ERR_WAZERO_LINK' });
      expect(error.message).toMatch(message);
    }
  });

  it("names: the name section's, another, or none, which nobody can import", async () => {
    const importer = (name: string) => wat(`(module (import "${name}" "f" (func)))`);
    const bytes = wat('(module $own (func (export "f")))');
    const own = await instantiate(bytes);
    expect([own.name, String(own), runtime.module('own')]).toEqual(['own', expect.any(String), own]);
    expect(await failing(bytes)).toMatchObject({
      message: expect.stringMatching(/^module\[own\] has already been instantiated: .*withName\(''\)/),
    });
    const other = await instantiate(bytes, new ModuleConfig().withName('other'));
    expect([other.name, runtime.module('other')]).toEqual(['other', other]);
    const nameless = [new ModuleConfig().withName(''), new ModuleConfig().withName('x').withName('')];
    for (const config of nameless) expect((await instantiate(bytes, config)).name).toBe('');
    expect(runtime.module('')).toBeUndefined();
    expect(await failing(importer(''))).toMatchObject({
      code: 'ERR_WAZERO_COMPILE',
      message: expect.stringContaining('empty module name'),
    });
    await instantiate(importer('other'));
    await other.close();
    expect(await failing(importer('other'))).toMatchObject({
      message: expect.stringMatching(/^module\[other\] not instantiated: /),
    });
  });
});

describe.each(['call', 'callSync'] as const)('%s', (lane) => {
  const open = () =>
    runtime.instantiate(
      guest(`(func (export "exit") (param i32) (call $exit (local.get 0)))
        (func (export "say") (result i32) (call $say (i32.const 1)) (call $say (i32.const 2)) (i32.const 5))`),
    );
  const ask = (module: Module, name: string, ...args: number[]) => module.exportedFunction(name)![lane](...args);

  it.each([0, 1, 255, 2 ** 32 - 1])(
    'an exit with %i is an ExitError, even for 0, and closes the module',
    async (code) => {
      const module = await open();
      const error = await errorOf(() => ask(module, 'exit', code));
      expect(error).toMatchObject({ name: 'ExitError', exitCode: code, reason: 'exit' });
      expect([module.isClosed, runtime.module('e')]).toEqual([true, undefined]);
      expect(await errorOf(() => ask(module, 'say'))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
    },
  );

  it('a host function that closes without withCloseOnContextDone: close waits, the guest runs to its end and is answered', async () => {
    const module = await open();
    let closing: Promise<void> | undefined;
    host = (caller) => {
      closing ??= caller.closeWithExitCode(3);
    };
    expect(await ask(module, 'say')).toBe(5);
    expect(said).toEqual([1, 2]);
    await closing;
    expect(module.isClosed).toBe(true);
  });

  it('a trap leaves the module open', async () => {
    const module = await runtime.instantiate(
      wat('(module (func (export "f") unreachable) (func (export "g") (result i32) (i32.const 4)))'),
    );
    expect(await errorOf(() => ask(module, 'f'))).toMatchObject({ kind: 'unreachable' });
    expect([module.isClosed, await ask(module, 'g')]).toEqual([false, 4]);
  });
});
