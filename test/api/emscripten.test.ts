// Emscripten guests (wazero: imports/emscripten/emscripten_test.go). Lua 5.4 as the package wasmoon has built it with Emscripten: each
// error of a Lua program is a longjmp out of a function that was called through invoke_vii.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type CompiledModule,
  emscripten,
  experimental,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { withAlias } from '../support/sections.js';
import { wat } from '../support/wat.mjs';

const { resolve } = createRequire(import.meta.url);
// Emscripten has renamed this export since; wazero knows the later name.
const lua = withAlias(readFileSync(resolve('wasmoon/dist/glue.wasm')), 'stackRestore', '_emscripten_stack_restore');

/** What Lua imports beside that is of the JavaScript that Emscripten makes: nothing that these programs use. */
function addRest(runtime: Runtime, compiled: CompiledModule) {
  const builder = emscripten.exportFunctionsForModule(runtime.newHostModuleBuilder('env'), compiled);
  for (const { import: from, paramTypes, resultTypes } of compiled.importedFunctions()) {
    const name = from!.name;
    if (from!.module !== 'env' || name.startsWith('invoke_') || name === '_emscripten_throw_longjmp') continue;
    const answer = (): never => {
      if (name === 'emscripten_date_now') return 0 as never;
      throw new Error(`not needed: ${name}`);
    };
    builder.newFunctionBuilder().withFunction(answer, paramTypes, resultTypes).export(name);
  }
  return builder;
}

async function open(config: RuntimeConfig): Promise<{ runtime: Runtime; module: Module; stdout: OutputBuffer }> {
  const runtime = new Runtime(config);
  await wasi.instantiate(runtime);
  const compiled = await runtime.compileModule(lua);
  await addRest(runtime, compiled).instantiate();
  const stdout = new OutputBuffer();
  const module = await runtime.instantiateModule(
    compiled,
    new ModuleConfig().withStdout(stdout).withStartFunctions('emscripten_stack_init', '__wasm_call_ctors'),
  );
  return { runtime, module, stdout };
}

type Call = (module: Module, name: string, ...args: (number | bigint)[]) => Promise<number>;
const lanes: Record<string, Call> = {
  async: (module, name, ...args) => module.exportedFunction(name)!.call(...(args as [])) as Promise<number>,
  sync: async (module, name, ...args) => module.exportedFunction(name)!.callSync(...(args as [])) as number,
};

class Lua {
  readonly #state: number;
  readonly #call: (name: string, ...args: (number | bigint)[]) => Promise<number>;
  readonly module: Module;
  private constructor(module: Module, call: Call, state: number) {
    this.module = module;
    this.#call = (name, ...args) => call(module, name, ...args);
    this.#state = state;
  }
  static async open(module: Module, call: Call): Promise<Lua> {
    const state = await call(module, 'luaL_newstate');
    await call(module, 'luaL_openlibs', state);
    return new Lua(module, call, state);
  }
  /** What the program returns as its first value, as text. */
  async run(program: string): Promise<string> {
    const text = Buffer.from(`${program}\0`);
    const at = await this.#call('malloc', text.length);
    this.module.memory!.write(at, text);
    let status = await this.#call('luaL_loadstring', this.#state, at);
    if (status === 0) status = await this.#call('lua_pcallk', this.#state, 0, 1, 0, 0, 0);
    const result = await this.#call('luaL_tolstring', this.#state, -1, 0);
    const memory = Buffer.from(this.module.memory!.read(result, 200));
    await this.#call('lua_settop', this.#state, 0);
    await this.#call('free', at);
    return `${status}: ${memory.toString('utf8', 0, memory.indexOf(0))}`;
  }
}

