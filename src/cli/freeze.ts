import { basename } from 'node:path';
import { ExitError, type Module, RuntimeConfig } from '../index.js';
import { command, during, Failure, messageOf, print } from './command.js';
import type { Flags, FlagValues } from './flags.js';
import { callOf, compileFlags, pathOf, withCompiled } from './guest.js';
import { addWasi, programConfig, programFlags } from './program.js';

const flags = {
  invoke: {
    kind: 'list',
    help: 'A function without parameters that is called before the freeze. May be given several times. Without it a program is frozen at its first read of stdin.',
  },
  o: { kind: 'string', help: 'The file to write, for node-wazero run -image and Runtime.loadImage.' },
  ...programFlags,
  ...compileFlags,
} as const satisfies Flags;

async function freeze(values: FlagValues<typeof flags>, rest: readonly string[], usage: string): Promise<number> {
  const { cachedir, workers, features, invoke, o } = values;
  const path = pathOf(rest, usage);
  if (o === '') throw new Failure('missing -o, the file to write', usage);
  const args = rest.slice(rest.length > 2 && rest[1] === '--' ? 2 : 1);
  const config = programConfig(basename(path), args, values);
  // As run -image, for calls may be given a time there: the code is another without.
  const runtimeConfig = RuntimeConfig.compiler().withCloseOnContextDone(true);
  return withCompiled({ path, cachedir, workers, features }, runtimeConfig, {}, async (runtime, compiled) => {
    await addWasi(runtime, compiled);
    const isProgram = invoke.length === 0 && compiled.exportedFunctions().has('_start');
    const started = isProgram ? config : config.withStartFunctions('_initialize');
    let module: Module;
    try {
      module = await runtime.instantiateModule(compiled, started, isProgram ? { freezeAt: 'stdin' } : {});
      for (const name of invoke) await callOf(module, name).call();
    } catch (error) {
      if (!(error instanceof ExitError)) throw new Failure(`error running the guest: ${messageOf(error)}`);
      throw new Failure(`the guest has left with exit code ${error.exitCode} before it could be frozen`);
    }
    const image = module.isClosed ? undefined : await during('error freezing the guest', () => module.freeze());
    if (!image || (isProgram && !image.isWaiting))
      throw new Failure('the guest has ended without reading stdin, which is where it would have been frozen');
    await during('error writing the image', () => image.save(o));
    print(`${o}: ${(image.byteLength / 2 ** 20).toFixed(1)} MiB`);
    return 0;
  });
}

export const freezeCommand = command({
  name: 'freeze',
  summary: 'Writes a warm image of a guest',
  line: '<options> -o <image> <path to wasm file> [--] <wasm args>',
  flags,
  run: freeze,
});
