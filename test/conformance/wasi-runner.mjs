import { cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFsFromVolume, Volume } from 'memfs';
import { ExitError, FSConfig, ModuleConfig, OutputBuffer, Runtime, RuntimeConfig, wasi } from '../../dist/index.js';
import { listByGroup, vectors } from './vectors.mjs';

/**
 * Runs every WASI command of the folder as a program: directory mounted at '/', real clocks and randomness, empty stdin. `files`: where the
 * directory is: 'directory' (in the jail), 'memfs', 'promises' (of memfs).
 * Answers { total, passed, failures: { 'suite/name': what was wrong }, baseline: names that wazero's own command line tool passes }.
 */
export async function runWasi({ engine = 'compiler', from, only, files = 'directory' } = {}) {
  const folder = vectors('wasi', from);
  const config = (
    engine === 'compiler' ? RuntimeConfig.compiler() : RuntimeConfig.interpreter()
  ).withCloseOnContextDone(true);
  const failures = {};
  let total = 0;
  for (const [suite, name] of listByGroup(folder, '.wasm')) {
    const program = `${suite}/${name}`;
    if (only && !program.includes(only)) continue;
    total++;
    const problem = await runProgram({ folder: join(folder, suite), name, config, files });
    if (problem) failures[program] = problem;
  }
  const { 'wazero-1.12.0-cli': cli } = JSON.parse(readFileSync(join(folder, 'baseline.json'), 'utf8'));
  return {
    total,
    passed: total - Object.keys(failures).length,
    failures,
    baseline: Object.keys(cli).filter((program) => cli[program]),
  };
}

async function runProgram({ folder, name, config, files }) {
  const recipe = join(folder, `${name}.json`);
  const {
    args = [],
    env = {},
    root,
    exit_code: exitCode = 0,
    stdout,
    stderr,
  } = existsSync(recipe) ? JSON.parse(readFileSync(recipe, 'utf8')) : {};
  const out = new OutputBuffer();
  const err = new OutputBuffer();
  const scratch = root === undefined || files !== 'directory' ? undefined : mkdtempSync(join(tmpdir(), 'wazero-wasi-'));
  const runtime = new Runtime(config);
  try {
    let module = new ModuleConfig()
      .withName(name)
      .withArgs(name, ...args)
      .withStdout(out)
      .withStderr(err)
      .withSysWalltime()
      .withSysNanotime()
      .withSysNanosleep()
      .withRandSource('secure');
    for (const [key, value] of Object.entries(env)) module = module.withEnv(key, value);
    if (scratch !== undefined) {
      cpSync(join(folder, root), scratch, { recursive: true, verbatimSymlinks: true });
      module = module.withFSConfig(new FSConfig().withDirMount(scratch, '/'));
    }
    if (root !== undefined && files !== 'directory') {
      const fs = createFsFromVolume(new Volume());
      copyInto(fs, join(folder, root), '/');
      module = module.withFSConfig(new FSConfig().withSysFSMount(files === 'promises' ? fs.promises : fs, '/'));
    }
    await wasi.instantiate(runtime);
    const code = await exitCodeOf(() =>
      runtime.instantiate(readFileSync(join(folder, `${name}.wasm`)), module, { timeoutMs: 30_000 }),
    );
    if (code !== exitCode)
      return `Expected exit code ${exitCode} but received ${code}; stderr: ${err.text().trim().slice(0, 300)}`;
    if (stdout !== undefined && out.text() !== stdout)
      return `Expected stdout ${JSON.stringify(stdout)} but received ${JSON.stringify(out.text())}`;
    if (stderr !== undefined && err.text() !== stderr)
      return `Expected stderr ${JSON.stringify(stderr)} but received ${JSON.stringify(err.text())}`;
    return undefined;
  } catch (error) {
    return `${error.name}: ${String(error.message).split('\n')[0]}; stderr: ${err.text().trim().slice(0, 300)}`;
  } finally {
    await runtime.close();
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

function copyInto(fs, from, to) {
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), `${to === '/' ? '' : to}/${name}`];
    const stats = lstatSync(source);
    if (stats.isSymbolicLink()) {
      fs.symlinkSync(readlinkSync(source), target);
    } else if (stats.isDirectory()) {
      fs.mkdirSync(target);
      copyInto(fs, source, target);
    } else {
      fs.writeFileSync(target, readFileSync(source));
    }
  }
}

async function exitCodeOf(run) {
  try {
    await run();
    return 0;
  } catch (error) {
    if (error instanceof ExitError && error.reason === 'exit') return error.exitCode;
    throw error;
  }
}
