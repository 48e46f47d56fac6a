import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { CompilationCache, Runtime, RuntimeConfig } from 'node-wazero';

const cache = CompilationCache.shared('fib'); // the first Worker compiles; the others find it there
const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true).withCompilationCache(cache));
const module = runtime.instantiateSync(readFileSync(new URL('fib.wasm', import.meta.url)));
const fib = module.exportedFunction('fib', ['i32'], ['i64']).withOptions({ timeoutMs: 10_000 });
parentPort.on('message', ({ id, n }) => parentPort.postMessage({ id, answer: fib.callSync(n) }));
