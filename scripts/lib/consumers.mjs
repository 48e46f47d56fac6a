// Projects of strangers: the packed package installed by each package manager without network, scripts or tools, and used in each way.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, must, root, run } from './tools.mjs';

/** (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add) */
const guest = '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b';
const use = (wazero) => `
const runtime = new ${wazero}.Runtime();
const module = await runtime.instantiate(Buffer.from('${guest}', 'hex'));
const sum = await module.exportedFunction('add').call(40, 2);
if (sum !== 42) throw new Error('40 + 2 = ' + sum);
await runtime.close();
`;
/** (func (export "run")): an Extism plugin that does nothing. */
const nothing = '0061736d01000000010401600000030201000707010372756e00000a040102000b';
const usePlugin = `
const plugin = await createPlugin({ wasm: [{ data: Buffer.from('${nothing}', 'hex') }] });
if ((await plugin.call('run')) !== null) throw new Error('an output');
await plugin.close();
`;
export const sources = {
  'import.mjs': `import * as wazero from 'node-wazero';\n${use('wazero')}console.log('42');`,
  'require.cjs': `const wazero = require('node-wazero');\n(async () => {${use('wazero')}console.log('42');})();`,
  'extism.mjs': `import createPlugin, { CAPABILITIES } from 'node-wazero/extism';\n${usePlugin}if (CAPABILITIES.supportsTimeouts) console.log('42');`,
  'extism.cjs': `const createPlugin = require('node-wazero/extism');\n(async () => {${usePlugin}if (createPlugin.newPlugin === createPlugin) console.log('42');})();`,
  'webassembly.mjs': `import { createWebAssembly } from 'node-wazero/webassembly';
const WebAssembly = createWebAssembly();
const { instance } = await WebAssembly.instantiate(Buffer.from('${guest}', 'hex'));
console.log(String(instance.exports.add(40, 2)));`,
  'register.mjs': `const own = WebAssembly;
await import('node-wazero/webassembly/register');
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from('${guest}', 'hex')));
if (own !== WebAssembly) console.log(String(exports.add(40, 2)));`,
  'components.mjs': `import { writeFileSync } from 'node:fs';
import { loadComponent } from 'node-wazero/components';
writeFileSync('add.core.wasm', Buffer.from('${guest}', 'hex'));
writeFileSync('add.js', "export function instantiate(getCoreModule, imports, instantiateCore) { return instantiateCore(getCoreModule('add.core.wasm'), {}).exports; }");
const component = await loadComponent('add.js');
console.log(String((await component.instantiate()).add(40, 2)));
await component.close();`,
  'worker.mjs': `import { Worker } from 'node:worker_threads';
const worker = new Worker(new URL('./import.mjs', import.meta.url));
worker.on('error', (error) => { throw error; });
worker.on('exit', (code) => { process.exitCode = code; });`,
};

/** The programs of scripts/consumer, installed by its lockfile into build/consumer: package managers that Node runs, and bundlers. */
export function consumerTools() {
  const folder = join(root, 'build/consumer');
  const lock = readFileSync(join(root, 'scripts/consumer/package-lock.json'));
  const installed = join(folder, 'installed.json');
  if (!existsSync(installed) || !readFileSync(installed).equals(lock)) {
    rmSync(folder, { recursive: true, force: true });
    cpSync(join(root, 'scripts/consumer'), folder, { recursive: true });
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
    writeFileSync(installed, lock);
  }
  return join(folder, 'node_modules');
}

export class Consumer {
  #env;
  folder;

  /** A project that is empty but for its package.json, whose processes find nothing but node on their PATH and no network. */
  constructor(parent, name) {
    const home = join(parent, name);
    const bin = join(home, 'bin');
    this.folder = join(home, 'project');
    for (const folder of [bin, this.folder]) mkdirSync(folder, { recursive: true });
    symlinkSync(process.execPath, join(bin, 'node'));
    this.write('package.json', '{"name":"stranger","version":"1.0.0","private":true}');
    // Port 9 discards: whoever asks the network is refused.
    const nowhere = 'http://127.0.0.1:9';
    this.#env = { PATH: bin, HOME: home, npm_config_registry: nowhere, HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere };
  }

  write(file, text) {
    writeFileSync(join(this.folder, file), text);
  }

