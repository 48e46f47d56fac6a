import { existsSync, readFileSync } from 'node:fs';
import { link, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ExitError, FSConfig, ModuleConfig, OutputBuffer, Runtime, wasi } from '../../dist/index.js';

/** The file-system cases of the folder. Answers { total, failures: { name: problem } }. */
export async function runFileCases({ folder, config, only }) {
  const list = join(folder, 'fs-cases.json');
  const failures = {};
  let total = 0;
  if (!existsSync(list)) return { total, failures };
  const probe = readFileSync(join(folder, 'fsops.wasm'));
  const runtime = new Runtime(config);
  await wasi.instantiate(runtime);
  const compiled = await runtime.compileModule(probe);
  for (const one of JSON.parse(readFileSync(list, 'utf8'))) {
    if (only && !one.name.includes(only)) continue;
    total++;
    const problem = await runFileCase({ one, runtime, compiled });
    if (problem) failures[one.name] = problem;
  }
  await runtime.close();
  return { total, failures };
}

async function runFileCase({ one, runtime, compiled }) {
  const base = await mkdtemp(join(tmpdir(), 'wazero-hostile-'));
  try {
    await makeTree(base, one.setup);
    const boxes = Object.keys(one.mount);
    const outside = await contents(base, boxes);
    const inside = await contents(base, []);
    const guests = Array.isArray(one.parallel) ? one.parallel : Array(one.parallel ?? 1).fill(one.ops);
    const printed = await Promise.all(
      guests.map((guest) => probeWith({ one, ops: guest.ops ?? guest, base, runtime, compiled })),
    );
    const text = printed.join('');
    const forbidden = one.forbidden && new RegExp(one.forbidden).exec(text);
    if (forbidden) return `printed ${forbidden[0]}: ${text}`;
    const missing = (one.required ?? []).find((prefix) => !text.split('\n').some((line) => line.startsWith(prefix)));
    if (missing !== undefined) return `did not print ${missing}: ${text}`;
    if (one.outsideUnchanged && (await contents(base, boxes)) !== outside) return `changed what is outside: ${text}`;
    if (one.boxUnchanged && (await contents(base, [])) !== inside) return `changed what is inside: ${text}`;
    return (one.mustNotExist ?? []).filter((path) => existsSync(path)).map((path) => `made ${path}`)[0];
  } catch (error) {
    return error.stack;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function makeTree(base, { dirs = [], files = {}, symlinks = {}, hardlinks = {} }) {
  const at = async (path) => {
    await mkdir(dirname(join(base, path)), { recursive: true });
    return join(base, path);
  };
  for (const path of dirs) await mkdir(join(base, path), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(await at(path), text);
  for (const [path, target] of Object.entries(symlinks)) await symlink(target, await at(path));
  for (const [path, target] of Object.entries(hardlinks)) await link(join(base, target), await at(path));
}

async function probeWith({ one, ops, base, runtime, compiled }) {
  let fs = new FSConfig();
  for (const [dir, mount] of Object.entries(one.mount)) {
    const readOnly = mount.endsWith(':ro');
    const path = readOnly ? mount.slice(0, -3) : mount;
    fs = readOnly ? fs.withReadOnlyDirMount(join(base, dir), path) : fs.withDirMount(join(base, dir), path);
  }
  const out = new OutputBuffer();
  let module = new ModuleConfig()
    .withName('')
    .withArgs('fsops', ...ops)
    .withStdout(out)
    .withFSConfig(fs);
  for (const [key, value] of Object.entries(one.env ?? {})) module = module.withEnv(key, value);
  try {
    await (await runtime.instantiateModule(compiled, module, { timeoutMs: 30_000 })).close();
  } catch (error) {
    if (!(error instanceof ExitError && error.reason === 'exit')) throw error;
  }
  return out.text();
}

/** Every name below a directory with what it is, but for what is below `except`, as one text. */
async function contents(base, except) {
  const lines = [];
  const walk = async (path) => {
    if (except.includes(path)) return;
    const full = join(base, path);
    const stats = await lstat(full);
    const what = stats.isSymbolicLink() ? await readlink(full) : stats.isFile() ? await readFile(full, 'latin1') : '';
    lines.push([path, stats.mode, stats.mtimeMs, stats.nlink, what].join(' '));
    if (stats.isDirectory()) for (const name of (await readdir(full)).sort()) await walk(join(path, name));
  };
  for (const name of (await readdir(base)).sort()) await walk(name);
  return lines.join('\n');
}
