// Compiles src to dist, which is what is published: types file by file, and the program as one file beside its entries, as Node takes longer
// to find and read sixty files than to do anything else in them.
import { chmodSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { fail, lockBuild, root, run } from './lib/tools.mjs';

// Into folders of their own: a file that src no longer has must not stay, and who runs from dist meanwhile must not see half of it.
await lockBuild();
const modules = join(root, 'build/wazero'); // names the file that the entries share
const fresh = join(root, 'build/dist');
for (const folder of [modules, fresh]) rmSync(folder, { recursive: true, force: true });
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', modules]);
cpSync(modules, fresh, { recursive: true, filter: (file) => !file.endsWith('.js') }); // binary.cjs is for bundlers, and stays as it is

/** Not minified: what a stack trace or a debugger shows is to be read. */
async function bundle(entries, format, extension) {
  const built = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(modules, file)])),
    platform: 'node',
    onLog: (_, { message }) => fail(`rolldown: ${message}`),
  });
  const { output } = await built.write({
    dir: fresh,
    format,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: ({ name }) => `${name === 'webassembly' ? 'namespace' : name}.${extension}`,
    minifyInternalExports: false,
    exports: 'named',
    // What Node's own require takes for all of an ES module that exports this name.
    footer: (chunk) =>
      format === 'cjs' && chunk.exports.includes('module.exports') ? "module.exports = exports['module.exports'];" : '',
  });
  await built.close();
  return output.map(({ fileName }) => fileName);
}
const entries = {
  index: 'index.js',
  extism: 'extism/index.js',
  webassembly: 'webassembly/index.js',
  'webassembly-register': 'webassembly/register.js',
  components: 'components/index.js',
};
// CommonJS for those whose `require` cannot load ESM: Jest, and bundlers of old. Node's own takes the one above ("module-sync").
const files = [
  ...(await bundle({ ...entries, cli: 'cli.js', internal: 'internal.js' }, 'esm', 'js')),
  ...(await bundle(entries, 'cjs', 'cjs')),
];
const shared = ['wazero', 'encoding', 'namespace', ...Object.keys(entries)];
const expected = ['cli.js', 'internal.js', ...shared.flatMap((name) => [`${name}.js`, `${name}.cjs`])];
if (`${files.toSorted()}` !== `${expected.toSorted()}`) fail(`Expected ${expected} in dist but received ${files}`);
// The same types once more: TypeScript tells by the package.json above a declaration whether it is of CommonJS.
cpSync(modules, join(fresh, 'cjs'), {
  recursive: true,
  filter: (file) => !/\.c?js$|\.d\.cts$|cli(\.d\.ts)?$|internal\.d\.ts$/.test(file),
});
writeFileSync(join(fresh, 'cjs/package.json'), '{ "type": "commonjs" }\n');

chmodSync(join(fresh, 'cli.js'), 0o755);
rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(fresh, join(root, 'dist'));
