// zig as C and C++ compiler: it carries the headers and symbol versions of every glibc, and libc++ to link in. From PyPI, pinned.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail, output, replaceFile, root } from './tools.mjs';

export const zigVersion = '0.15.2';

/** The oldest glibc that a published binary runs on: that of Debian 10 and RHEL 8, and what Node's own binaries need. */
export const glibcFloor = [2, 28];

/** Programs for a target of zig, such as x86_64-linux-gnu.2.28: CMake and Go want one file for each, without arguments. */
export function zigTools(target) {
  const zig = findZig();
  const tool = (name, command) => {
    const path = join(root, 'build/zig-tools', target, name);
    replaceFile(path, `#!/bin/sh\nexec ${command} "$@"\n`);
    return path;
  };
  // Undefined behaviour is a trap in C code that zig compiles without optimisation: not what a published library is for.
  const compiler = (name) => tool(name, `${zig} ${name} -target ${target} -fno-sanitize=undefined`);
  return {
    cc: compiler('cc'),
    cxx: compiler('c++'),
    ar: tool('ar', `${zig} ar`),
    dlltool: tool('dlltool', `${zig} dlltool`),
  };
}

function findZig() {
  const installed = join(root, 'build/zig/ziglang/zig');
  const ways = [...(existsSync(installed) ? [[`'${installed}'`]] : []), ['python3', '-m', 'ziglang'], ['zig']];
  const found = ways.find(
    ([command, ...args]) => output(command.replaceAll("'", ''), [...args, 'version']) === zigVersion,
  );
  if (found !== undefined) return found.join(' ');
  return fail(
    `zig ${zigVersion} is needed to build for glibc ${glibcFloor.join('.')}, and neither build/zig, python3 -m ziglang nor zig on the PATH is that: ` +
      `run python3 -m pip install --target build/zig ziglang==${zigVersion}.`,
  );
}
