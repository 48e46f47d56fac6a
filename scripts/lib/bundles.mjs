// What bundlers make of a program that uses the package, in a project of a stranger (consumers.mjs).
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from './tools.mjs';

const imported = (format) => (format === 'cjs' ? "require('node-wazero/binary');" : "import 'node-wazero/binary';");

/** Those that have the package in them find its binary where it is installed; those that leave it out are as good as import. */
export async function bundles(project, tools) {
  const { build } = await import(join(tools, 'esbuild/lib/main.js'));
  const { rollup } = await import(join(tools, 'rollup/dist/es/rollup.js'));
  const { nodeResolve } = await import(join(tools, '@rollup/plugin-node-resolve/dist/es/index.js'));
  const { folder } = project;
  const common = { bundle: true, platform: 'node', logLevel: 'error', absWorkingDir: folder };
  const esbuild = (entry, format, file, more) =>
    build({ ...common, entryPoints: [join(folder, entry)], format, outfile: join(folder, file), ...more });

  await esbuild('import.mjs', 'esm', 'out/esbuild.mjs');
  await esbuild('require.cjs', 'cjs', 'out/esbuild.cjs', { logOverride: { 'empty-import-meta': 'silent' } });
  await esbuild('import.mjs', 'esm', 'out/esbuild-external.mjs', { external: ['node-wazero'] });
  await esbuild('extism.mjs', 'esm', 'out/extism.mjs');
  const bundle = await rollup({
    input: join(folder, 'import.mjs'),
    plugins: [nodeResolve({ exportConditions: ['node'] })],
    onwarn: ({ code, message }) => void (code === 'CIRCULAR_DEPENDENCY' || fail(`rollup: ${message}`)),
  });
  await bundle.write({ file: join(folder, 'out/rollup.mjs'), format: 'es', inlineDynamicImports: true });
  for (const file of ['extism.mjs', 'esbuild.mjs', 'esbuild.cjs', 'esbuild-external.mjs', 'rollup.mjs'])
    project.expect42([`out/${file}`]);
}

/** With 'node-wazero/binary', each in its usual way for `.node` files: a folder that works where nothing is installed. */
export async function foldersAlone(project, tools, sources) {
  const { folder } = project;
  const entry = (format) => {
    const [file, source] = format === 'cjs' ? ['alone.cjs', 'require.cjs'] : ['alone.mjs', 'import.mjs'];
    project.write(file, `${imported(format)}\n${sources[source]}`);
    return join(folder, file);
  };
  const { build } = await import(join(tools, 'esbuild/lib/main.js'));
  const esbuild = (format, loader, name) =>
    build({
      entryPoints: [entry(format)],
      bundle: true,
      platform: 'node',
      logLevel: 'error',
      absWorkingDir: folder,
      format,
      loader: { '.node': loader },
      outfile: join(folder, `${name}/program.${format === 'cjs' ? 'cjs' : 'mjs'}`),
      logOverride: { 'empty-import-meta': 'silent' },
      define: { 'process.platform': `"${process.platform}"`, 'process.arch': `"${process.arch}"` },
    });
  await esbuild('cjs', 'copy', 'esbuild-copy');
  await esbuild('esm', 'file', 'esbuild-file');

  const { rolldown } = await import(join(tools, 'rolldown/dist/index.mjs'));
  const rolled = await rolldown({
    input: entry('esm'),
    platform: 'node',
    moduleTypes: { '.node': 'asset' },
    onLog() {},
  });
  await rolled.write({ dir: join(folder, 'rolldown'), format: 'esm', entryFileNames: 'program.mjs' });

  const { default: webpack } = await import(join(tools, 'webpack/lib/index.js'));
  await new Promise((resolve, reject) =>
    webpack(
      {
        mode: 'production',
        target: 'node',
        context: folder,
        entry: entry('cjs'),
        output: { path: join(folder, 'webpack'), filename: 'program.cjs' },
        module: { rules: [{ test: /\.node$/, type: 'asset/resource' }] },
      },
      (error, stats) =>
        error || stats.hasErrors()
          ? reject(error ?? new Error(stats.toString({ all: false, errors: true })))
          : resolve(),
    ),
  );

  for (const [format, name] of [
    ['cjs', 'ncc-cjs'],
    ['esm', 'ncc-esm'],
  ])
    project.node([join(tools, '@vercel/ncc/dist/ncc/cli.js'), 'build', entry(format), '-o', join(folder, name), '-q']);

  for (const [name, program] of [
    ['esbuild-copy', 'program.cjs'],
    ['esbuild-file', 'program.mjs'],
    ['rolldown', 'program.mjs'],
    ['webpack', 'program.cjs'],
    ['ncc-cjs', 'index.cjs'],
    ['ncc-esm', 'index.mjs'],
  ]) {
    const alone = join(folder, '../../alone', name); // of no node_modules above
    cpSync(join(folder, name), alone, { recursive: true });
    rmSync(join(folder, name), { recursive: true });
    project.expect42([join(alone, program)]);
  }
}
