// AssemblyScript guests (wazero: imports/assemblyscript/assemblyscript_test.go).
import asc from 'assemblyscript/asc';
import { beforeAll, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { assemblyscript, type Module, ModuleConfig, OutputBuffer, Runtime, RuntimeConfig } from '../support/package.js';

const source = `
export function fail(): void { throw new Error("went wrong") }
export function check(value: i32): i32 { assert(value > 0, "not positive"); return value * 2 }
export function say(count: i32): void {
  if (count == 0) trace("plain")
  else if (count == 2) trace("two", 2, 1.5, -2)
  else trace("five", 5, 1, 2, 3, 4.25, 1e300)
}
export function random(): f64 { return Math.random() }
`;

let guest: Uint8Array;
beforeAll(async () => {
  const files: Record<string, Uint8Array | string> = { 'guest.ts': source };
  const { error, stderr } = await asc.main(['guest.ts', '--outFile', 'guest.wasm', '--runtime', 'stub'], {
    readFile: (name) => (files[name] as string | undefined) ?? null,
    writeFile: (name, contents) => {
      files[name] = contents;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(stderr.toString(), { cause: error });
  guest = files['guest.wasm'] as Uint8Array;
});

const lanes = {
  async: (module: Module, name: string, ...args: number[]) => module.exportedFunction(name)!.call(...(args as [])),
  sync: async (module: Module, name: string, ...args: number[]) =>
    module.exportedFunction(name)!.callSync(...(args as [])),
};

for (const engine of ['compiler', 'interpreter'] as const) {
  for (const [lane, call] of Object.entries(lanes)) {
    it(`writes the message of abort to stderr and closes with 255 (${engine}, ${lane})`, async () => {
      await using runtime = new Runtime(RuntimeConfig[engine]());
      expect((await assemblyscript.instantiate(runtime)).name).toBe('env');
      const stderr = new OutputBuffer();
      const module = await runtime.instantiate(guest, new ModuleConfig().withStderr(stderr));
      expect(await call(module, 'check', 21)).toBe(42);
      expect(stderr.text()).toBe('');
      const error = await errorOf(() => call(module, 'fail'));
      expect(error).toMatchObject({ code: 'ERR_WAZERO_EXIT', exitCode: 255, reason: 'exit' });
      expect(stderr.text()).toBe('went wrong at guest.ts:2:32\n');
      expect(module.isClosed).toBe(true);

      const other = await runtime.instantiate(guest, new ModuleConfig().withStderr(stderr));
      stderr.reset();
      expect(await errorOf(() => call(other, 'check', 0))).toMatchObject({ exitCode: 255 });
      expect(stderr.text()).toBe('not positive at guest.ts:3:42\n');
    });

    it(`writes no message with abortMessage: false (${engine}, ${lane})`, async () => {
      await using runtime = new Runtime(RuntimeConfig[engine]());
      await assemblyscript.instantiate(runtime, { abortMessage: false });
      const stderr = new OutputBuffer();
      const module = await runtime.instantiate(guest, new ModuleConfig().withStderr(stderr));
      expect(await errorOf(() => call(module, 'fail'))).toMatchObject({ exitCode: 255 });
      expect(stderr.text()).toBe('');
    });

    it(`writes traces where it is told to (${engine}, ${lane})`, async () => {
      const text = 'trace: plain\ntrace: two 1.5,-2\ntrace: five 1,2,3,4.25,1e+300\n';
      for (const [trace, onStdout, onStderr] of [
        [undefined, '', ''],
        ['stdout', text, ''],
        ['stderr', '', text],
      ] as const) {
        await using runtime = new Runtime(RuntimeConfig[engine]());
        assemblyscript.instantiateSync(runtime, trace && { trace });
        const stdout = new OutputBuffer();
        const stderr = new OutputBuffer();
        const module = await runtime.instantiate(guest, new ModuleConfig().withStdout(stdout).withStderr(stderr));
        for (const count of [0, 2, 5]) await call(module, 'say', count);
        expect([stdout.text(), stderr.text()]).toEqual([onStdout, onStderr]);
      }
    });

    it(`takes its seed from the random source (${engine}, ${lane})`, async () => {
      await using runtime = new Runtime(RuntimeConfig[engine]());
      await assemblyscript.instantiate(runtime);
      const value = async (config: ModuleConfig) => {
        await using module = await runtime.instantiate(guest, config);
        return await call(module, 'random');
      };
      const seeded = (seed: number) => value(new ModuleConfig().withRandSource(new Uint8Array(8).fill(seed)));
      expect(await seeded(3)).toBe(await seeded(3));
      expect(await seeded(3)).not.toBe(await seeded(4));
      expect(await value(new ModuleConfig())).toBe(await value(new ModuleConfig())); // wazero's own, deterministic
      const error = await errorOf(() => value(new ModuleConfig().withRandSource(new Uint8Array(3))));
      expect((error as Error).message).toContain('error reading random seed');
    });
  }
}

it('lets single functions be overridden, and others be added', async () => {
  await using runtime = new Runtime();
  const traced: unknown[] = [];
  const builder = assemblyscript.exportFunctions(runtime.newHostModuleBuilder('env'), { trace: 'stdout' });
  await builder
    .newFunctionBuilder()
    .withModuleFunction(
      (caller, message, count, ...values) => {
        const length = caller.memory!.readUint32Le(message - 4);
        traced.push([Buffer.from(caller.memory!.read(message, length)).toString('utf16le'), ...values.slice(0, count)]);
      },
      ['i32', 'i32', 'f64', 'f64', 'f64', 'f64', 'f64'],
      [],
    )
    .export('trace')
    .instantiate();
  const stdout = new OutputBuffer();
  const module = await runtime.instantiate(guest, new ModuleConfig().withStdout(stdout));
  await module.exportedFunction('say')!.call(2);
  expect(traced).toEqual([['two', 1.5, -2]]);
  expect(stdout.text()).toBe('');
  expect(await errorOf(() => module.exportedFunction('fail')!.call())).toMatchObject({ exitCode: 255 });
});

it('refuses what it cannot use', async () => {
  await using runtime = new Runtime();
  for (const options of [1, { trace: 'nowhere' }, { abortMessage: 'no' }])
    expect(await errorOf(() => assemblyscript.instantiate(runtime, options as never))).toBeInstanceOf(TypeError);
  expect(await errorOf(() => assemblyscript.instantiate({} as never))).toBeInstanceOf(TypeError);
  expect(() => assemblyscript.exportFunctions({} as never)).toThrow(TypeError);
  await assemblyscript.instantiate(runtime);
  expect(await errorOf(() => assemblyscript.instantiate(runtime))).toMatchObject({ code: 'ERR_WAZERO_LINK' });
});
