// Runs the tests with the prebuilt binary, one and the same, under other Nodes.   [majors: 20 22 24 26] [-- arguments of vitest]
import { join } from 'node:path';
import { fail, output, root, run } from './lib/tools.mjs';
import { nodeProgram, nodeVersions, prebuiltTree } from './lib/tree.mjs';

const args = process.argv.slice(2);
const majors = args.filter((arg) => /^\d+$/.test(arg));
const rest = args.slice(majors.length);
if (process.platform !== 'linux') fail('The Nodes of npm that this script fetches are for Linux.');
if (majors.length === 0 || majors.some((major) => !nodeVersions.includes(major))) {
  fail(
    `Expected versions of Node (${nodeVersions.join(', ')}) but received ${args.join(' ') || 'nothing'}: npm run test:node -- 26`,
  );
}
run(process.execPath, ['scripts/prebuild.mjs']);
run(process.execPath, ['scripts/build-ts.mjs']);
const tree = join(root, 'build/test-node');
prebuiltTree(tree);
for (const major of majors) {
  const node = nodeProgram(major);
  console.log(`\nNode ${output(node, ['-p', 'process.version + ", N-API " + process.versions.napi'])}`);
  run(node, ['node_modules/vitest/vitest.mjs', 'run', ...rest], { cwd: tree });
}
