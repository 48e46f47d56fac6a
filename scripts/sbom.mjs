// Writes what the binaries are made of as CycloneDX 1.6: read from the binaries themselves, which carry Go's list of modules.   FILE
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fail, must, publishedFiles, root } from './lib/tools.mjs';
import { zigVersion } from './lib/zig.mjs';

const file = process.argv[2] ?? fail('Expected the path of the file to write.');
const { name, version, license, devDependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const licenses = {
  'github.com/tetratelabs/wazero': 'Apache-2.0',
  'golang.org/x/sys': 'BSD-3-Clause',
  'github.com/cespare/xxhash/v2': 'MIT',
};
const components = new Map();
const add = (component) => components.set(component.purl, { 'bom-ref': component.purl, ...component });

const binaries = publishedFiles().filter((path) => existsSync(`${root}/${path}`));
if (binaries.length === 0) fail('There is no binary in prebuilds: run npm run prebuild.');
for (const path of binaries) for (const component of goModules(path)) add(component);
// What is compiled in beside Go. Headers only, but their code is in the file.
for (const dependency of ['node-addon-api', 'node-api-headers']) {
  add(library(dependency, devDependencies[dependency], `pkg:npm/${dependency}@${devDependencies[dependency]}`, 'MIT'));
}
if (binaries.some((path) => path.includes('linux'))) {
  add({
    ...library('ziglang', zigVersion, `pkg:pypi/ziglang@${zigVersion}`, 'MIT'),
    description: 'libc++ and compiler-rt, linked statically',
  });
}

const self = `pkg:npm/${name}@${version}`;
const list = [...components.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: {
    component: {
      ...{ 'bom-ref': self, type: 'library', name, version, purl: self },
      licenses: [{ license: { id: license } }],
      components: binaries.map((path) => ({
        ...{ 'bom-ref': path, type: 'file', name: path },
        hashes: [
          {
            alg: 'SHA-256',
            content: createHash('sha256')
              .update(readFileSync(`${root}/${path}`))
              .digest('hex'),
          },
        ],
      })),
    },
  },
  components: list,
  dependencies: [{ ref: self, dependsOn: list.map(({ purl }) => purl) }, ...list.map(({ purl }) => ({ ref: purl }))],
};
writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`);
console.log(`${file}: ${list.length} components of ${binaries.join(', ')}.`);

/** The standard library and the modules of a binary: "dep <path> <version> <sum>", and "=>" with what stands in for the one before. */
function goModules(path) {
  const lines = must('go', ['version', '-m', `${root}/${path}`]).split('\n');
  const go = /: go(\S+)/.exec(lines[0])?.[1] ?? fail(`go version says nothing of ${path}: ${lines[0]}`);
  const found = [library('std', go, `pkg:golang/std@${go}`, 'BSD-3-Clause')];
  for (const [kind, module, release] of lines.map((line) => line.trim().split('\t'))) {
    if (kind === 'dep')
      found.push(
        library(
          module,
          release,
          `pkg:golang/${module}@${release}`,
          licenses[module] ?? fail(`What is the license of ${module}?`),
        ),
      );
    if (kind === '=>') found.at(-1).pedigree = { notes: 'With the edits of native/engine, which RATIONALE.md names.' };
  }
  if (!found.some(({ name }) => name.endsWith('/wazero'))) fail(`${path} names no wazero among its modules.`);
  return found;
}

function library(name, version, purl, id) {
  return { type: 'library', name, version, purl, licenses: [{ license: { id } }] };
}
