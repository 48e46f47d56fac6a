// Which compilers a build needs, whether they are there, and what CMake is told of them.
import { fail, output } from './tools.mjs';
import { glibcFloor, zigTools } from './zig.mjs';

/** Ends the script with one sentence naming the first tool that is missing and how to get it. */
export function checkToolchain(compilers) {
  const go = output('go', ['env', 'GOVERSION']);
  if (go === undefined) {
    fail(
      'Go 1.25 or newer is needed to build node-wazero, and no `go` is on the PATH: install it from https://go.dev/dl/.',
    );
  }
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(go) ?? [];
  if (major !== undefined && Number(major) * 1000 + Number(minor) < 1025) {
    fail(
      `Go 1.25 or newer is needed to build node-wazero, but this is ${go}: install a newer one from https://go.dev/dl/.`,
    );
  }
  if (output('cmake', ['--version']) === undefined) {
    fail(
      'CMake is needed to build node-wazero, and no `cmake` is on the PATH: install the package cmake, or get it from https://cmake.org/download/.',
    );
  }
  for (const compiler of compilers) {
    if (output(compiler.name, ['--version']) === undefined) {
      fail(
        `A C++ compiler is needed to build node-wazero, and \`${compiler.name}\` is not on the PATH: ${compiler.cure}.`,
      );
    }
  }
}

/**
 * What CMake and Go are told to build for an architecture (names of Node: x64, arm64). `portable` is what is published: on Linux, by zig
 * for an old glibc, or for musl (`libc`). Without it, on Linux, another architecture than this machine's is built with Debian's cross compilers.
 */
export function targetFor(arch, { portable = false, libc = 'glibc' } = {}) {
  const native = arch === process.arch;
  if (process.platform === 'linux') {
    if (!['x64', 'arm64'].includes(arch)) fail(`Expected x64 or arm64 for --arch but received ${arch}`);
    const processor = { x64: 'x86_64', arm64: 'aarch64' }[arch];
    if (portable) return zigTarget(processor, libc);
    if (!native) return crossTarget(processor);
  }
  if (!native && process.platform !== 'darwin')
    fail(`Building for ${arch} is not possible on ${process.platform}-${process.arch}.`);
  const cure =
    {
      linux: 'install the package g++ (or build-essential)',
      darwin: 'run xcode-select --install',
    }[process.platform] ?? 'install llvm-mingw and set CC and CXX';
  const name = process.env.CXX?.split(' ')[0] || (process.platform === 'linux' ? 'c++' : 'clang++');
  return { compilers: [{ name, cure }], cmake: {} };
}

function crossTarget(processor) {
  const tool = `${processor}-linux-gnu`;
  const cure = `install the package g++-${tool.replace('_', '-')}`;
  const [cc, cxx] = ['gcc', 'g++'].map((name) => `${tool}-${name}`);
  return { compilers: [cc, cxx].map((name) => ({ name, cure })), cmake: linuxTools(processor, cc, cxx) };
}

function zigTarget(processor, libc) {
  const system = { glibc: `gnu.${glibcFloor.join('.')}`, musl: 'musl' }[libc];
  if (system === undefined) fail(`Expected glibc or musl for --libc but received ${libc}`);
  const { cc, cxx, ar } = zigTools(`${processor}-linux-${system}`);
  return { compilers: [], cmake: { ...linuxTools(processor, cc, cxx), CMAKE_AR: ar } };
}

function linuxTools(processor, cc, cxx) {
  return {
    CMAKE_SYSTEM_NAME: 'Linux',
    CMAKE_SYSTEM_PROCESSOR: processor,
    CMAKE_C_COMPILER: cc,
    CMAKE_CXX_COMPILER: cxx,
  };
}
