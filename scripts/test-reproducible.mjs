// Builds what is published twice, in two checkouts of other names and without Go's cache the second time: the bytes must be the same.   [--arch arm64]
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fail, root, run } from './lib/tools.mjs';
import { copyCheckout } from './lib/tree.mjs';

const { arch } = parseArgs({ options: { arch: { type: 'string', default: process.arch } } }).values;
const parent = mkdtempSync(join(tmpdir(), 'node-wazero-'));
process.on('exit', () => rmSync(parent, { recursive: true, force: true }));

const first = build('one', {});
const second = build('another/of-a-longer-path', { GOCACHE: join(parent, 'cache') });
if (!first.equals(second)) {
  fail(
    `Two builds of the same sources differ (${first.length} and ${second.length} bytes, ${countOfDifferent()} of them): ${hash(first)}, ${hash(second)}.`,
  );
}
console.log(`Two builds for ${process.platform}-${arch} have the same ${first.length} bytes: sha256 ${hash(first)}.`);

function build(name, env) {
  const folder = join(parent, name);
  copyCheckout(folder);
  mkdirSync(join(folder, 'build'));
  const zig = join(root, 'build/zig');
  if (existsSync(zig)) symlinkSync(zig, join(folder, 'build/zig'));
  const script = join(folder, 'scripts/build-native.mjs');
  run(process.execPath, [script, '--portable', '--arch', arch], { cwd: folder, env: { ...process.env, ...env } });
  return readFileSync(join(folder, `build/Release-${arch}-portable/node_wazero.node`));
}

function hash(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function countOfDifferent() {
  return first.reduce((count, byte, index) => count + (byte === second[index] ? 0 : 1), 0);
}
