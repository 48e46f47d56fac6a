#!/usr/bin/env node
// What prebuildify runs in the place of node-gyp: no gyp, no Python, no headers. Of its arguments only --arch=... means something here.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './lib/tools.mjs';

// prebuildify puts the folder of node first, which may hold another python3 than the one that has zig.
process.env.PATH = process.env.WAZERO_NODE_PATH ?? process.env.PATH;
const arch = process.argv.find((argument) => argument.startsWith('--arch='))?.slice('--arch='.length) ?? process.arch;
const libc = process.env.WAZERO_NODE_LIBC ?? 'glibc';
run(process.execPath, [join(root, 'scripts/build-native.mjs'), '--portable', '--arch', arch, '--libc', libc]);
mkdirSync('build/Release', { recursive: true });
const kind = libc === 'musl' ? 'musl' : 'portable';
copyFileSync(join(root, `build/Release-${arch}-${kind}/node_wazero.node`), 'build/Release/node_wazero.node');
