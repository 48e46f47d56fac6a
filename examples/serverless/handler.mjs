// node handler.mjs <directory>
import { CompilationCache, ModuleConfig, OutputBuffer, Runtime, RuntimeConfig, wasi } from 'node-wazero';
import { pythonBinary, runtimeConfig } from './python.mjs';

const began = performance.now();
const cache = CompilationCache.withDir(process.argv[2]);
const runtime = new Runtime(runtimeConfig(new RuntimeConfig()).withCompilationCache(cache));
await wasi.instantiate(runtime);
const python = await runtime.compileModule(pythonBinary);
console.log(`loaded in ${Math.round(performance.now() - began)} ms`);

async function handle(code) {
  const stdout = new OutputBuffer();
  const config = new ModuleConfig().withName('').withArgs('python', '-c', code).withStdout(stdout);
  await (await runtime.instantiateModule(python, config, { timeoutMs: 10_000 })).close();
  return stdout.text();
}
process.stdout.write(await handle('print(6 * 7)'));
await runtime.close();
await cache.close();
