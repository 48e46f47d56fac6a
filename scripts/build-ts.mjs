// Compiles src to dist, which is what is published.
import { chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { lockBuild, root, run } from './lib/tools.mjs';

// Into a folder of its own: a file that src no longer has must not stay, and who runs from dist meanwhile must not see half of it.
await lockBuild();
const fresh = join(root, 'build/dist');
rmSync(fresh, { recursive: true, force: true });
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh]);
chmodSync(join(fresh, 'cli.js'), 0o755);
rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(fresh, join(root, 'dist'));
