// C6: the addon under the tools that see what tests do not (Linux, gcc).   npm run sanitize -- [address] [assert] [leaks] [thread] [race] [cgocheck] [gc] [--seconds N]
// Without names: all. Each builds what it needs into a folder of its own; a report ends the run with exit code 1.
//   address   AddressSanitizer and UndefinedBehaviorSanitizer on the C++ half: stress, Workers, fuzzing, the tests of the API
//   assert    guests compute each address twice, and stop (SIGILL) where the two differ: vectors, fuzzing, the tests of the API
//   leaks     LeakSanitizer at the end of a process with Workers: what nobody has any more
//   thread    ThreadSanitizer on the C++ half in Node itself: stress, Workers, fuzzing. Needs setarch (util-linux): its shadow memory wants fixed addresses
//   race      Go's race detector on native/go. Not inside Node: Go's shadow memory does not reach where libraries are loaded
//   cgocheck  GOEXPERIMENT=cgocheck2: each pointer that Go stores where C can see it
//   gc        both collectors all the time, and Go's overwrites what it frees: stress, Workers, fuzzing, the tests of the API and of faults
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareEngine } from './lib/engine.mjs';
import { fail, must, root, run, timedTests } from './lib/tools.mjs';

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
  [program('express'), values.seconds],
  ['--expose-gc', program('workers'), values.seconds],
  ['--expose-gc', program('ending'), '5'],
  ...['terminate', 'vm', 'idle'].map((mode) => [program('direct'), mode]),
];
const suites = (...names) => [
  join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  ...names.flatMap((name) => ['--project', name]),
];
// V8 and Go have handlers for these signals and stacks for them; the sanitizers keep theirs for themselves.
const signals =
  'handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0:use_sigaltstack=0:allow_user_segv_handler=1';

const tools = {
  address() {
    const env = build('address,undefined', ['libasan.so', 'libubsan.so'], {
      ASAN_OPTIONS: `detect_leaks=0:${signals}`,
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    });
    check(programs, env);
    // Not those that take address space away, which the sanitizer needs, nor those that load the addon in their own way.
    const others = 'test/faults/scarce.test.ts test/native/load.test.ts';
    check([fuzz('config', 'handles', 'wasi', 'modules', 'entries')], env);
    check([suites('api', 'native', 'unit', 'faults')], { ...env, WAZERO_TEST_WITHOUT: others });
  },
  assert() {
    const env = build('assert', [], {});
    check([fuzz('addresses', 'boundaries', 'floats', 'engines', 'v8'), suites('conformance', 'api')], env);
  },
  leaks() {
    const env = build('address,undefined', ['libasan.so'], { ASAN_OPTIONS: `detect_leaks=1:${signals}` });
    check([['--expose-gc', program('ending'), '5']], env);
  },
  thread() {
    const env = build('thread', ['libtsan.so'], {
      TSAN_OPTIONS: `report_signal_unsafe=0:second_deadlock_stack=1:ignore_noninstrumented_modules=1:suppressions=${join(root, 'scripts/lib/thread.supp')}`,
    });
    const node = ['setarch', process.arch === 'x64' ? 'x86_64' : 'aarch64', '-R', process.execPath];
    check(programs, env, node);
    check([fuzz('handles', 'wasi')], env, node);
  },
  race() {
    const { modfile } = prepareEngine();
    run('go', ['test', '-race', `-modfile=${modfile}`, '-tags=wazero_harness', '-timeout=20m', './...'], {
      cwd: join(root, 'native/go'),
    });
  },
  cgocheck() {
    const env = build('cgocheck', [], {});
    check(programs, env);
    check([fuzz('config', 'handles', 'wasi')], env);
  },
  gc() {
    run(process.execPath, ['scripts/build-native.mjs']);
    // Go looks at its environment once, when the addon is loaded. V8 outside of debug builds knows no --gc-interval.
    const env = { ...process.env, GOGC: '1', GODEBUG: 'clobberfree=1' };
    const flags = ['--stress-scavenge=5', '--stress-compaction'];
    check(programs, env, [process.execPath, ...flags]);
    check([fuzz('handles', 'wasi')], env);
    const slow = { WAZERO_TEST_NODE_FLAGS: flags.join(' '), WAZERO_TEST_SLOWNESS: '5' };
    check([suites('api', 'native', 'faults')], { ...env, ...slow, WAZERO_TEST_WITHOUT: timedTests });
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

/** Each of these is run by `node`, a command with its first arguments, and must end well. The programs enter guests without Go wherever they can. */
function check(runs, env, [command, ...first] = [process.execPath]) {
  for (const args of runs) {
    const direct = runs === programs ? { WAZERO_NODE_DIRECT: '1' } : {};
    const options = { cwd: root, env: { ...env, ...direct }, stdio: ['ignore', 'inherit', 'inherit'] };
    const { status, signal } = spawnSync(command, [...first, ...args], options);
    if (status !== 0) fail(`${args.join(' ')} ended with ${signal ?? status}`);
  }
}