for (const engine of ['compiler', 'interpreter'] as const) {
  for (const [lane, call] of Object.entries(lanes)) {
    it(`runs Lua: errors are caught by longjmp through invoke_ (${engine}, ${lane})`, async () => {
      const { runtime, module, stdout } = await open(RuntimeConfig[engine]());
      await using _ = runtime;
      const state = await Lua.open(module, call);
      expect(await state.run('return 6 * 7')).toBe('0: 42');
      expect(await state.run('error("thrown", 0)')).toBe('2: thrown'); // LUA_ERRRUN
      expect(await state.run('return pcall(error, "inner", 0)')).toBe('0: false');
      expect(await state.run('local ok, e = pcall(function() local x = nil; return x.y end) return e')).toMatch(
        /attempt to index a nil value/,
      );
      expect(
        await state.run(`
          local caught = 0
          local function dive(n) if n == 0 then error("deep") end; local ok = pcall(dive, n - 1); if not ok then caught = caught + 1 end; error("again") end
          pcall(dive, 50)
          return caught`),
      ).toBe('0: 50');
      expect(await state.run('this is no Lua')).toMatch(/^3: .*syntax error/);
      expect(await state.run('return coroutine.wrap(function() coroutine.yield("yielded") end)()')).toBe('0: yielded');
      expect(await state.run('local t = {} for i = 1, 200000 do t[i] = i end return #t')).toMatch(
        /^(0: 200000|4: not enough memory)$/,
      );
      expect(await state.run('print("hello") return 1')).toBe('0: 1');
      await call(module, 'fflush', 0);
      expect(stdout.text()).toBe('hello\n');
      expect(module.isClosed).toBe(false);
    });
  }

  it(`is stopped by its deadline inside of invoke_ (${engine})`, async () => {
    const { runtime, module } = await open(RuntimeConfig[engine]().withCloseOnContextDone(true));
    await using _ = runtime;
    const limited: Call = (m, name, ...args) =>
      m
        .exportedFunction(name)!
        .withOptions({ timeoutMs: 500 })
        .call(...(args as [])) as Promise<number>;
    const state = await Lua.open(module, limited);
    expect(await errorOf(() => state.run('pcall(function() while true do end end)'))).toMatchObject({
      reason: 'timeout',
    });
    expect(module.isClosed).toBe(true);
  });

  // Written in text format: the imports by the names that Emscripten gives them.
  it(`serves the imports of one module, by their types (${engine})`, async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const guest = wat(`(module
      (import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))
      (import "env" "invoke_iii" (func $invoke (param i32 i32 i32) (result i32)))
      (import "env" "_emscripten_throw_longjmp" (func $jump))
      (table 4 funcref) (elem (i32.const 0) $add $throw $jump $trap)
      (memory 1 3)
      (global $threw (mut i32) (i32.const 0)) (global $sp (mut i32) (i32.const 1000))
      (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func $throw (param i32 i32) (result i32) (global.set $sp (i32.const 5)) (call $jump) (i32.const 0))
      (func $trap (param i32 i32) (result i32) (unreachable))
      (func (export "emscripten_stack_get_current") (result i32) (global.get $sp))
      (func (export "_emscripten_stack_restore") (param i32) (global.set $sp (local.get 0)))
      (func (export "setThrew") (param i32 i32) (global.set $threw (local.get 0)))
      (func (export "state") (result i32 i32) (global.get $threw) (global.get $sp))
      (func (export "call") (param i32) (result i32) (call $invoke (local.get 0) (i32.const 30) (i32.const 12)))
      (func (export "grow") (drop (memory.grow (i32.const 1))) (call $grown (i32.const 0))))`);
    const compiled = await runtime.compileModule(guest);
    const env = await emscripten.instantiateForModule(runtime, compiled);
    expect([...env.exportedFunctionDefinitions().keys()].sort()).toEqual([
      '_emscripten_throw_longjmp',
      'emscripten_notify_memory_growth',
      'invoke_iii',
    ]);
    const module = await runtime.instantiateModule(compiled);
    const call = module.exportedFunction('call', ['i32'], ['i32']);
    expect(await call.call(0)).toBe(42);
    expect(module.exportedFunction('state')!.callSync()).toEqual([0, 1000]);
    call.callSync(1); // longjmp: the result is whatever was there
    expect(module.exportedFunction('state')!.callSync()).toEqual([1, 1000]);
    await module.exportedFunction('grow')!.call();
    expect(await errorOf(() => call.call(3))).toMatchObject({ code: 'ERR_WAZERO_TRAP' }); // a trap is no longjmp
    // A function of another type, none at all: a Trap, as call_indirect would.
    for (const index of [2, 4, 0xffffffff])
      expect(await errorOf(() => call.call(index))).toMatchObject({ code: 'ERR_WAZERO_TRAP' });
    expect(module.isClosed).toBe(false);
  });

  needsEdit('e9lookup')(`calls a host function that stands in the guest's table (${engine})`, async () => {
    await using runtime = new Runtime(RuntimeConfig[engine]());
    const guest = wat(`(module
      (import "env" "invoke_ii" (func $invoke (param i32 i32) (result i32)))
      (import "env" "host" (func $host (param i32) (result i32)))
      (table 1 funcref) (elem (i32.const 0) $host)
      (func (export "emscripten_stack_get_current") (result i32) (i32.const 0))
      (func (export "_emscripten_stack_restore") (param i32))
      (func (export "setThrew") (param i32 i32))
      (func (export "call") (param i32) (result i32) (call $invoke (i32.const 0) (local.get 0))))`);
    const compiled = await runtime.compileModule(guest);
    await emscripten
      .exportFunctionsForModule(runtime.newHostModuleBuilder('env'), compiled)
      .newFunctionBuilder()
      .withFunction((value) => value + 1, ['i32'], ['i32'])
      .export('host')
      .instantiate();
    const module = await runtime.instantiateModule(compiled);
    expect(await module.exportedFunction('call')!.call(41)).toBe(42);
    expect(module.exportedFunction('call')!.callSync(1)).toBe(2);
  });
}

