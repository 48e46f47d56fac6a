import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ExitError, FSConfig, ModuleConfig, OutputBuffer } from 'node-wazero';
import { openPython } from '../python.mjs';

const packages = fileURLToPath(new URL('packages', import.meta.url));
const image = fileURLToPath(new URL('../../build/examples-cache/python-tool.img', import.meta.url));

// All that a run would wait for comes before stdin is read. What is drawn at random comes after it: the image has one state of it for all runs.
const warmUp = `
import datetime, json, random, re, sys
sys.path.insert(0, '/packages')
import words
script = sys.stdin.read()
random.seed()
import os
os.chdir('/work')
exec(compile(script, 'script.py', 'exec'), {'__name__': '__main__'})
`;

/** The same guest paths in the same order, in the image and in each run: a guest knows its mounts by their numbers. */
const mounts = (work) => new FSConfig().withReadOnlyDirMount(packages, '/packages').withDirMount(work, '/work');

/** Python for an agent: each script runs in a copy of one warm interpreter, and nothing of it is left for the next one. */
export class PythonTool {
  #python;
  #image;

  static async create() {
    const tool = new PythonTool();
    tool.#python = await openPython({ callStackBytes: 8 * 2 ** 20 });
    tool.#image = await tool.#load().catch(() => tool.#freeze());
    return tool;
  }

  #load() {
    return this.#python.runtime.loadImage(image, this.#python.python);
  }
  async #freeze() {
    const work = await mkdtemp(join(tmpdir(), 'python-tool-'));
    try {
      const config = new ModuleConfig().withArgs('python', '-c', warmUp).withFSConfig(mounts(work)).withSystem();
      const module = await this.#python.runtime.instantiateModule(this.#python.python, config, { freezeAt: 'stdin' });
      const frozen = await module.freeze();
      await module.close();
      await frozen.save(image); // the next process begins there, too
      return frozen;
    } finally {
      await rm(work, { recursive: true });
    }
  }

  /** `files` are those of its workspace, before and after. */
  async run(script, files = {}, timeoutMs = 2_000) {
    const work = await mkdtemp(join(tmpdir(), 'python-tool-'));
    const [stdout, stderr] = [new OutputBuffer({ maxBytes: 100_000 }), new OutputBuffer({ maxBytes: 100_000 })];
    let ended = 'ok';
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(work, name), text);
      const config = new ModuleConfig()
        .withName('')
        .withStdin(new TextEncoder().encode(script))
        .withStdout(stdout)
        .withStderr(stderr)
        .withFSConfig(mounts(work))
        .withSystem()
        .withLimits({ memoryPages: 4096 }); // 256 MiB
      const module = await this.#python.runtime.instantiateModule(this.#image, config, { timeoutMs });
      await module.close();
    } catch (error) {
      ended =
        error instanceof ExitError ? (error.reason === 'exit' ? `exit ${error.exitCode}` : error.reason) : error.name;
    }
    const left = {};
    for (const entry of await readdir(work, { withFileTypes: true }))
      if (entry.isFile()) left[entry.name] = await readFile(join(work, entry.name), 'utf8');
    await rm(work, { recursive: true });
    return { ended, stdout: stdout.text(), stderr: stderr.text(), files: left };
  }

  close() {
    return this.#python.close();
  }
}
