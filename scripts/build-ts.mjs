// Compiles src to dist, which is what is published: types file by file, and the program as one file beside its entries, as Node takes longer
// to find and read sixty files than to do anything else in them.
import { chmodSync, cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { fail, lockBuild, root, run } from './lib/tools.mjs';

// Into folders of their own: a file that src no longer has must not stay, and who runs from dist meanwhile must not see half of it.
await lockBuild();
const modules = join(root, 'build/wazero'); // names the file that the entries share
const fresh = join(root, 'build/dist');
for (const folder of [modules, fresh]) rmSync(folder, { recursive: true, force: true });
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', modules]);
cpSync(modules, fresh, { recursive: true, filter: (file) => !file.endsWith('.js') });

const entries = {
  index: 'index.js',
  cli: 'cli.js',
  internal: 'internal.js',
  extism: 'extism/index.js',
  webassembly: 'webassembly/index.js',
  'webassembly-register': 'webassembly/register.js',
};
const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(modules, file)])),
  platform: 'node',
  onLog: (_, { message }) => fail(`rolldown: ${message}`),
});
// Not minified: what a stack trace or a debugger shows is to be read.
const { output } = await bundle.write({
  dir: fresh,
  format: 'esm',
  chunkFileNames: ({ name }) => (name === 'webassembly' ? 'namespace.js' : '[name].js'),
  minifyInternalExports: false,
});
await bundle.close();
const files = output.map(({ fileName }) => fileName).toSorted();
if (
  `${files}` !== 'cli.js,extism.js,index.js,internal.js,namespace.js,wazero.js,webassembly-register.js,webassembly.js'
)
  fail(`Expected eight files in dist but received ${files}`);

chmodSync(join(fresh, 'cli.js'), 0o755);
rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(fresh, join(root, 'dist'));
