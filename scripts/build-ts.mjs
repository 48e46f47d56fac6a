// Compiles src to dist, which is what is published.
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './lib/tools.mjs';

rmSync(join(root, 'dist'), { recursive: true, force: true }); // a file that src no longer has must not stay
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']);
const cli = join(root, 'dist/cli.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
