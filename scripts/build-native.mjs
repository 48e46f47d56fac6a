// Builds the addon: build/Release/node_wazero.node. Go, CMake and a C++ compiler are needed; headers come from node_modules.
//   --arch arm64                  for another architecture (Linux: with Debian's cross compilers), into build/Release-arm64
//   --portable [--libc musl]      what is published: stripped, on Linux by zig for an old glibc, into build/Release-<arch>-portable
//   WAZERO_NODE_ENGINE=upstream   with wazero as it is, without the edits of native/engine
//   WAZERO_NODE_SANITIZE=address  the C++ half with a sanitizer of the compiler, into build/Release-address; cgocheck: Go with all checks of
//                                 pointers that are given to C; assert: machine code that checks its addresses. See sanitize.mjs
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareEngine } from './lib/engine.mjs';
import { checkToolchain, targetFor } from './lib/toolchain.mjs';
import { fail, lockBuild, replaceFile, root, run, writeIfChanged } from './lib/tools.mjs';

// strict: false, for node-gyp and prebuildify pass arguments that mean nothing here.
const { values } = parseArgs({
  options: {
    arch: { type: 'string', default: process.arch },
    portable: { type: 'boolean', default: false },
    libc: { type: 'string', default: 'glibc' },
  },
  strict: false,
});
const target = targetFor(values.arch, values);
checkToolchain(target.compilers);
await lockBuild();
const engine = prepareEngine();
const sanitize = process.env.WAZERO_NODE_SANITIZE ?? '';
const variant = values.portable ? (values.libc === 'musl' ? 'musl' : 'portable') : sanitize;
if (values.libc === 'musl' && !values.portable) fail('--libc musl is for what is published: give --portable, too.');
if (sanitize === 'cgocheck') process.env.GOEXPERIMENT = 'cgocheck2';

const definitions = {
  ...target.cmake,
  WAZERO_GO_MODFILE: engine.modfile,
  // What cannot be ends a process that looks for it (native/go/failure/invariant.go).
  WAZERO_GO_TAGS: [engine.tags, sanitize && 'wazero_assert'].filter(Boolean).join(','),
  WAZERO_GO_LDFLAGS: engine.ldflags,
  WAZERO_SANITIZE: sanitize,
  WAZERO_ARCH: values.arch,
  WAZERO_STRIP: values.portable ? 'ON' : '',
  WAZERO_LIBC: values.libc === 'musl' ? 'musl' : '',
};
const folder = join(root, 'build/cmake', [engine.name, values.arch, variant].filter(Boolean).join('-'));
const cmakeJs = join(root, 'node_modules/cmake-js/bin/cmake-js');
if (!existsSync(cmakeJs)) fail('cmake-js is needed to build node-wazero: run npm ci first.');
const options = ['-d', 'native', '-O', folder, '-l', 'warn'];
for (const [name, value] of Object.entries(definitions)) if (value !== '') options.push(`--CD${name}=${value}`);

// cmake-js configures once and never looks at the definitions again. "compile" would be both in one, but answers a compile error
// by building everything a second time.
const stamp = join(folder, 'definitions.json');
const configured = JSON.stringify({ root, ...definitions });
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== configured) {
  // CMake refuses a folder that was moved or copied with its checkout.
  if (existsSync(stamp) && JSON.parse(readFileSync(stamp, 'utf8')).root !== root) rmSync(folder, { recursive: true });
  run(process.execPath, [cmakeJs, 'configure', ...options]);
  writeIfChanged(stamp, configured);
}
run(process.execPath, [cmakeJs, 'build', ...options]);

const suffix = [values.arch === process.arch && !values.portable ? '' : values.arch, variant].filter(Boolean);
const release = ['build/Release', ...suffix].join('-');
replaceFile(join(root, release, 'node_wazero.node'), readFileSync(join(folder, 'Release/node_wazero.node')));
console.log(`Built ${release}/node_wazero.node (${engine.name} engine, ${values.arch}).`);
