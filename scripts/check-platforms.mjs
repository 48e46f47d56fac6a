// What can be known about macOS and Windows without a machine of theirs (npm run check:platforms): both halves are vetted and compiled for them, by zig, which has
// the headers of both, and for Windows the addon is linked, so that nothing is missing there. Whether it runs is for the release workflow's own machines to say.
//   --only win32-x64    one of them
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareEngine } from './lib/engine.mjs';
import { fail, lockBuild, root, run } from './lib/tools.mjs';
import { zigTools } from './lib/zig.mjs';

const platforms = {
  'darwin-arm64': { os: 'darwin', arch: 'arm64', target: 'aarch64-macos' },
  'darwin-x64': { os: 'darwin', arch: 'amd64', target: 'x86_64-macos' },
  'win32-x64': { os: 'windows', arch: 'amd64', target: 'x86_64-windows-gnu' },
};
const { values } = parseArgs({ options: { only: { type: 'string' } } });
if (values.only !== undefined && platforms[values.only] === undefined)
  fail(`Expected one of ${Object.keys(platforms).join(', ')} for --only but received ${values.only}`);

await lockBuild();
const engine = prepareEngine();
const headers = join(root, 'node_modules/node-api-headers');
// As native/CMakeLists.txt has them.
const options = [
  ...['-std=c++17', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
  ...['NAPI_VERSION=9', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS', 'NAPI_DISABLE_CPP_EXCEPTIONS'].map((d) => `-D${d}`),
  ...[join(root, 'node_modules/node-addon-api'), join(headers, 'include')].flatMap((path) => ['-isystem', path]),
  ...['abi', 'addon'].map((name) => `-I${join(root, 'native', name)}`),
];
const sources = readdirSync(join(root, 'native/addon'), { recursive: true })
  .filter((name) => name.endsWith('.cc'))
  .map((name) => join(root, 'native/addon', name));

for (const [name, platform] of Object.entries(platforms)) {
  if (values.only !== undefined && values.only !== name) continue;
  const folder = join(root, 'build/platforms', name);
  mkdirSync(folder, { recursive: true });
  const tools = zigTools(platform.target);
  const archive = compileGo(folder, platform, tools);
  const objects = compileAddon(folder, tools);
  if (name === 'win32-x64') link(folder, tools, [...objects, archive]);
  console.log(`${name}: both halves compile${name === 'win32-x64' ? ' and link' : ''}. Nobody has run them.`);
}

function compileGo(folder, { os, arch }, { cc, cxx, ar }) {
  const env = { ...process.env, CGO_ENABLED: '1', GOOS: os, GOARCH: arch, CC: cc, CXX: cxx, AR: ar };
  const inGo = { cwd: join(root, 'native/go'), env };
  const flags = ['-trimpath', `-modfile=${engine.modfile}`, `-tags=${engine.tags}`];
  run('go', ['vet', '-stdmethods=false', ...flags, './...'], inGo);
  const archive = join(folder, 'libwazero_node.a');
  run(
    'go',
    ['build', '-buildmode=c-archive', '-buildvcs=false', ...flags, `-ldflags=${engine.ldflags}`, '-o', archive, '.'],
    inGo,
  );
  copyFileSync(join(folder, 'libwazero_node.h'), join(folder, 'wazero_node_exports.h'));
  return archive;
}

function compileAddon(folder, { cxx }) {
  return sources.map((source, i) => {
    const object = join(folder, `${i}.o`);
    run(cxx, [...options, '-O1', `-I${folder}`, '-c', source, '-o', object]);
    return object;
  });
}

/** node-api-headers lists what Node exports; an import library is made of that, as node.lib is. */
function link(folder, { cxx, dlltool }, inputs) {
  const exported = ['js_native_api.def', 'node_api.def'].flatMap((name) =>
    readFileSync(join(headers, 'def', name), 'utf8')
      .split('\n')
      .filter((line) => !/^(NAME|EXPORTS)/.test(line)),
  );
  const [list, library] = [join(folder, 'node.def'), join(folder, 'libnode.a')];
  writeFileSync(list, ['NAME node.exe', 'EXPORTS', ...exported].join('\n'));
  run(dlltool, ['-m', 'i386:x86-64', '-D', 'node.exe', '-d', list, '-l', library]);
  const addon = join(folder, 'node-wazero.node');
  run(cxx, ['-shared', '-s', '-o', addon, ...inputs, library, '-lws2_32', '-lwinmm', '-lntdll']);
}
