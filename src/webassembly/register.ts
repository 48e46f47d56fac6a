/** For `node --import node-wazero/webassembly/register`: glue code that uses the global object gets this one. */
import { WebAssembly } from './index.js';

Object.defineProperty(globalThis, 'WebAssembly', { value: WebAssembly, writable: true, configurable: true });
