// Compiles src to dist, which is what is published: types file by file, and the program in a few files, as Node takes longer to find and read
// sixty files than to do anything else in them.
import { chmodSync, cpSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { entryOf, laterParts, Parts } from './lib/parts.mjs';
import { fail, lockBuild, root, run } from './lib/tools.mjs';

// Into folders of their own: a file that src no longer has must not stay, and who runs from dist meanwhile must not see half of it.
await lockBuild();
const modules = join(root, 'build/wazero'); // names the file that the entries share
const fresh = join(root, 'build/dist');
for (const folder of [modules, fresh]) rmSync(folder, { recursive: true, force: true });
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', modules]);
cpSync(modules, fresh, { recursive: true, filter: (file) => !file.endsWith('.js') }); // binary.cjs is for bundlers, and stays as it is

const parts = new Parts(modules);
// What package.json says of side effects is of files of dist, where what does something is part of a file that is used.
const withEffects = { name: 'effects', transform: (code) => ({ code, moduleSideEffects: true }) };

/** Not minified: what a stack trace or a debugger shows is to be read. */
async function bundle(entries, format, extension, { part, ...more } = {}) {
  const built = await rolldown({
    input: entries,
    platform: 'node',
    plugins: [withEffects, ...(part === undefined ? [] : [parts.plugin(part, format)])],
    onLog: (_, { message }) => fail(`rolldown: ${message}`),
  });
  const { output } = await built.write({
    dir: fresh,
    format,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: ({ name }) => `${name === 'webassembly' ? 'namespace' : name}.${extension}`,
    minifyInternalExports: false,
    exports: 'named',
    strict: true, // CommonJS, too: src is modules
    comments: { jsdoc: part === undefined, annotation: true, legal: true },
    // What Node's own require takes for all of an ES module that exports this name.
    footer: (chunk) =>
      format === 'cjs' && chunk.exports.includes('module.exports') ? "module.exports = exports['module.exports'];" : '',
    ...more,
  });
  await built.close();
  return output.map(({ fileName }) => fileName);
}
const from = (entries) =>
  Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(modules, file)]));
const entries = from({
  index: 'index.js',
  extism: 'extism/index.js',
  webassembly: 'webassembly/index.js',
  'webassembly-register': 'webassembly/register.js',
  components: 'components/index.js',
});
// In parts, for Node; whole for bundlers ("module"), which do not see what is read later. CommonJS for those whose `require` cannot load ESM: Jest, and
// bundlers of old, which follow its require. Node's own takes the first one ("module-sync").
const files = [
  ...(await bundle({ ...entries, ...from({ cli: 'cli.js', internal: 'internal.js' }) }, 'esm', 'js', { part: 0 })),
  ...(await bundle(entries, 'cjs', 'cjs', { part: 0 })),
  ...(await bundle(entries, 'esm', 'mjs')),
];
for (const { number, name } of laterParts)
  files.push(...(await bundle({ [name]: entryOf(number) }, 'cjs', 'cjs', { part: number, ...parts.wrapping })));
const shared = ['wazero', 'encoding', 'namespace', ...Object.keys(entries)];
const expected = [
  'cli.js',
  'internal.js',
  ...shared.flatMap((name) => [`${name}.js`, `${name}.cjs`, `${name}.mjs`]),
  ...laterParts.map(({ name }) => `${name}.cjs`),
];
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
