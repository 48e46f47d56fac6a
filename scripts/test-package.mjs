// Packs the package, looks at what is in it, and uses it as a stranger would: installed without scripts, with nothing on the PATH but Node.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { fail, must, root, run } from './lib/tools.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
run(process.execPath, ['scripts/prebuild.mjs']);
run(process.execPath, ['scripts/build-ts.mjs']);
const packed = join(root, 'build/package');
rmSync(packed, { recursive: true, force: true });
mkdirSync(packed, { recursive: true });
const [pack] = JSON.parse(must('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', packed]));
const tarball = join(packed, pack.filename);

/** (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) */
const add = `
const binary = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex');
const runtime = new wazero.Runtime();
const module = await runtime.instantiate(binary);
const [sum] = [await module.exportedFunction('add').call(40, 2)].flat();
if (sum !== 42) throw new Error('40 + 2 = ' + sum);
await runtime.close();
`;

checkContent();
await checkManifest();
useIt();
console.log(
  `${pack.filename}: ${pack.files.length} files, ${(pack.size / 1e6).toFixed(1)} MB packed, works when installed.`,
);

function checkContent() {
  const files = new Set(pack.files.map(({ path }) => path));
  const prebuilt = `prebuilds/${process.platform}-${process.arch}/node-wazero${process.platform === 'linux' ? '.glibc' : ''}.node`;
  for (const file of [
    'package.json',
    'README.md',
    'LICENSE',
    'NOTICE',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli.js',
    prebuilt,
  ]) {
    if (!files.has(file)) fail(`The package lacks ${file}.`);
  }
  for (const file of files) {
    // A binding.gyp makes package managers build; the sources are in the repository.
    if (!/^(dist|prebuilds)\/|^(package\.json|README\.md|LICENSE|NOTICE)$/.test(file))
      fail(`The package must not hold ${file}.`);
    if (/^dist\/.*(?<!\.d)\.ts$|\.map$/.test(file)) fail(`The package must not hold ${file}.`);
  }
  if (pack.unpackedSize > 60e6) fail(`The package is ${pack.unpackedSize} bytes unpacked: more than 60 MB.`);
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundledDependencies']) {
    if (manifest[kind] !== undefined) fail(`The package must have no ${kind}.`);
  }
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (manifest.scripts[script] !== undefined) fail(`The package must have no ${script} script.`);
  }
}

/** publint and attw, the checks of the registry's users. The binaries of other platforms are made by the release only. */
async function checkManifest() {
  const { messages, pkg } = await publint({
    strict: true,
    pack: { tarball: readFileSync(tarball).buffer },
  });
  const wrong = messages.filter(
    ({ code, path }) => !(code === 'FILE_DOES_NOT_EXIST' && /^\.\/(linux|darwin|win32)-/.test(path[1])),
  );
  if (wrong.length > 0) fail(wrong.map((message) => formatMessage(message, pkg)).join('\n'));
  run(process.execPath, [
    'node_modules/@arethetypeswrong/cli/dist/index.js',
    ...[tarball, '--profile', 'esm-only', '--entrypoints', '.'],
  ]);
}

function useIt() {
  const folder = mkdtempSync(join(tmpdir(), 'node-wazero-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = bareBin(folder);
  const env = { PATH: path, HOME: folder };
  for (const tool of ['go', 'cmake', 'cc', 'g++', 'python3']) {
    if (existsSync(join(path, tool))) fail(`${tool} is on the PATH of the test.`);
  }
  const project = join(folder, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"name":"stranger","version":"1.0.0","private":true}');
  const guest = `quickjs-wasi@${manifest.devDependencies['quickjs-wasi']}`;
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball, guest], { cwd: project, env });

  writeFileSync(join(project, 'import.mjs'), `import * as wazero from 'node-wazero';\n${add}`);
  writeFileSync(join(project, 'require.cjs'), `const wazero = require('node-wazero');\n(async () => {\n${add}})();`);
  for (const file of ['import.mjs', 'require.cjs']) run('node', [file], { cwd: project, env });
  run(join(project, 'node_modules/.bin/node-wazero'), ['version'], { cwd: project, env });

  cpSync(join(root, 'examples/plugin-host'), join(project, 'plugin-host'), { recursive: true });
  const { status, stdout, stderr } = spawnSync('node', ['plugin-host/main.mjs'], {
    cwd: project,
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  for (const plugin of ['price', 'receipt', 'label', 'coupon']) {
    if (!new RegExp(`^${plugin} answered 200 `, 'm').test(stdout))
      fail(`The example's ${plugin} gave no answer.\n${stdout}${stderr}`);
  }
  if (status !== 0 || !/^runaway answered 504 /m.test(stdout))
    fail(`The example failed (${status}).\n${stdout}${stderr}`);
}

/** A folder with node, npm and a shell for npm: all that is on the PATH. */
function bareBin(folder) {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync('/bin/sh', join(bin, 'sh'));
  const npm = must('npm', ['root', '-g']);
  symlinkSync(join(npm, 'npm/bin/npm-cli.js'), join(bin, 'npm'));
  return bin;
}
