// C5: the suite under Node 20 to 26.
// Runs the tests with the prebuilt binary, one and the same, under other Nodes.   [majors: 20 22 24 26, or: this] [arguments of vitest]
import { join } from 'node:path';
import { fail, output, root, run } from './lib/tools.mjs';
import { nodeProgram, nodeVersions, prebuiltTree } from './lib/tree.mjs';

const args = process.argv.slice(2);
const majors = args.filter((arg) => /^(\d+|this)$/.test(arg));
const rest = args.slice(majors.length);
if (process.platform !== 'linux' && majors.some((major) => major !== 'this')) {
  fail('The Nodes that this script gets from npm are for Linux: npm run test:prebuilt runs the tests under this one.');
}
if (majors.length === 0 || majors.some((major) => major !== 'this' && !nodeVersions.includes(major))) {
  fail(
    `Expected versions of Node (${nodeVersions.join(', ')}) but received ${args.join(' ') || 'nothing'}: npm run test:node -- 26`,
  );
}
run(process.execPath, ['scripts/prebuild.mjs']);
run(process.execPath, ['scripts/build-ts.mjs']);
const tree = join(root, 'build/test-node');
prebuiltTree(tree);
for (const major of majors) {
  const node = major === 'this' ? process.execPath : nodeProgram(major);
  console.log(`\nNode ${output(node, ['-p', 'process.version + ", N-API " + process.versions.napi'])}`);
  run(node, ['node_modules/vitest/vitest.mjs', 'run', ...rest], { cwd: tree });
}
