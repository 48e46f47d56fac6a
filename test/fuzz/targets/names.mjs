/**
 * Modules that say much of themselves in few bytes, compiled, instantiated and asked: a closed list of errors, the event loop free, V8's heap as it was. What is
 * committed runs beside other tests, where V8's collector waits for threads that have no processor: it has ten times as long.
 */
import { ModuleConfig, Runtime, RuntimeConfig } from '../../../dist/index.js';
import { shapes } from '../../support/many-names.mjs';
import { stallOf } from '../../support/stalls.mjs';

const codes = /^ERR_WAZERO_(COMPILE|LIMIT|LINK|ABORTED)$/;
const anonymous = new ModuleConfig().withName('');
const mostHeap = 64 * 2 ** 20;
/** Of the names of one module; the copy of its bytes is not what is measured. */
const mostBytes = 4 * 2 ** 20;

export function open({ committed }) {
  const counts = { compiled: 0, refused: 0, linked: 0, worst: 0 };
  const mostMs = committed ? 200 : 20;

  function moduleOf(random) {
    const bytes = random.pick([0, 0, 5, 25, 300, 5_000, 100_000, 100_001]);
    const most = Math.max(1, Math.min(300_000, Math.floor(mostBytes / (bytes + 8))));
    const n = random.oneIn(3) ? most : 1 + random.below(most);
    const fill = random.pick(['a', '\x01', 'é', '"', '\u2028', '<']);
    const shape = random.pick(Object.keys(shapes));
    if (shape === 'moduleName') return [shape, bytes, fill, Math.min(n, 20_000)];
    if (shape === 'importsOfMemories') return [shape, 1 + random.below(2), n];
    if (shape === 'exports') return [shape, n, bytes, fill, random.pick([0, 1, 20, 1_000])];
    return [shape, n, bytes, fill];
  }
  /** Asks for a few of everything. */
  function ask(compiled, random) {
    const functions = compiled.exportedFunctions();
    let seen = 0;
    for (const [name, { exportNames, paramTypes, debugName }] of functions) {
      if (debugName.length > 1_000) throw new Error(`a debug name of ${debugName.length}`);
      if (seen === 0 && exportNames.length < 1_000 && !exportNames.includes(name)) throw new Error('not its name');
      if (paramTypes.length > 1_000 || ++seen === 50) break;
    }
    if (seen !== Math.min(functions.size, 50)) throw new Error(`${seen} of ${functions.size} functions`);
    for (const list of [compiled.importedFunctions(), compiled.importedMemories(), compiled.customSections()])
      if (list.length > 0 && list[random.below(list.length)] === undefined) throw new Error('a hole');
    const [name] = compiled.exportedMemories().keys();
    if (name !== undefined && !compiled.exportedMemories().has(name)) throw new Error('no memory of its name');
  }

  return {
    counts,
    async run(random) {
      const [shape, ...args] = moduleOf(random);
      const input = shapes[shape](...args);
      const what = `${shape}(${JSON.stringify(args)})`;
      /** What others have of the machine is not held against it: the shortest of three counts. */
      let shortest = Infinity;
      for (let attempt = 0; attempt < 3 && shortest > mostMs; attempt++) {
        const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true).withCustomSections(true));
        globalThis.gc();
        const before = process.memoryUsage().heapUsed;
        const compiled = await stallOf(() => runtime.compileModule(input, { timeoutMs: 30_000 }));
        let { stall } = compiled;
        check(compiled.error, what);
        if (compiled.value) {
          const instance = await stallOf(() =>
            runtime.instantiateModule(compiled.value, anonymous, { timeoutMs: 30_000 }),
          );
          check(instance.error, what);
          stall = Math.max(stall, instance.stall);
          globalThis.gc();
          const heap = process.memoryUsage().heapUsed - before;
          if (heap > mostHeap) throw new Error(`${what}: ${heap >> 20} MiB of V8's heap`);
          ask(compiled.value, random);
          counts[instance.error ? 'compiled' : 'linked']++;
        } else counts.refused++;
        await runtime.close();
        shortest = Math.min(shortest, stall);
      }
      counts.worst = Math.max(counts.worst, Math.round(shortest));
      if (shortest > mostMs)
        throw new Error(`${what}, ${input.length} bytes: the event loop was held for ${Math.round(shortest)} ms`);
    },
  };
}

function check(error, what) {
  if (error !== undefined && !codes.test(error.code)) throw new Error(`${what}: ${error.stack ?? error}`);
}
