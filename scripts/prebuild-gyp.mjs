#!/usr/bin/env node
// What prebuildify runs in the place of node-gyp: no gyp, no Python, no headers. Of its arguments only --arch=... means something here.
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './lib/tools.mjs';

const arch = process.argv.find((argument) => argument.startsWith('--arch='))?.slice('--arch='.length) ?? process.arch;
run(process.execPath, [join(root, 'scripts/build-native.mjs'), '--portable', '--arch', arch]);
mkdirSync('build/Release', { recursive: true });
copyFileSync(join(root, `build/Release-${arch}-portable/node_wazero.node`), 'build/Release/node_wazero.node');
