/** Messages say what is missing and the line that cures it: first wazero's own words, then ours. */
import { describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { closedAfterEach } from '../support/guests.js';
import { assemblyscript, Runtime, RuntimeConfig, wasi } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const runtimes = closedAfterEach();
function make(config?: RuntimeConfig): Runtime {
  const runtime = new Runtime(config);
  runtimes.push(runtime);
  return runtime;
}
const importing = (module: string, name: string) => wat(`(module (import "${module}" "${name}" (func)))`);

describe('a module that is imported from is not there', () => {
  it.each([
    ['wasi_snapshot_preview1', 'fd_write', 'await wasi.instantiate(runtime) first'],
    [
      'wasi_unstable',
      'fd_write',
      'await wasi.exportFunctions(runtime.newHostModuleBuilder("wasi_unstable")).instantiate() first',
    ],
    ['env', 'abort', 'await assemblyscript.instantiate(runtime)'],
    ['env', 'invoke_v', 'await emscripten.instantiateForModule(runtime, compiled)'],
    ['env', 'log', 'runtime.newHostModuleBuilder("env")'],
    ['other', 'f', 'ModuleConfig.withName("other")'],
  ])('%s.%s', async (module, name, cure) => {
    const runtime = make();
    const found = {
      code: 'ERR_WAZERO_LINK',
      message: expect.stringMatching(
        new RegExp(`^module\\[${module}\\] not instantiated: the guest imports function "${name}" from it; `),
      ),
    };
    for (const error of [
      await errorOf(() => runtime.instantiate(importing(module, name))),
      await errorOf(() => runtime.instantiateSync(importing(module, name))),
    ]) {
      expect(error).toMatchObject(found);
      expect((error as Error).message).toContain(cure);
    }
  });

  it('the cures are ones', async () => {
    const runtime = make();
    await wasi.instantiate(runtime);
    await wasi.exportFunctions(runtime.newHostModuleBuilder('wasi_unstable')).instantiate();
    await assemblyscript.instantiate(runtime);
    const exit = '"proc_exit" (func (param i32))';
    const abort = '"env" "abort" (func (param i32 i32 i32 i32))';
    await runtime.instantiate(
      wat(`(module (import "wasi_snapshot_preview1" ${exit}) (import "wasi_unstable" ${exit}) (import ${abort}))`),
    );
  });

  it('names are bounded, and obeyed by no terminal; what is imported is named only where it is a function', async () => {
    const runtime = make();
    const long = await errorOf(() =>
      runtime.instantiate(importing(`\\1b[2J${'x'.repeat(50_000)}`, 'y'.repeat(50_000))),
    );
    expect(long).toMatchObject({ code: 'ERR_WAZERO_LINK' });
    // Four names of at most 256.
    expect((long as Error).message.length).toBeLessThan(4 * 256 + 300);
    expect((long as Error).message).not.toContain('\u001b');
    expect(await errorOf(() => runtime.instantiate(wat('(module (import "a" "m" (memory 1)))')))).toMatchObject({
      message: expect.stringMatching(/^module\[a\] not instantiated: instantiate a host module of that name/),
    });
  });
});

it('a module that a deadline or an exit has closed says so to those who come later', async () => {
  const runtime = make(new RuntimeConfig().withCloseOnContextDone(true));
  await wasi.instantiate(runtime);
  const bytes = wat(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (func (export "loop") (loop $more (br $more))) (func (export "exit") (call $exit (i32.const 3))))`);
  const said: [name: string, RegExp][] = [
    ['loop', /^the module is closed: the call of "loop" was stopped at its deadline; make a new instance$/],
    ['exit', /^the module is closed: the guest left by proc_exit\(3\) in the call of "exit"$/],
  ];
  for (const lane of ['call', 'callSync'] as const)
    for (const [name, message] of said) {
      const module = await runtime.instantiate(bytes);
      const first = module.exportedFunction(name)!.withOptions({ timeoutMs: 50 });
      expect(await errorOf(() => first[lane]())).toMatchObject({ code: 'ERR_WAZERO_EXIT' });
      expect(await errorOf(() => module.exportedFunction(name)![lane]())).toMatchObject({
        code: 'ERR_WAZERO_CLOSED',
        message: expect.stringMatching(message),
      });
    }
});

it('an export that is missing, where it is checked', async () => {
  const module = await make().instantiate(wat('(module (func (export "run")))'));
  expect(module.exportedFunction('nope')).toBeUndefined();
  expect(() => module.exportedFunction('nope', [], [])).toThrow(
    'Expected a function () -> () for export "nope" but there is none of that name: exportedFunctionDefinitions() has those that there are',
  );
});
