import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { ModuleConfig, Runtime, RuntimeConfig } from 'node-wazero';

// A slow server to fetch from.
const server = createServer((request, response) => setTimeout(() => response.end(`page ${request.url}`), 200));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
await runtime
  .newHostModuleBuilder('http')
  .newFunctionBuilder()
  .withModuleFunction(
    async (caller, pointer, length) => {
      const url = new URL(caller.memory.readString(pointer, length), origin);
      // Where the guest is stopped meanwhile, so is the request.
      const response = await fetch(url, { signal: caller.signal });
      return (await response.text()).length;
    },
    ['i32', 'i32'],
    ['i32'],
  )
  .export('get')
  .instantiate();

const guest = await runtime.compileModule(await readFile(new URL('guest.wasm', import.meta.url)));

async function lengths(timeoutMs) {
  const module = await runtime.instantiateModule(guest, new ModuleConfig().withName(''));
  try {
    return await module.exportedFunction('lengths', [], ['i32']).withOptions({ timeoutMs }).call();
  } finally {
    await module.close();
  }
}

const began = performance.now();
const sums = await Promise.all(Array.from({ length: 100 }, () => lengths(30_000)));
console.log(`100 guests: ${sums[0]} bytes each`);
console.log(`they waited together: ${performance.now() - began < 100 * 400}`);

const impatient = await lengths(100).catch((error) => error.name);
console.log(`a guest with 100 ms: ${impatient}`);

await runtime.close();
server.close();
server.closeAllConnections();
