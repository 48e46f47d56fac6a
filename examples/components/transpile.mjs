// What the build step of an application does: `npx jco transpile receipt.wasm -o out --instantiation sync`.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpileBytes, writeFiles } from '@bytecodealliance/jco-transpile';

const out = fileURLToPath(new URL('../../build/examples-cache/components', import.meta.url));
export const machineCode = join(out, 'machine-code');

/** Transpiles `NAME.wasm` of this folder; gives the path of what loadComponent takes. */
export async function transpiled(name, options) {
  const outDir = join(out, name);
  const component = await readFile(new URL(`${name}.wasm`, import.meta.url));
  const { files } = await transpileBytes(component, { name, outDir, emitTypescriptDeclarations: false, ...options });
  await mkdir(outDir, { recursive: true });
  await writeFiles(files);
  return join(outDir, `${name}.js`);
}
/** For exports that answer a Promise, as their guests may wait: --async-mode jspi, --async-imports and --async-exports of jco. */
export const suspending = {
  instantiation: 'async',
  asyncMode: 'jspi',
  asyncImports: ['wasi:io/poll#poll', 'wasi:io/poll#[method]pollable.block'],
  asyncExports: ['wasi:cli/run#run'],
};
