// A new process: milliseconds from its first statement, before the package is imported, to CPython's first print from a saved image, its code in the cache.
const start = performance.now();
const { CompilationCache, ModuleConfig, Runtime, RuntimeConfig, wasi } = await import('../../dist/index.js');
const [cacheDirectory, binary, image, script] = process.argv.slice(2);
const cache = CompilationCache.withDir(cacheDirectory);
const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true).withCompilationCache(cache));
const [python] = await Promise.all([runtime.compileModule(new URL(binary)), wasi.instantiate(runtime)]);
const warm = await runtime.loadImage(image, python);
let first;
const config = new ModuleConfig()
  .withName('')
  .withArgs('python')
  .withSystem()
  .withStdin(new TextEncoder().encode(script))
  .withStdout(() => {
    first ??= performance.now() - start;
  });
await (await runtime.instantiateModule(warm, config)).close();
console.log(first);
await runtime.close();
await cache.close();
