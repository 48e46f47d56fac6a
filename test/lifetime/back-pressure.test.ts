/** A guest that writes faster than its reader reads waits: nothing is lost, and the process does not grow. */
import type { Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { run, spawnFixture } from '../support/child.js';

const MiB = 2 ** 20;
const mebibytes = Number(process.env.WAZERO_POUR_MIB ?? 64);

describe(`${mebibytes} MiB to a slow reader`, () => {
  it.each(['node', 'web', 'function'])(
    'G10: %s: every byte comes, in order, and the process grows by less than 64 MiB',
    async (kind) => {
      const { code, stdout, stderr } = await run('pour', {
        args: [kind, mebibytes],
        timeoutMs: 100_000 + mebibytes * 500,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { bytes, growth, inOrder } = JSON.parse(stdout) as { bytes: number; growth: number; inOrder: boolean };
      console.log(`${kind}: the process grew by ${(growth / MiB).toFixed(1)} MiB`);
      expect({ bytes, inOrder }).toEqual({ bytes: mebibytes * MiB, inOrder: true });
      expect(growth).toBeLessThan(64 * MiB);
    },
    120_000 + mebibytes * 500,
  );

  it(
    'inherit: likewise, over the pipe that is the stdout of the process',
    async () => {
      const child = spawnFixture('pour', ['inherit', mebibytes], ['ignore', 'pipe', 'pipe']);
      let bytes = 0;
      let inOrder = true;
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        // The guest writes pieces of 64 KiB, each of one letter.
        for (let at = 0; at < chunk.byteLength; at += 1024)
          inOrder &&= chunk[at] === 97 + (Math.floor((bytes + at) / 65536) % 26);
        bytes += chunk.byteLength;
        if (bytes % 65536 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const { growth } = JSON.parse(await text(child.stderr)) as { growth: number };
      console.log(`inherit: the process grew by ${(growth / MiB).toFixed(1)} MiB`);
      expect({ bytes, inOrder }).toEqual({ bytes: mebibytes * MiB, inOrder: true });
      expect(growth).toBeLessThan(64 * MiB);
    },
    120_000 + mebibytes * 500,
  );
});

it('inherit crosses no JavaScript: a guest copies stdin to stdout while the JS thread sleeps', async () => {
  const child = spawnFixture('cat', [], ['pipe', 'pipe', 'pipe', 'pipe']);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    if (stderr === 'asleep\n') child.stdin.end(Buffer.alloc(MiB, 'x'));
    if (stderr.includes('cat: ')) (child.stdio[3] as Writable).end();
  });
  expect((await buffer(child.stdout)).byteLength).toBe(MiB);
  expect(stderr).toBe('asleep\ncat: 1048576\nawake\n');
});