it('is logged in the scope memory', async () => {
  await using runtime = new Runtime();
  const guest = wat(`(module (import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))
    (func (export "grow") (call $grown (i32.const 0))))`);
  const text = new OutputBuffer();
  const compiled = await runtime.compileModule(guest, { listener: experimental.hostLoggingListener(text, ['memory']) });
  await emscripten.instantiateForModule(runtime, compiled);
  const module = await runtime.instantiateModule(compiled);
  await module.exportedFunction('grow')!.call();
  expect(text.text()).toBe('==> env.emscripten_notify_memory_growth(memory_index=0)\n<==\n');
});

it('refuses what it cannot use', async () => {
  await using runtime = new Runtime();
  const compiled = await runtime.compileModule(wat('(module)'));
  expect(await errorOf(() => emscripten.instantiateForModule({} as never, compiled))).toBeInstanceOf(TypeError);
  expect(await errorOf(() => emscripten.instantiateForModule(runtime, {} as never))).toBeInstanceOf(TypeError);
  await emscripten.instantiateForModule(runtime, compiled);
  expect(await errorOf(() => emscripten.instantiateForModule(runtime, compiled))).toMatchObject({
    code: 'ERR_WAZERO_LINK',
  });
  await compiled.close();
  expect(() => emscripten.instantiateForModuleSync(runtime, compiled)).toThrow(
    expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }),
  );
});

it('refuses a guest whose invoke_ functions are not of Emscripten: wazero takes their first parameter for granted', async () => {
  await using runtime = new Runtime();
  for (const [params, taken] of [
    ['', false],
    ['(param i64)', false],
    ['(param externref)', false],
    ['(param i32)', true],
  ] as const) {
    const compiled = await runtime.compileModule(wat(`(module (import "env" "invoke_x" (func ${params})))`));
    const error = await errorOf(async () => {
      const host = emscripten.exportFunctionsForModule(runtime.newHostModuleBuilder('env'), compiled);
      await (await host.instantiate()).close();
    });
    if (taken) expect(error).toBeUndefined();
    else
      expect(error).toMatchObject({ code: 'ERR_WAZERO_LINK', message: expect.stringMatching(/env\.invoke_x .*i32/) });
    await compiled.close();
  }
});
