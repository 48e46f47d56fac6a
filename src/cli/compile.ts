import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeConfig } from '../index.js';
import { command, output, print } from './command.js';
import type { Flags, FlagValues } from './flags.js';
import { compileFlags, pathOf, withCompiled } from './guest.js';
import { showProgress } from './progress.js';

const flags = {
  ...compileFlags,
  json: { kind: 'bool', help: 'Prints what was done as JSON on stdout.' },
} as const satisfies Flags;

/** The sizes of what a cache directory has. Others may change it meanwhile. */
async function entriesOf(cachedir: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  const names = await readdir(cachedir, { recursive: true }).catch(() => []);
  for (const name of names) {
    const entry = await stat(join(cachedir, name)).catch(() => undefined);
    if (entry?.isFile()) sizes.set(name, entry.size);
  }
  return sizes;
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

async function compileModule(
  values: FlagValues<typeof flags>,
  rest: readonly string[],
  usage: string,
): Promise<number> {
  const path = pathOf(rest, usage);
  const { cachedir, workers, features, json } = values;
  const progress = showProgress(0);
  const before = cachedir ? await entriesOf(cachedir) : undefined;
  const { engine, name } = await withCompiled(
    { path, cachedir, workers, features },
    new RuntimeConfig(),
    {},
    (runtime, compiled) => ({ engine: runtime.engine, name: compiled.name }),
  );
  const milliseconds = Math.round(progress.milliseconds);
  if (json) {
    const report = { path, bytes: progress.byteLength, engine, name, milliseconds, ...(cachedir && { cachedir }) };
    output(JSON.stringify(report));
    return 0;
  }
  print(`${path}: ${mebibytes(progress.byteLength)} compiled in ${milliseconds} ms; ${await kept(engine, before)}`);
  return 0;

  async function kept(engine: string, before: Map<string, number> | undefined): Promise<string> {
    if (engine === 'interpreter') return 'there is no code to keep: the interpreter runs it';
    if (!before) return 'the code is not kept: give -cachedir <directory> to this command and to run';
    const made = [...(await entriesOf(cachedir))].filter(([name]) => !before.has(name));
    if (made.length === 0) return `${cachedir} had its code already`;
    return `${mebibytes(made.reduce((sum, [, size]) => sum + size, 0))} of code are in ${cachedir}`;
  }
}

export const compile = command({
  name: 'compile',
  summary: 'Pre-compiles a WebAssembly binary',
  line: '<options> <path to wasm file>',
  flags,
  run: compileModule,
});
