/** A runtime with WASI for a test file, and a guest that is compiled in it once. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import {
  type CompiledModule,
  type FSConfig,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  wasi,
} from './package.js';
import { slowness } from './slowness.js';

export interface WasiGuest {
  /** From beforeAll on; closed after the file. */
  runtime: Runtime;
  compiled: CompiledModule;
  instance(config: ModuleConfig): Promise<Module>;
}
export function wasiGuest(bytes: Uint8Array, config = new RuntimeConfig()): WasiGuest {
  const guest = {
    instance: (of: ModuleConfig) => guest.runtime.instantiateModule(guest.compiled, of),
  } as WasiGuest;
  beforeAll(async () => {
    guest.runtime = new Runtime(config);
    await wasi.instantiate(guest.runtime);
    guest.compiled = await guest.runtime.compileModule(bytes);
  });
  afterAll(() => guest.runtime.close());
  return guest;
}

/** WASI's numbers. */
export const E = {
  ACCES: 2,
  BADF: 8,
  BUSY: 10,
  EXIST: 20,
  ILSEQ: 25,
  INVAL: 28,
  IO: 29,
  ISDIR: 31,
  LOOP: 32,
  MFILE: 33,
  NOENT: 44,
  NOSPC: 51,
  NOTDIR: 54,
  NOTEMPTY: 55,
  PERM: 63,
  ROFS: 69,
  XDEV: 75,
};

/** test/fixtures/guests/files.wasm (or paths.wasm): its arguments are operations on files, and it prints a line for each. */
export function filesGuest(name: 'files' | 'paths' = 'files') {
  const program = readFileSync(new URL(`../fixtures/guests/${name}.wasm`, import.meta.url));
  const guest = wasiGuest(program, new RuntimeConfig().withCloseOnContextDone(true));
  const options = { timeoutMs: 30_000 * slowness };
  const configOf = (files: FSConfig, out: OutputBuffer | ((chunk: Uint8Array) => void), script: readonly string[]) =>
    new ModuleConfig()
      .withName('')
      .withArgs('files', ...script)
      .withStdout(out)
      .withFSConfig(files);
  const lines = (out: OutputBuffer) => out.text().split('\n').slice(0, -1);
  return {
    guest,
    configOf,
    lines,
    /** Runs a script to its end; the lines that were printed. */
    async runAsync(files: FSConfig, ...script: string[]): Promise<string[]> {
      const out = new OutputBuffer();
      const { runtime, compiled } = guest;
      await (await runtime.instantiateModule(compiled, configOf(files, out, script), options)).close();
      return lines(out);
    },
    runSync(files: FSConfig, ...script: string[]): string[] {
      const out = new OutputBuffer();
      const { runtime, compiled } = guest;
      runtime.instantiateModuleSync(compiled, configOf(files, out, script), options).closeSync();
      return lines(out);
    },
  };
}
