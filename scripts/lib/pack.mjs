// The package, packed from a folder of its own: what is published, and a package.json that knows where it was published from.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must, output, root } from './tools.mjs';

/**
 * The address of the repository, which no file holds: of the workflow that runs, else of the remote that this checkout came from. Undefined where
 * that is none of the web's, so that the package never names a place that somebody else could take.
 */
export function repositoryAddress({ GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env) {
  if (GITHUB_SERVER_URL && GITHUB_REPOSITORY) return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
  const remote = output('git', ['remote', 'get-url', 'origin']) ?? '';
  const [, host, path] = /^(?:https:\/\/|ssh:\/\/git@|git@)([\w.-]+)[:/]([\w./-]+?)(?:\.git)?$/.exec(remote) ?? [];
  return host && `https://${host}/${path}`;
}

/** Packs into `folder`; answers what `npm pack --json` says, and the manifest in the package. */
export function packPackage(folder) {
  const staged = join(folder, 'staged');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const address = repositoryAddress();
  if (address) {
    manifest.repository = { type: 'git', url: `git+${address}.git` };
    manifest.homepage = `${address}#readme`;
    manifest.bugs = { url: `${address}/issues` };
  }
  // npm adds these two by itself.
  for (const entry of [...manifest.files, 'README.md', 'LICENSE']) {
    if (existsSync(join(root, entry))) cpSync(join(root, entry), join(staged, entry), { recursive: true });
  }
  writeFileSync(join(staged, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const [pack] = JSON.parse(
    must('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: staged }),
  );
  rmSync(staged, { recursive: true });
  return { pack, manifest };
}
