// What a binary for Linux asks of the system it is loaded on. A user would learn it at load, from a puzzle of a message.
import { fail, must } from './tools.mjs';
import { glibcFloor } from './zig.mjs';

const libraries = {
  glibc: /^(libc\.so\.6|libm\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|ld-linux-[\w-]+\.so\.[12])$/,
  musl: /^libc\.so$/,
};

/** Ends the script when `file` (for `libc`: glibc or musl) needs a newer glibc than the floor, another library (libstdc++, libgcc_s), could be unloaded, or exports too much. */
export function checkBinary(file, libc = 'glibc') {
  const dynamic = must('readelf', ['-W', '--dynamic', file]);
  for (const [, library] of dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)) {
    if (!libraries[libc].test(library)) fail(`${file} needs ${library}, which slim images lack: link it statically.`);
  }
  if (!dynamic.includes('NODELETE')) fail(`${file} could be unloaded under Go's threads: link it with -z nodelete.`);

  const needs = libc === 'musl' ? needsOfMusl(file) : needsOfGlibc(file);
  const exported = must('readelf', ['-W', '--dyn-syms', file])
    .split('\n')
    .filter((line) => /(GLOBAL|WEAK) +DEFAULT +\d/.test(line))
    .map((line) => line.trim().split(/\s+/).at(-1));
  const foreign = exported.filter(
    (name) => !/^(napi_register_module_v1|node_api_module_get_api_version_v1)$/.test(name),
  );
  if (exported.length !== 2 || foreign.length > 0)
    fail(`${file} exports ${exported.join(', ')}: only Node-API's entries may be seen.`);
  console.log(`${file} needs ${needs}, and no C++ library.`);
}

function needsOfGlibc(file) {
  const versions = must('readelf', ['-W', '--version-info', file]);
  const [other] = /\b(GLIBCXX|CXXABI|GCC)_[\d.]+/.exec(versions) ?? [];
  if (other !== undefined) fail(`${file} needs ${other}: link the C++ library statically.`);
  const needed = [...versions.matchAll(/GLIBC_(\d+)\.(\d+)/g)]
    .map(([, major, minor]) => [Number(major), Number(minor)])
    .sort(([a, b], [c, d]) => a - c || b - d)
    .at(-1);
  if (needed === undefined) fail(`${file} names no version of glibc: what has readelf read?`);
  if (needed[0] > glibcFloor[0] || (needed[0] === glibcFloor[0] && needed[1] > glibcFloor[1])) {
    fail(`${file} needs glibc ${needed.join('.')}, and the floor is ${glibcFloor.join('.')}.`);
  }
  return `glibc ${needed.join('.')} (floor ${glibcFloor.join('.')})`;
}

/** musl refuses thread-local storage whose place is known when a program starts (native/musl). */
function needsOfMusl(file) {
  const relocations = must('readelf', ['-W', '--relocs', file]);
  const [early] = /R_\w+_(TPOFF|TLS_TPREL)\w*/.exec(relocations) ?? [];
  if (early !== undefined) fail(`${file} has ${early}: musl could not load it.`);
  if (!/R_\w+_TLSDESC/.test(relocations))
    fail(`${file} has no descriptor of thread-local storage: is it the right file?`);
  return 'musl';
}
