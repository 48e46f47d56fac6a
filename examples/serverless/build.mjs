// node build.mjs <directory>
import { CompilationCache, Runtime, RuntimeConfig } from 'node-wazero';
import { pythonBinary, runtimeConfig } from './python.mjs';

const cache = CompilationCache.withDir(process.argv[2]);
const runtime = new Runtime(runtimeConfig(new RuntimeConfig()).withCompilationCache(cache));
const began = performance.now();
await runtime.compileModule(pythonBinary, { workers: 2 });
console.log(`compiled in ${Math.round(performance.now() - began)} ms`);
await runtime.close();
await cache.close();
