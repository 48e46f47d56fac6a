// actionlint over .github/workflows, and that every action is pinned by its commit and every npm script that they name exists.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, root, run } from './lib/tools.mjs';

const folder = join(root, '.github/workflows');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const file of readdirSync(folder)) {
  const text = readFileSync(join(folder, file), 'utf8');
  for (const [, action, ref] of text.matchAll(/uses: *([^\s@]+)@(\S+)/g)) {
    if (!/^[0-9a-f]{40}$/.test(ref)) fail(`${file}: ${action} must be pinned by its commit, not by ${ref}.`);
  }
  for (const [, script] of text.matchAll(/npm run ([\w:]+)/g)) {
    if (scripts[script] === undefined) fail(`${file}: package.json has no script ${script}.`);
  }
}
// In the folder of no module, so that the version given is the one that runs.
run('go', ['run', 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12', '-color'], {
  env: { ...process.env, GOFLAGS: '' },
});
