// C6: the addon under the tools that see what tests do not (Linux, gcc).   npm run sanitize -- [address] [leaks] [thread] [race] [cgocheck] [--seconds N]
// Without names: all. Each builds what it needs into a folder of its own; a report ends the run with exit code 1.
//   address   AddressSanitizer and UndefinedBehaviorSanitizer on the C++ half: stress, Workers, fuzzing, the tests of the API
//   leaks     LeakSanitizer at the end of a process with Workers: what nobody has any more
//   thread    ThreadSanitizer on the C++ half in Node itself: stress, Workers, fuzzing. Needs setarch (util-linux): its shadow memory wants fixed addresses
//   race      Go's race detector on native/go. Not inside Node: Go's shadow memory does not reach where libraries are loaded
//   cgocheck  GOEXPERIMENT=cgocheck2: each pointer that Go stores where C can see it
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareEngine } from './lib/engine.mjs';
import { fail, must, root, run } from './lib/tools.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '20' } },
});
const program = (name) => join(root, `test/fixtures/processes/${name}.mjs`);
const fuzz = (...targets) => [
  'test/fuzz/main.mjs',
  '--committed',
  '--seed',
  '1',
  '--seconds',
  values.seconds,
  ...targets,
];
const programs = [
  [program('crossing'), values.seconds],
  [program('stress'), values.seconds],
  ['--expose-gc', program('workers'), values.seconds],
  ['--expose-gc', program('ending'), '5'],
];
const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run'];
// V8 and Go have handlers for these signals and stacks for them; the sanitizers keep theirs for themselves.
const signals =
  'handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0:use_sigaltstack=0:allow_user_segv_handler=1';

const tools = {
  address() {
    const env = build('address,undefined', ['libasan.so', 'libubsan.so'], {
      ASAN_OPTIONS: `detect_leaks=0:${signals}`,
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    });
    const tests = [...vitest, '--project', 'api', '--project', 'native', '--project', 'unit', '--project', 'faults'];
    for (const args of [...programs, fuzz('config', 'handles', 'wasi', 'modules'), tests]) check(args, env);
  },
  leaks() {
    const env = build('address,undefined', ['libasan.so'], { ASAN_OPTIONS: `detect_leaks=1:${signals}` });
    check(['--expose-gc', program('ending'), '5'], env);
  },
  thread() {
    const env = build('thread', ['libtsan.so'], {
      TSAN_OPTIONS: `report_signal_unsafe=0:second_deadlock_stack=1:ignore_noninstrumented_modules=1:suppressions=${join(root, 'scripts/lib/thread.supp')}`,
    });
    for (const args of [...programs, fuzz('handles', 'wasi')])
      check(args, env, ['setarch', process.arch === 'x64' ? 'x86_64' : 'aarch64', '-R']);
  },
  race() {
    const { modfile } = prepareEngine();
    run('go', ['test', '-race', `-modfile=${modfile}`, '-tags=wazero_harness', '-timeout=20m', './...'], {
      cwd: join(root, 'native/go'),
    });
  },
  cgocheck() {
    const env = build('cgocheck', [], {});
    for (const args of [...programs, fuzz('config', 'handles', 'wasi')]) check(args, env);
  },
};
for (const name of positionals) {
  if (!(name in tools)) fail(`Expected ${Object.keys(tools).join(', ')} but received ${name}`);
}
if (process.platform !== 'linux') fail('The sanitizers are run on Linux.');
for (const name of positionals.length > 0 ? positionals : Object.keys(tools)) {
  tools[name]();
  console.log(`${name}: no report`);
}

/** Builds the addon with a sanitizer; the environment in which Node loads it. */
function build(sanitize, libraries, options) {
  run(process.execPath, ['scripts/build-native.mjs'], { env: { ...process.env, WAZERO_NODE_SANITIZE: sanitize } });
  return {
    ...process.env,
    LD_PRELOAD: libraries.map((library) => must('gcc', [`-print-file-name=${library}`])).join(':'),
    WAZERO_TEST_ADDON: `Release-${sanitize}`,
    NODE_OPTIONS: `--require ${join(root, 'test/support/other-addon.cjs')}`,
    ...options,
  };
}

function node(args, env, stdio, wrapper = []) {
  const [command, ...rest] = [...wrapper, process.execPath, ...args];
  return spawnSync(command, rest, { cwd: root, env, stdio, encoding: 'utf8', maxBuffer: 1 << 28 });
}

function check(args, env, wrapper) {
  const { status, signal } = node(args, env, ['ignore', 'inherit', 'inherit'], wrapper);
  if (status !== 0) fail(`${args.join(' ')} ended with ${signal ?? status}`);
}
