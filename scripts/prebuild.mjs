// Makes prebuilds/<platform>-<arch>/node-wazero[.glibc|.musl].node, what the package carries.   [--arch arm64] [--libc musl]
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkBinary } from './lib/binary.mjs';
import { prebuiltFile, root, run } from './lib/tools.mjs';

const { values } = parseArgs({
  options: { arch: { type: 'string', default: process.arch }, libc: { type: 'string', default: 'glibc' } },
});

// prebuildify takes what lies in build/Release of its folder, which is the checkout's own addon: so it gets a folder of its own.
const gyp = join(root, 'scripts/prebuild-gyp.mjs');
const folder = join(root, 'build/prebuild', `${values.arch}-${values.libc}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
run(
  process.execPath,
  [
    join(root, 'node_modules/prebuildify/bin.js'),
    '--napi',
    ...(process.platform === 'linux' ? ['--tag-libc'] : []),
    ...['-t', process.versions.node], // else it asks for the newest Node there is
    ...['--arch', values.arch],
    ...['--node-gyp', process.platform === 'win32' ? `"${process.execPath}" "${gyp}"` : gyp], // there, a line for the shell
    ...['--out', root],
  ],
  {
    cwd: folder,
    env: {
      ...process.env,
      PREBUILD_LIBC: values.libc,
      WAZERO_NODE_LIBC: values.libc,
      WAZERO_NODE_PATH: process.env.PATH,
    },
  },
);
if (process.platform === 'linux') checkBinary(prebuiltFile(values.arch, values.libc), values.libc);
