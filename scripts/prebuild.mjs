// Makes prebuilds/<platform>-<arch>/node-wazero.glibc.node, what the package carries.   [--arch arm64]
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { targetFor } from './lib/toolchain.mjs';
import { fail, must, root, run } from './lib/tools.mjs';

const { values } = parseArgs({ options: { arch: { type: 'string', default: process.arch } } });
const { strip } = targetFor(values.arch);

// prebuildify takes what lies in build/Release of its folder, which is the checkout's own addon: so it gets a folder of its own.
const folder = join(root, 'build/prebuild', values.arch);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
run(
  process.execPath,
  [
    join(root, 'node_modules/prebuildify/bin.js'),
    '--napi',
    '--strip',
    ...(process.platform === 'linux' ? ['--tag-libc'] : []),
    ...['-t', process.versions.node], // else it asks for the newest Node there is
    ...['--arch', values.arch],
    ...['--strip-bin', strip],
    ...['--node-gyp', join(root, 'scripts/prebuild-gyp.mjs')],
    ...['--out', root],
  ],
  { cwd: folder },
);

if (process.platform === 'linux') checkGlibc(`prebuilds/linux-${values.arch}/node-wazero.glibc.node`);

/** The floor is Ubuntu 22.04; a binary that asks for more would fail on a user's machine, at load, with a puzzle for a message. */
function checkGlibc(file) {
  const floor = [2, 35];
  const needed = [...must('readelf', ['-W', '--version-info', file]).matchAll(/GLIBC_(\d+)\.(\d+)/g)]
    .map(([, major, minor]) => [Number(major), Number(minor)])
    .sort(([a, b], [c, d]) => a - c || b - d)
    .at(-1);
  if (needed[0] > floor[0] || (needed[0] === floor[0] && needed[1] > floor[1])) {
    fail(`${file} needs glibc ${needed.join('.')}, and the floor is ${floor.join('.')}: build it on an older system.`);
  }
  console.log(`${file} needs glibc ${needed.join('.')}.`);
}
