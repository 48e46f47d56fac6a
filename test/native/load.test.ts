/** Each way in which the addon cannot be loaded: one sentence, one code. In processes of their own, from a copy of the package's dist. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'node-wazero-load-'));
const addon = join(folder, 'build/Release/node_wazero.node');

const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
const musl = process.platform === 'linux' && header.glibcVersionRuntime === undefined ? '-musl' : '';

beforeAll(() => {
  cpSync(dist, join(folder, 'dist'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** "code: message" of the first thing that needs the addon, after `before` has run. */
async function failure(before = '', ...nodeArgs: string[]): Promise<string> {
  const script = `${before};
    const { Runtime } = await import('./dist/index.js');
    try { new Runtime(); console.log('loaded'); } catch (error) { console.log(error.code + ': ' + error.message); }`;
  const args = [...nodeArgs, '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, timeout: 50_000 });
  return stdout.trim();
}

describe('ERR_WAZERO_UNSUPPORTED_PLATFORM, when the addon is needed and', () => {
  const code = 'ERR_WAZERO_UNSUPPORTED_PLATFORM: ';

  it('there is no binary for this platform', async () => {
    const other = "Object.defineProperty(process, 'arch', { value: 's390x' })";
    expect(await failure(other)).toBe(
      `${code}node-wazero has no binary for ${process.platform}-s390x${musl} here: there are some for Linux with glibc and with musl (x64, arm64), macOS (x64, arm64) and Windows (x64); in a bundle, import 'node-wazero/binary' where it is made; in a checkout, run npm run build.`,
    );
  });

  it('the binary of this platform was not packed or built', async () => {
    expect(await failure()).toContain(
      `${code}node-wazero has no binary for ${process.platform}-${process.arch}${musl} here`,
    );
  });

  it.skipIf(process.platform !== 'linux')('Node runs on musl: the binary for glibc is not opened', async () => {
    const text = await failure('process.report.getReport = () => ({ header: {} })');
    expect(text).toContain(`${code}node-wazero has no binary for ${process.platform}-${process.arch}-musl here`);
  });

  it('the binary is broken', async () => {
    mkdirSync(join(addon, '..'), { recursive: true });
    writeFileSync(addon, 'no library');
    expect(await failure()).toMatch(new RegExp(`^${code}The binary of node-wazero for .* cannot be loaded: `));
  });

  it('the binary is of another version', async () => {
    const old = "(await import('node:module')).Module._extensions['.node'] = (m) => { m.exports = { abiVersion: 0 }; }";
    expect(await failure(old)).toContain(`${code}The binary of node-wazero is of another version (ABI 0, not 9)`);
  });

  it('addons are not allowed', async () => {
    expect(await failure('', '--no-addons')).toContain('start Node with --allow-addons');
  });
});
