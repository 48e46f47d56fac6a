import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import {
  type CompiledModule,
  ExitError,
  experimental,
  type ModuleConfig,
  type Runtime,
  RuntimeConfig,
  wasi,
} from '../index.js';
import { shown } from '../values/shown.js';
import { command, during, Failure, messageOf, print } from './command.js';
import { type Flags, type FlagValues, formatDuration } from './flags.js';
import { callOf, compileFlags, pathOf, withCompiled } from './guest.js';
import { addWasi, programConfig, programFlags } from './program.js';
import { showProgress } from './progress.js';

/** What takes longer to compile than this is worth a word on a terminal. */
const SLOW_MS = 1_000;

const scopes = ['all', 'clock', 'filesystem', 'memory', 'proc', 'poll', 'random', 'sock'] as const;
const isScope = (word: string): word is (typeof scopes)[number] => (scopes as readonly string[]).includes(word);

const flags = {
  cpuprofile: {
    kind: 'string',
    help: 'File for a CPU profile of the guest, which Chrome, VS Code and speedscope read (.cpuprofile).',
  },
  ...programFlags,
  hostlogging: {
    kind: 'list',
    help: `Comma-separated scopes of host functions whose calls are logged to stderr: ${scopes.join(',')}.`,
    check(value) {
      if (!value.split(',').every((word) => word === '' || isScope(word))) throw new Error('not a log scope');
    },
  },
  image: {
    kind: 'string',
    help: 'Goes on from what node-wazero freeze has written of this very file; with the same mounts.',
  },
  interpreter: { kind: 'bool', help: 'Interprets the module instead of compiling it to native code.' },
  invoke: {
    kind: 'list',
    help: 'With -image of a module at rest: the function without parameters that is called. May be given several times.',
  },
  timeout: {
    kind: 'duration',
    help: 'Stops the guest when it runs longer, such as "300ms", "1.5h" or "2h45m". 0, the default: never.',
  },
  ...compileFlags,
} as const satisfies Flags;

/** What a guest asks for that this command does not have. */
function hintFor(compiled: CompiledModule): string {
  const given: readonly string[] = [wasi.moduleName, 'wasi_unstable'];
  const others = new Set(compiled.importedFunctions().flatMap(({ import: from }) => from?.module ?? []));
  for (const name of given) others.delete(name);
  if (others.size === 0) return '';
  const named = [...others].slice(0, 3).map((name) => `"${shown(name)}"`);
  const more = others.size > named.length ? ' and others' : '';
  return `\nnode-wazero run gives a guest ${given[0]}, or ${given[1]}, and nothing else: one that imports from ${named.join(', ')}${more} needs a program that makes these modules`;
}

/** For a library, of which nothing was called: wazero's command leaves that unsaid. */
function withoutStart(compiled: CompiledModule): string {
  const names = [...compiled.exportedFunctions().keys()];
  const some = names.slice(0, 3).map((name) => `"${shown(name)}"`);
  const exported =
    some.length === 0 ? 'no function' : some.join(', ') + (names.length > some.length ? ' and others' : '');
  return `nothing was called: run calls "_start", and this module exports ${exported}. A program calls the functions of a library: see "First plugin" in README.md`;
}

/** A guest that was frozen while it waited goes on; one at rest does what it is told. */
async function runImage(
  runtime: Runtime,
  compiled: CompiledModule,
  config: ModuleConfig,
  { image: path, invoke }: { readonly image: string; readonly invoke: readonly string[] },
  limit: { readonly timeoutMs?: number },
): Promise<void> {
  const image = await during('error reading the image', () => runtime.loadImage(path, compiled));
  const module = await runtime.instantiateModule(image, config.withName(''), limit);
  for (const name of invoke) await callOf(module, name).withOptions(limit).call();
}

async function runGuest(values: FlagValues<typeof flags>, rest: readonly string[], usage: string): Promise<number> {
  const { cachedir, workers, features } = values;
  const guest = { path: pathOf(rest, usage), cachedir, workers, features };
  const guestArgs = rest.slice(rest.length > 2 && rest[1] === '--' ? 2 : 1);
  if (values.timeout < 0n)
    throw new Failure(`timeout duration may not be negative, ${formatDuration(values.timeout)} given`, usage);

  const config = programConfig(basename(guest.path), guestArgs, values);
  const logged = values.hostlogging.flatMap((list) => list.split(',')).filter(isScope);
  const options = logged.length > 0 ? { listener: experimental.hostLoggingListener(2, logged) } : {};

  let runtimeConfig = values.interpreter ? RuntimeConfig.interpreter() : new RuntimeConfig();
  // The profile, too, looks at a guest where it can be stopped; and freeze has such code.
  if (values.timeout > 0n || values.cpuprofile !== '' || values.image !== '')
    runtimeConfig = runtimeConfig.withCloseOnContextDone(true);
  const progress = showProgress(SLOW_MS);
  return withCompiled(guest, runtimeConfig, options, async (runtime, compiled) => {
    if (progress.milliseconds > SLOW_MS && !cachedir && process.stderr.isTTY)
      print(`compiled in ${(progress.milliseconds / 1000).toFixed(1)} s: with -cachedir <directory> this is done once`);
    const profile = values.cpuprofile === '' ? undefined : experimental.profile(runtime);
    try {
      await addWasi(runtime, compiled);
      const limit = values.timeout > 0n ? { timeoutMs: Number(values.timeout) / 1e6 } : {};
      if (values.image === '') {
        await runtime.instantiateModule(compiled, config, limit); // _start runs in here
        if (!compiled.exportedFunctions().has('_start')) print(withoutStart(compiled));
      } else await runImage(runtime, compiled, config, values, limit);
      return 0;
    } catch (error) {
      if (!(error instanceof ExitError))
        throw new Failure(`error instantiating wasm binary: ${messageOf(error)}${hintFor(compiled)}`);
      // wazero's words alone: what follows them is for who calls a function.
      if (error.reason === 'timeout')
        print(`error: ${error.message.split(': ', 1)[0]} (timeout ${formatDuration(values.timeout)})`);
      return error.exitCode;
    } finally {
      if (profile) writeFileSync(values.cpuprofile, JSON.stringify(await profile.stop()));
    }
  });
}

/** wazero's own command: the same flags, exit codes and messages. What differs: mounts are a jail (RATIONALE.md). */
export const run = command({
  name: 'run',
  summary: 'Runs a WebAssembly binary',
  line: '<options> <path to wasm file> [--] <wasm args>',
  flags,
  run: runGuest,
});
