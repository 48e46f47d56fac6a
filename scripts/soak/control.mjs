// The same kinds of things without the package: what rises here, too, is Node's and V8's.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { memfs } from 'memfs';
import { Random } from '../../test/fuzz/random.mjs';
import { workersUntil } from './workers.mjs';

export const handles = () => 0;
export const collect = () => {};

export async function round(seed, number, milliseconds, counts) {
  const random = new Random(seed, number);
  const end = performance.now() + milliseconds;
  const directory = mkdtempSync(join(tmpdir(), 'wazero-soak-'));
  const count = (what) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  async function client() {
    while (performance.now() < end) {
      const { fs } = memfs({ '/file.txt': '' });
      fs.writeFileSync('/file.txt', 'text');
      writeFileSync(join(directory, 'file.txt'), 'text');
      const stream = new PassThrough().resume();
      for (let n = random.below(12); n > 0; n--) {
        count('promises');
        stream.write(new Uint8Array(16));
        const late = AbortSignal.timeout(2);
        const pause = sleep(random.below(5), undefined, random.oneIn(4) ? { signal: late } : {});
        await pause.catch((error) => {
          if (error.name !== 'AbortError') throw error;
        });
      }
      stream.end();
    }
  }
  const code = `const { parentPort } = require('node:worker_threads'); parentPort.postMessage('loaded'); setTimeout(() => {}, 50);`;
  const workers = () => workersUntil(end, random, count, () => new Worker(code, { eval: true }));
  await Promise.all([client(), client(), client(), client(), workers()]);
  rmSync(directory, { recursive: true });
}
