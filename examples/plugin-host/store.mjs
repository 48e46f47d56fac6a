// Key-value store in a directory, one file a key: enough to have real asynchronous I/O under the plugins.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function openStore() {
  const directory = await mkdtemp(join(tmpdir(), 'plugin-host-'));
  const file = (key) => join(directory, encodeURIComponent(key));
  return {
    async get(key) {
      try {
        return await readFile(file(key), 'utf8');
      } catch (error) {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    set: (key, value) => writeFile(file(key), value),
    close: () => rm(directory, { recursive: true }),
  };
}
