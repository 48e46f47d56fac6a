/** What is published as node-wazero/webassembly, and V8's object beside it. */
import { createWebAssembly, type WebAssemblyOptions } from 'node-wazero/webassembly';
import { wat } from './wat.mjs';

export { createWebAssembly, wat };

/** V8's own. */
export const v8 = (globalThis as any).WebAssembly;

/** A namespace for one test, closed behind it. */
export async function withWebAssembly<T>(
  options: WebAssemblyOptions,
  use: (WebAssembly: any) => T | Promise<T>,
): Promise<T> {
  await using WebAssembly = createWebAssembly(options);
  return await use(WebAssembly);
}

/** The exports of an instance of the text, made at once. */
export const exportsOf = (WebAssembly: any, text: string, imports?: object): any =>
  new WebAssembly.Instance(new WebAssembly.Module(wat(text)), imports).exports;

/** The same done with ours and with V8's. */
export async function both<T>(use: (WebAssembly: any) => T | Promise<T>): Promise<[ours: T, v8: T]> {
  return [await withWebAssembly({}, use), await use(v8)];
}
