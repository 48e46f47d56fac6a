// Packs the package, looks at what is in it, and uses it as a stranger would: installed without scripts, with nothing on the PATH but Node.
//   --built   with the binaries that are in prebuilds
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { bundles, foldersAlone } from './lib/bundles.mjs';
import { Consumer, consumerTools, sources } from './lib/consumers.mjs';
import { packPackage, repositoryAddress } from './lib/pack.mjs';
import { fail, prebuiltFile, root, run } from './lib/tools.mjs';

if (!process.argv.includes('--built')) run(process.execPath, ['scripts/prebuild.mjs']);
run(process.execPath, ['scripts/build-ts.mjs']);
const packed = join(root, 'build/package');
const { pack, manifest } = packPackage(packed);
const tarball = join(packed, pack.filename);

checkContent();
checkAddress();
await checkManifest();
await useIt();
console.log(
  `${pack.filename}: ${pack.files.length} files, ${(pack.size / 1e6).toFixed(1)} MB packed, works when installed.`,
);

function checkContent() {
  const files = new Set(pack.files.map(({ path }) => path));
  for (const file of [
    'package.json',
    'README.md',
    'LICENSE',
    'NOTICE',
    'SECURITY.md',
    'docs/README.md',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/cli.js',
    'dist/extism.js',
    'dist/index.cjs',
    'dist/index.mjs',
    'dist/late.cjs',
    'dist/guests.cjs',
    'dist/seldom.cjs',
    'dist/cjs/index.d.ts',
    'dist/binary.cjs',
    'dist/extism/index.d.ts',
    'dist/webassembly.js',
    'dist/webassembly-register.js',
    'dist/webassembly/index.d.ts',
    'dist/components.js',
    'dist/components/index.d.ts',
    prebuiltFile(),
  ]) {
    if (!files.has(file)) fail(`The package lacks ${file}.`);
  }
  for (const file of files) {
    // A binding.gyp makes package managers build; the sources are in the repository.
    if (!/^(dist|prebuilds|docs)\/|^(package\.json|README\.md|SECURITY\.md|LICENSE|NOTICE)$/.test(file))
      fail(`The package must not hold ${file}.`);
    if (/^dist\/.*(?<!\.d)\.ts$|\.map$/.test(file)) fail(`The package must not hold ${file}.`);
  }
  const binaries = [...files].filter((file) => file.endsWith('.node')).length;
  for (const [what, size, most] of [
    ['unpacked', pack.unpackedSize, 10e6 * binaries + 5e6],
    ['packed', pack.size, 3.6e6 * binaries + 1e6], // of the four for Linux less than 16 MB
  ]) {
    if (size > most) fail(`The package with ${binaries} binaries is ${size} bytes ${what}: more than ${most}.`);
  }
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundledDependencies']) {
    if (manifest[kind] !== undefined) fail(`The package must have no ${kind}.`);
  }
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
    if (manifest.scripts[script] !== undefined) fail(`The package must have no ${script} script.`);
  }
}

/** Where it comes from: the workflow's own repository, in the three fields that npm shows. */
function checkAddress() {
  const workflow = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'owner/name' };
  if (repositoryAddress(workflow) !== 'https://github.com/owner/name') fail('A workflow does not know its repository.');
  const address = repositoryAddress();
  const named = [manifest.repository?.url, manifest.homepage, manifest.bugs?.url].map(String);
  if (address && !named.every((url) => url.includes(address)))
    fail(`The package must say where it comes from, ${address}, but says ${named.join(', ')}.`);
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
    ...[
      tarball,
      '--profile',
      'node16',
      '--entrypoints',
      '.',
      './extism',
      './webassembly',
      './webassembly/register',
      './components',
    ],
  ]);
}

async function useIt() {
  const tools = consumerTools();
  const folder = mkdtempSync(join(tmpdir(), 'node-wazero-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  const npm = new Consumer(folder, 'npm');
  npm.npm(tarball);
  npm.use();
  npm.permission();
  const version = npm.node(['node_modules/node-wazero/dist/cli.js', 'version']);
  if (!version.includes(manifest.version)) fail(`node-wazero version printed ${version}`);
  await bundles(npm, tools);
  await foldersAlone(npm, tools, sources);
  npm.jest(tools);
  npm.types(readFileSync(join(root, 'test/types/consumer.ts'), 'utf8'));
  example(npm);

  const pnpm = new Consumer(folder, 'pnpm');
  pnpm.pnpm(tarball, tools);
  pnpm.use();
  pnpm.permission();

  const yarn = new Consumer(folder, 'yarn');
  yarn.yarn(tarball, tools);
  // Not beside the permission model: yarn's own loader calls process.binding, which that refuses.
  yarn.use(['--require=./.pnp.cjs', '--experimental-loader=./.pnp.loader.mjs', '--no-warnings']);
}

/** The example as the README has it, with its guests. What they answer is its own test's affair, and a matter of time on a busy machine. */
function example(project) {
  cpSync(join(root, 'node_modules/quickjs-wasi'), join(project.folder, 'node_modules/quickjs-wasi'), {
    recursive: true,
  });
  cpSync(join(root, 'examples/plugin-host'), join(project.folder, 'plugin-host'), { recursive: true });
  const output = project.node(['plugin-host/main.mjs']);
  for (const plugin of ['price', 'receipt', 'label', 'coupon', 'runaway']) {
    if (!new RegExp(`^${plugin} answered `, 'm').test(output))
      fail(`The example's ${plugin} gave no answer.\n${output}`);
  }
  if (!/^runaway answered 504 /m.test(output)) fail(`The example's runaway was not stopped.\n${output}`);
}
