/**
 * `import 'node-wazero/binary'`: for who makes one folder of a program and everything that it needs. A bundler sees the paths of the binaries here, and takes
 * them along in its own way for `.node` files; without this import it leaves them where they are. What it knows of the platform (esbuild's `define`) spares the others.
 */
const key = Symbol.for('node-wazero.binary');

/** The addon, or where a bundler has put it. Loaded when the first runtime is made, not here: that starts Go. */
function binary(musl: boolean): unknown {
  try {
    if (process.platform === 'linux' && process.arch === 'x64' && musl)
      return require('../prebuilds/linux-x64/node-wazero.musl.node');
    if (process.platform === 'linux' && process.arch === 'x64')
      return require('../prebuilds/linux-x64/node-wazero.glibc.node');
    if (process.platform === 'linux' && process.arch === 'arm64' && musl)
      return require('../prebuilds/linux-arm64/node-wazero.musl.node');
    if (process.platform === 'linux' && process.arch === 'arm64')
      return require('../prebuilds/linux-arm64/node-wazero.glibc.node');
    if (process.platform === 'darwin' && process.arch === 'x64')
      return require('../prebuilds/darwin-x64/node-wazero.node');
    if (process.platform === 'darwin' && process.arch === 'arm64')
      return require('../prebuilds/darwin-arm64/node-wazero.node');
    if (process.platform === 'win32' && process.arch === 'x64')
      return require('../prebuilds/win32-x64/node-wazero.node');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
  }
  return undefined;
}
/** A path, where the bundler made one of it: from the bundle, which is here. ES modules have no __dirname; they know by themselves where they are. */
function found(musl: boolean): unknown {
  const given = binary(musl);
  if (typeof given !== 'string' || typeof __dirname === 'undefined') return given;
  return process.getBuiltinModule('node:path').resolve(__dirname, given);
}
(globalThis as { [key]?: unknown })[key] = found;
