// A checkout of its own for a command that must not touch this one, and the Nodes that are tested.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, prebuiltFile, root, run, timedTests } from './tools.mjs';

/** A second checkout, with this one's dependencies and nothing built. */
export function copyCheckout(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const left = new Set(['node_modules', 'build', 'dist', 'prebuilds', '.git']);
  for (const entry of readdirSync(root)) {
    if (!left.has(entry)) cpSync(join(root, entry), join(folder, entry), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** One whose build/Release is the prebuilt binary for `arch`. */
export function prebuiltTree(folder, arch = process.arch, libc = 'glibc') {
  copyCheckout(folder);
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  cpSync(join(root, prebuiltFile(arch, libc)), join(folder, 'build/Release/node_wazero.node'));
}

/** The last Node of each major version that is tested, from npm like every other dependency: npm installs none for another machine, but packs it. */
const nodes = {
  20: { x64: '20.20.2', arm64: '20.20.2' },
  22: { x64: '22.23.3', arm64: '22.23.3' },
  24: { x64: '24.21.0', arm64: '24.22.0' },
  26: { x64: '26.10.0', arm64: '26.12.0' },
};
export const nodeVersions = Object.keys(nodes);

/** The path of that Node, fetched when it is not there yet. */
export function nodeProgram(major, arch = process.arch) {
  const version = nodes[major][arch];
  return packedNode(`node-linux-${arch}@${version}`, join(root, 'build/nodes', `${arch}-${version}`), 'node');
}
/** The program of that package of npm's, unpacked into that folder. */
export function packedNode(name, folder, program) {
  const node = join(folder, 'package/bin', program);
  if (!existsSync(node)) {
    mkdirSync(folder, { recursive: true });
    const [{ filename }] = JSON.parse(must('npm', ['pack', '--json', name], { cwd: folder }));
    run('tar', ['-xzf', filename], { cwd: folder });
    rmSync(join(folder, filename));
  }
  return node;
}

/**
 * A Node that the kernel does not know how to start: `command` does. What it starts by process.execPath is started likewise; vitest itself runs under
 * this Node, and forks that one where NODE_OPTIONS is what is answered.
 */
export function foreignNode(folder, command) {
  mkdirSync(folder, { recursive: true });
  const node = join(folder, 'node');
  const setExecPath = join(folder, 'exec-path.cjs');
  writeFileSync(setExecPath, `process.execPath = ${JSON.stringify(node)};\n`);
  writeFileSync(node, `#!/bin/sh\nexec ${command} --require='${setExecPath}' "$@"\n`);
  chmodSync(node, 0o755);
  return { node, NODE_OPTIONS: `--require=${setExecPath}` };
}

/** What depends on the processor or the C library. */
const nativeProjects = ['unit', 'api', 'native', 'faults', 'conformance'].map((name) => `--project=${name}`);

/** Tests of a tree in a Node of foreignNode: those that vitest is given, or nativeProjects. */
export function testForeign(tree, NODE_OPTIONS, given, { isEmulated }) {
  const args = [...(given.length > 0 ? given : nativeProjects)];
  const env = { ...process.env, NODE_OPTIONS };
  if (isEmulated) {
    args.unshift('--maxWorkers=1'); // a fork that starts beside a busy one takes longer than vitest waits
    Object.assign(env, { WAZERO_TEST_SLOWNESS: '15', WAZERO_TEST_WITHOUT: timedTests });
  }
  run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], { cwd: tree, env });
}