  /** Runs node here; answers what it printed. Its failure ends the script. */
  node(args) {
    const { status, signal, stdout, stderr } = this.#run(args);
    if (status !== 0)
      fail(`In a project of a stranger, node ${args.join(' ')} failed (${status ?? signal}):\n${stdout}${stderr}`);
    return stdout;
  }

  #run(args) {
    const options = { cwd: this.folder, env: this.#env, encoding: 'utf8', timeout: 180_000 };
    return spawnSync(join(this.#env.PATH, 'node'), args, options);
  }

  npm(tarball) {
    const npm = join(must('npm', ['root', '-g']), 'npm/bin/npm-cli.js');
    this.node([npm, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball]);
  }

  pnpm(tarball, tools) {
    const output = this.node([join(tools, 'pnpm/bin/pnpm.cjs'), 'add', '--offline', '--ignore-scripts', tarball]);
    if (/build scripts/i.test(output)) fail(`pnpm speaks of build scripts:\n${output}`);
  }

  yarn(tarball, tools) {
    this.write(
      '.yarnrc.yml',
      'nodeLinker: pnp\nenableNetwork: false\nenableScripts: false\nenableTelemetry: false\nenableGlobalCache: false\n',
    );
    this.write('yarn.lock', '');
    this.node([join(tools, '@yarnpkg/cli-dist/bin/yarn.js'), 'add', `node-wazero@file:${tarball}`]);
    if (existsSync(join(this.folder, 'node_modules')))
      fail('yarn made node_modules, so this was no test of Plug and Play.');
  }

  /** import, require and in a Worker. */
  use(nodeArgs = []) {
    for (const [file, text] of Object.entries(sources)) {
      this.write(file, text);
      this.expect42([...nodeArgs, file]);
    }
  }

  /** With the grants, it works; without that for addons, the error says which one is missing. */
  permission() {
    // Node 20 calls it experimental.
    const [flag] = ['--permission', '--experimental-permission'].filter((name) =>
      process.allowedNodeEnvironmentFlags.has(name),
    );
    const permission = [flag, '--allow-fs-read=*', '--allow-worker'];
    this.expect42([...permission, '--allow-addons', 'import.mjs']);
    this.write(
      'refused.mjs',
      `import { Runtime } from 'node-wazero';
try { new Runtime(); } catch ({ code, message }) {
  if (code === 'ERR_WAZERO_UNSUPPORTED_PLATFORM' && message.includes('--allow-addons')) console.log('42');
}`,
    );
    this.expect42([...permission, 'refused.mjs']);
  }

  /** Jest as it comes: CommonJS, in a context of its own, by its own resolver. */
  jest(tools) {
    this.write(
      'add.test.js',
      `const wazero = require('node-wazero');\ntest('adds', async () => {${use('wazero')}});\n` +
        `const createPlugin = require('node-wazero/extism');\ntest('plugin', async () => {${usePlugin}});\n`,
    );
    this.node([join(tools, 'jest/bin/jest.js'), '--rootDir', this.folder, '--silent', '--watchman=false']);
  }

  /** TypeScript's defaults, in both ways to resolve, with and without a look at our declarations themselves. */
  types(program) {
    for (const name of ['@types/node', 'undici-types', 'typescript']) {
      cpSync(join(root, 'node_modules', name), join(this.folder, 'node_modules', name), { recursive: true });
    }
    this.write('program.ts', program);
    const resolutions = [
      { module: 'nodenext' },
      { module: 'preserve', moduleResolution: 'bundler' },
      { module: 'node16' }, // and CommonJS, as the project's package.json says nothing of modules
    ];
    for (const resolution of resolutions) {
      for (const skipLibCheck of [true, false]) {
        const compilerOptions = { ...resolution, skipLibCheck, noEmit: true };
        this.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts'] }));
        this.node(['node_modules/typescript/bin/tsc']);
      }
    }
    // And it is the package's types that are seen, not `any`.
    this.write('program.ts', "import { Runtime } from 'node-wazero';\nnew Runtime().nothing;\n");
    const wrong = this.#run(['node_modules/typescript/bin/tsc']);
    if (wrong.status === 0 || !wrong.stdout.includes("'nothing' does not exist"))
      fail(`tsc found no error in a wrong program:\n${wrong.stdout}`);
  }

  expect42(args) {
    const output = this.node(args);
    if (output.trim() !== '42') fail(`node ${args.join(' ')} printed ${JSON.stringify(output)}, not 42.`);
  }
}
