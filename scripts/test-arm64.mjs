// C5: the suite on arm64.
// Runs tests with the prebuilt arm64 addon under user-mode emulation (qemu-user); Debian: apt-get install qemu-user libstdc++6-arm64-cross.
// vitest itself and its transforms run natively; the processes it forks for the test files are arm64.   [arguments of vitest]
// Without arguments: all that emulation can do. Left out, with the reason:
//   lifetime   qemu delivers signals to its own handlers first, and a flood of them ends it; resident memory is the emulator's
//   hammer     deadlines and latencies are those of an emulator that is 10 to 30 times slower
//   faults/bulk, faults/compile-stops   they bound in milliseconds how late a deadline is, as those of hammer do
//   faults/scarce   what is taken away from the process is missing to the emulator, which needs more than a guest does
//   the test of api/guard-pages that takes all ranges   the emulator has 6 MB of its own for each gigabyte that is reserved
//   examples, cli, types, fuzz   minutes each, and nothing in them depends on the processor
import { join } from 'node:path';
import { fail, output, root, run } from './lib/tools.mjs';
import { foreignNode, nodeProgram, prebuiltTree, testForeign } from './lib/tree.mjs';

const sysroot = '/usr/aarch64-linux-gnu';
if (output('qemu-aarch64', ['--version']) === undefined) {
  fail('qemu-aarch64 is needed to run the arm64 tests, and it is not on the PATH: install the package qemu-user.');
}
run(process.execPath, ['scripts/prebuild.mjs', '--arch', 'arm64']);
run(process.execPath, ['scripts/build-ts.mjs']);

const tools = join(root, 'build/arm64');
const real = nodeProgram(20, 'arm64');
const { NODE_OPTIONS } = foreignNode(tools, `qemu-aarch64 -L ${sysroot} '${real}'`);

const tree = join(tools, 'tree');
prebuiltTree(tree, 'arm64');

testForeign(tree, NODE_OPTIONS, process.argv.slice(2), { isEmulated: true });
