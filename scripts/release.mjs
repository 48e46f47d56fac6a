// What the release workflow does with the binaries that its machines built: checks them and the package, writes the list of what is inside,
// publishes.   npm run release:dry: everything but the upload, with binaries that this machine makes
//   --built     with those that are in prebuilds
//   --publish   likewise, and uploads
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkBinary } from './lib/binary.mjs';
import { repositoryAddress } from './lib/pack.mjs';
import { fail, output, publishedFiles, root, run } from './lib/tools.mjs';

const flag = { type: 'boolean', default: false };
const { values } = parseArgs({ options: { built: flag, publish: flag } });
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const node = (...args) => run(process.execPath, args);

step(`${name} ${version}: papers`);
const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const heading = changes.split('\n').find((line) => line.startsWith(`## ${version} `));
check(/\d{4}-\d\d-\d\d/.test(heading ?? ''), `CHANGELOG.md has no heading for ${version} with a date.`);
const tag = output('git', ['describe', '--tags', '--exact-match']);
check(tag === `v${version}`, `The commit is not tagged v${version}${tag === undefined ? '' : ` but ${tag}`}.`);
check(
  repositoryAddress() !== undefined,
  'Where the package comes from is not known: GITHUB_REPOSITORY names no repository, nor does the remote "origin".',
);
check(output('git', ['status', '--porcelain']) === '', 'There are changes that are not committed.');

step('binaries');
const files = publishedFiles();
for (const file of files) {
  const [, system, arch, libc = 'glibc'] = /^prebuilds\/(\w+)-(\w+)\/node-wazero(?:\.(\w+))?\.node$/.exec(file);
  // Linux' are made on any Linux.
  const makes = system === process.platform && (system === 'linux' || arch === process.arch);
  if (makes && !values.publish && !values.built) node('scripts/prebuild.mjs', '--arch', arch, '--libc', libc);
  const there = existsSync(join(root, file));
  check(there, `${file} is not there: a machine of that system builds it.`);
  if (there && system === 'linux' && process.platform === 'linux') checkBinary(file, libc);
}

step('package');
node('scripts/test-package.mjs', '--built');

step('what is inside');
mkdirSync(join(root, 'build/release'), { recursive: true });
node('scripts/sbom.mjs', join(root, `build/release/${name}-${version}.cdx.json`));

step(values.publish ? 'upload' : 'upload, not done');
const tarball = `build/package/${name}-${version}.tgz`;
const publish = ['publish', tarball, '--ignore-scripts', '--access', 'public'];
// Provenance is signed with the identity of the workflow, so there is none elsewhere.
run('npm', [...publish, ...(values.publish ? ['--provenance'] : ['--dry-run'])]);

function step(title) {
  console.log(`\n== ${title}`);
}

/** What a release must have, and a dry run may lack. */
function check(holds, sentence) {
  if (holds) return;
  if (values.publish) fail(sentence);
  console.log(`A release would stop here: ${sentence}`);
}
