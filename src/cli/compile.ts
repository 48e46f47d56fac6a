import { type CompileTrace, traced } from '../calls/tracing.js';
import { RuntimeConfig } from '../index.js';
import { command, output } from './command.js';
import type { Flags, FlagValues } from './flags.js';
import { compileFlags, pathOf, withCompiled } from './guest.js';

const flags = {
  ...compileFlags,
  json: { kind: 'bool', help: 'Prints what was done as JSON on stdout.' },
} as const satisfies Flags;
/** How often the line with the progress is written anew. */
const TICK_MS = 100;

/** A line on a terminal, written over itself; nothing where stderr is none. Returns how to take it away. */
function showProgress(trace: CompileTrace): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  const began = performance.now();
  const timer = setInterval(() => {
    const { done, functions } = trace.progress();
    if (done === 0) return;
    const left = ((performance.now() - began) / done) * (functions - done);
    stderr.write(`\r\x1b[Kcompiled ${done} of ${functions} functions, ${Math.ceil(left / 1000)} s left`);
  }, TICK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stderr.write('\r\x1b[K');
  };
}

async function compileModule(
  values: FlagValues<typeof flags>,
  rest: readonly string[],
  usage: string,
): Promise<number> {
  const path = pathOf(rest, usage);
  const { cachedir, workers, features, json } = values;
  let trace: CompileTrace | undefined;
  let took = 0;
  let began = 0;
  let takeAway = () => {};
  traced.compile.subscribe({
    start(message) {
      trace = message as CompileTrace;
      began = performance.now();
      takeAway = showProgress(trace);
    },
    end() {},
    asyncStart() {},
    asyncEnd() {
      took = performance.now() - began;
      takeAway();
    },
    error() {},
  });
  await withCompiled({ path, cachedir, workers, features }, new RuntimeConfig(), {}, (runtime, compiled) => {
    if (!json) return;
    const { engine } = runtime;
    const bytes = trace?.byteLength;
    const report = {
      path,
      bytes,
      engine,
      name: compiled.name,
      milliseconds: Math.round(took),
      ...(cachedir && { cachedir }),
    };
    output(JSON.stringify(report));
  });
  return 0;
}

export const compile = command({
  name: 'compile',
  summary: 'Pre-compiles a WebAssembly binary',
  line: '<options> <path to wasm file>',
  flags,
  run: compileModule,
});
