// The Go plugin is 3 MB as a binary, so it is built here; without a Go toolchain the host runs without it.
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const source = new URL('./plugins/go/stock.go', import.meta.url);
const binary = new URL('./build/stock.wasm', import.meta.url);

/** The binary, or undefined when there is no Go. */
export async function goPlugin() {
  const built = await stat(binary).catch(() => undefined);
  if (!built || built.mtimeMs < (await stat(source)).mtimeMs) {
    try {
      await promisify(execFile)(
        'go',
        ['build', '-buildmode=c-shared', '-ldflags=-s -w', '-o', fileURLToPath(binary), '.'],
        {
          cwd: new URL('./plugins/go/', import.meta.url),
          env: { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', GOWORK: 'off', GOFLAGS: '' },
        },
      );
    } catch (error) {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
  return await readFile(binary);
}
