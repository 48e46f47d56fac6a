import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Runtime, RuntimeConfig, wasi } from 'node-wazero';
import { through } from './through.mjs';

const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
await wasi.instantiate(runtime);
const upper = await runtime.compileModule(await readFile(new URL('upper.wasm', import.meta.url)));
await pipeline(process.stdin, through(runtime, upper, { timeoutMs: 60_000 }), process.stdout, { end: false });
await runtime.close();
