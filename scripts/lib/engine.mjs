// The wazero that native/go is built with: a copy of the pinned module with the edits of native/engine, or the module as it is.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fail, must, root, run, writeIfChanged } from './tools.mjs';

const wazero = 'github.com/tetratelabs/wazero';
const goDirectory = join(root, 'native/go');

// Nothing that is built or tested here imports these; they are most of the module.
const left = new Set(['examples', 'site', 'packaging', 'internal/integration_test/spectest']);

/**
 * With these, programs and tests in Go share with the c-archive of the build what is compiled of Go's library and of wazero: it is position-independent
 * there. Without them all of it is compiled a second time.
 */
export const asInBuild = process.platform === 'linux' ? ['-trimpath', '-buildmode=pie'] : [];

/**
 * The wazero that native/go is built with. `edited` (the default) is a copy of the pinned module with the edits of native/engine;
 * `upstream` (WAZERO_NODE_ENGINE=upstream) is the module as it is. Each has folders of its own, so switching rebuilds nothing.
 */
export function prepareEngine() {
  const name = process.env.WAZERO_NODE_ENGINE || 'edited';
  if (name !== 'edited' && name !== 'upstream') {
    fail(`Expected edited or upstream for WAZERO_NODE_ENGINE but received ${name}`);
  }
  const module = upstreamModule();
  if (name === 'upstream') {
    // A c-archive carries no module information, and the version names the directory of the file cache.
    const ldflags = `-s -w -buildid= -X ${wazero}/internal/version.version=${module.Version}`;
    return { name, modfile: join(goDirectory, 'go.mod'), tags: 'wazero_upstream', ldflags, copy: undefined };
  }
  const copy = editedCopy(module.Dir);
  const edits = readFileSync(join(copy, 'wazeroengine.txt'), 'utf8').trim().split(' ')[1] ?? '';
  return { name, modfile: writeModfile(copy), tags: '', ldflags: `-s -w -buildid= -X main.buildEdits=${edits}`, copy };
}

export function upstreamModule() {
  return JSON.parse(must('go', ['mod', 'download', '-json', wazero], { cwd: goDirectory }));
}

/** Packages of an edited copy whose tests are not upstream's: tests that an edit added or changed. By the name that native/go knows them by. */
export function editedTestPackages(copy) {
  const source = upstreamModule().Dir;
  const packages = new Set();
  for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('_test.go')) continue;
    const path = relative(copy, join(entry.parentPath, entry.name));
    const original = join(source, path);
    if (!existsSync(original) || !readFileSync(original).equals(readFileSync(join(copy, path)))) {
      packages.add(`${wazero}/${dirname(path).replaceAll('\\', '/')}`);
    }
  }
  return [...packages].sort();
}

function editedCopy(source) {
  const editor = join(root, 'native/engine');
  const hash = must('go', ['run', ...asInBuild, '.', '-hash'], { cwd: editor });
  const folder = join(root, 'build/engine', hash);
  const copy = join(folder, 'wazero');
  if (existsSync(join(copy, 'wazeroengine.txt'))) return copy;
  const fresh = `${folder}.part`;
  rmSync(fresh, { recursive: true, force: true });
  copyTree(source, join(fresh, 'wazero'), '');
  run('go', ['run', ...asInBuild, '.', join(fresh, 'wazero')], { cwd: editor });
  for (const old of readdirSync(join(root, 'build/engine'))) {
    if (old !== `${hash}.part`) rmSync(join(root, 'build/engine', old), { recursive: true, force: true });
  }
  renameSync(fresh, folder);
  return copy;
}

/** The module cache is read-only; the copy is not. */
function copyTree(from, to, path) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const inside = path === '' ? entry.name : `${path}/${entry.name}`;
    if (left.has(inside)) continue;
    if (entry.isDirectory()) copyTree(join(from, entry.name), join(to, entry.name), inside);
    else {
      copyFileSync(join(from, entry.name), join(to, entry.name));
      chmodSync(join(to, entry.name), 0o644);
    }
  }
}

/**
 * -overlay refuses files below the module cache, so the module is replaced, in a go.mod beside the real one. The path, which counts from
 * native/go, ends up in the binary: it must be the same in every checkout.
 */
function writeModfile(copy) {
  const modfile = join(root, 'build/edited.mod');
  writeIfChanged(
    modfile,
    `${readFileSync(join(goDirectory, 'go.mod'), 'utf8')}\nreplace ${wazero} => ${relative(goDirectory, copy).replaceAll('\\', '/')}\n`,
  );
  writeIfChanged(join(root, 'build/edited.sum'), readFileSync(join(goDirectory, 'go.sum'), 'utf8'));
  return modfile;
}
