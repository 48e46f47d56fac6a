import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const unpackedRoot = resolve(here, '../../build/conformance');

/**
 * The folder of one kind of vectors ('spec', 'wasi', 'hostile'). `from` holds archives or unpacked folders of the same format,
 * or is such a folder itself: other parts than the one committed here exist, so nothing lists file names.
 */
export function vectors(kind, from = process.env.WAZERO_CONFORMANCE_DIR || here) {
  const root = resolve(from);
  const folder = join(root, kind);
  if (existsSync(folder) && statSync(folder).isDirectory()) return folder;
  const archive = join(root, `${kind}.tar.gz`);
  if (existsSync(archive)) return unpack(kind, archive);
  const marker = { spec: 'spectest.wasm', wasi: 'baseline.json', hostile: 'manifest.json' }[kind];
  if (existsSync(join(root, marker))) return root;
  throw new Error(`Expected ${kind}/, ${kind}.tar.gz or ${marker} in ${root}`);
}

function unpack(kind, archive) {
  const { size, mtimeMs } = statSync(archive);
  const target = join(unpackedRoot, `${kind}-${size}-${Math.floor(mtimeMs)}`);
  if (!existsSync(target)) {
    // Several test files unpack at once: each into a folder of its own, and the first rename wins.
    const mine = `${target}.${process.pid}`;
    mkdirSync(mine, { recursive: true });
    execFileSync('tar', ['xzf', archive, '-C', mine]);
    try {
      renameSync(mine, target);
    } catch (error) {
      if (!existsSync(target)) throw error;
      rmSync(mine, { recursive: true });
    }
  }
  return join(target, kind);
}

/** Every file below `folder` whose name ends in `suffix`, as [group, name without suffix], sorted. */
export function listByGroup(folder, suffix) {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((group) =>
      readdirSync(join(folder, group.name))
        .filter((file) => file.endsWith(suffix))
        .map((file) => [group.name, file.slice(0, -suffix.length)]),
    )
    .sort((a, b) => (a.join('/') < b.join('/') ? -1 : 1));
}
