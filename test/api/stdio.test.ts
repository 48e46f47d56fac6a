/** Standard streams: every kind of sink (stdin.test.ts has the sources), in both lanes, with back-pressure and failures. */
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { ModuleConfig, OutputBuffer, type OutputSink, Runtime, RuntimeConfig, wasi } from '../support/package.js';
import { EIO, ENOSPC, EPIPE, lanes, read, stdioGuest, streamBytes, warnings, write } from '../support/stdio-guest.js';

const guest = stdioGuest();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-wazero-stdio-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(lanes)('stdout in the lane of %s', (lane) => {
  it('ignore is the default', async () => {
    expect(await write(await guest(new ModuleConfig()), lane, 'x')).toBe(0);
    expect(await write(await guest(new ModuleConfig().withStdout('ignore')), lane, 'x')).toBe(0);
  });

  needsEdit('e7errno')('an OutputBuffer keeps it, of several guests, up to its maximum: ENOSPC', async () => {
    const out = new OutputBuffer({ maxBytes: 6 });
    const config = new ModuleConfig().withStdout(out).withStderr(out);
    const [a, b] = [await guest(config), await guest(config)];
    expect([await write(a, lane, 'abc'), await write(b, lane, 'de', 2), await write(a, lane, 'fg')]).toEqual([
      0,
      0,
      ENOSPC,
    ]);
    expect([out.text(), out.byteLength, out.bytes()]).toEqual(['abcde', 5, new TextEncoder().encode('abcde')]);
    out.reset();
    expect([await write(a, lane, 'fg'), out.text()]).toEqual([0, 'fg']);
  });

  it('a file descriptor', async () => {
    const path = join(folder, lane);
    const fd = openSync(path, 'w');
    expect(await write(await guest(new ModuleConfig().withStdout(fd)), lane, 'to a file')).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('to a file');
  });

  it('a function gets a copy that is its own', async () => {
    const chunks: Uint8Array[] = [];
    const module = await guest(new ModuleConfig().withStdout((chunk) => void chunks.push(chunk)));
    await write(module, lane, 'one');
    await write(module, lane, 'two');
    expect(chunks.map((chunk) => Buffer.from(chunk).toString())).toEqual(['one', 'two']);
  });

  it('a Node stream', async () => {
    const stream = new PassThrough();
    expect(await write(await guest(new ModuleConfig().withStdout(stream)), lane, 'text')).toBe(0);
    expect(String(stream.read())).toBe('text');
    await sleep(1); // its own callback has run
    expect([stream.writableEnded, stream.listenerCount('error')]).toEqual([false, 0]);
  });

  needsEdit('e7errno')(
    'an error with the code of a system error is that errno, of a sink and of a source',
    async () => {
      const fails = (code: string) => () => {
        throw Object.assign(new Error(code), { code });
      };
      for (const [code, errno] of [
        ['ENOSPC', ENOSPC],
        ['EACCES', 2],
        ['ERR_MINE', EIO],
      ] as const) {
        const module = await guest(new ModuleConfig().withStdout(fails(code)).withStdin(fails(code)));
        const heard = await warnings(async () => {
          expect([await write(module, lane, 'x'), await read(module, lane)]).toEqual([errno, -errno]);
        });
        expect(heard).toEqual([code, code]);
      }
    },
  );

  needsEdit('e7errno')(
    'G10: one that fails gives EIO, one that is closed EPIPE, and the process is warned',
    async () => {
      const failing: OutputSink = () => {
        throw new Error('no sink');
      };
      const module = await guest(new ModuleConfig().withStdout(failing));
      const heard = await warnings(async () => expect(await write(module, lane, 'x')).toBe(EIO));
      expect(heard).toEqual(['no sink']);
      const closed = new PassThrough();
      closed.destroy();
      expect(await write(await guest(new ModuleConfig().withStdout(closed)), lane, 'x')).toBe(EPIPE);
    },
  );
});

describe('what the process hears of streams that fail', () => {
  const heardOf = async (action: () => Promise<unknown>) => {
    const heard: (Error & { code?: string; detail?: string })[] = [];
    const listener = (warning: Error) => heard.push(warning);
    process.on('warning', listener);
    await action();
    await sleep(5);
    process.off('warning', listener);
    return heard;
  };

  it('once for each sink, with a code and the name of the package', async () => {
    let times = 0;
    const sink: OutputSink = () => {
      throw new Error(`no ${++times}`);
    };
    const heard = await heardOf(async () => {
      for (const module of [
        await guest(new ModuleConfig().withStdout(sink)),
        await guest(new ModuleConfig().withStdout(sink)),
      ])
        for (let i = 0; i < 3; i++) expect(await write(module, 'call', 'x')).toBe(EIO);
    });
    expect(times).toBe(6);
    expect(heard).toMatchObject([{ message: 'no 1', code: 'WAZERO_STREAM' }]);
    expect(heard[0]!.detail).toContain('a sink of a guest of node-wazero failed: Error: no 1');
  });

  it('G15: nothing of clients that hang up', async () => {
    const server = createServer(async (request, response) => {
      const module = await guest(new ModuleConfig().withName('').withStdin(request).withStdout(response));
      const all = (async () => {
        for (let i = 0; i < 1_000; i++) {
          if ((await write(module, 'call', 'x'.repeat(50_000))) !== 0) break;
          await sleep(1);
        }
        return read(module, 'call');
      })();
      ended.push(all.then(() => module.close()));
    });
    const ended: Promise<unknown>[] = [];
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const heard = await heardOf(async () => {
      for (let i = 0; i < 5; i++) {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nsome');
        });
        await new Promise((resolve) => socket.once('data', resolve));
        socket.resetAndDestroy();
      }
      while (ended.length < 5) await sleep(5);
      await Promise.all(ended);
    });
    expect(heard).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  });

  it('nothing where the call was aborted, whatever the sink says then', async () => {
    const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    await wasi.instantiate(runtime);
    const controller = new AbortController();
    const sink: OutputSink = () =>
      new Promise((_, reject) =>
        controller.signal.addEventListener('abort', () => reject(new Error('the sink was told, too'))),
      );
    const module = await runtime.instantiate(streamBytes, new ModuleConfig().withStdout(sink));
    const heard = await heardOf(async () => {
      const writing = errorOf(() =>
        module.exportedFunction('write')!.withOptions({ signal: controller.signal }).call(1, 5),
      );
      await sleep(20);
      controller.abort();
      expect(await writing).toMatchObject({ name: 'AbortError' });
    });
    expect(heard).toEqual([]);
    await runtime.close();
  });
});

describe('stdout that answers later', () => {
  it('parks the guest until the Promise has settled', async () => {
    let written = '';
    const sink: OutputSink = async (chunk) => {
      await sleep(5);
      written += Buffer.from(chunk).toString();
    };
    const module = await guest(new ModuleConfig().withStdout(sink));
    expect(await write(module, 'call', 'later')).toBe(0);
    expect(written).toBe('later');
    expect(await errorOf(() => write(module, 'callSync', 'x'))).toMatchObject({
      cause: { code: 'ERR_WAZERO_WOULD_BLOCK' },
    });
  });

  it('a Promise that rejects: EIO', async () => {
    const module = await guest(new ModuleConfig().withStdout(() => Promise.reject(new Error('later'))));
    expect(await warnings(async () => expect(await write(module, 'call', 'x')).toBe(EIO))).toEqual(['later']);
  });

  it('G10: a full Node stream makes the guest wait; in the sync lane it may hold pendingOutputBytes', async () => {
    const taken: (() => void)[] = [];
    const slow = new Writable({ highWaterMark: 4, write: (_chunk, _encoding, done) => void taken.push(done) });
    const module = await guest(new ModuleConfig().withStdout(slow).withLimits({ pendingOutputBytes: 20 }));
    let ended = false;
    const pending = write(module, 'call', '12345678').then(() => {
      ended = true;
    });
    await expect.poll(() => slow.writableLength).toBe(8);
    await sleep(20);
    expect([ended, slow.writableLength]).toEqual([false, 8]);
    taken.shift()!();
    await pending;
    expect(await write(module, 'callSync', '12345678')).toBe(0);
    expect(await write(module, 'callSync', '12345678')).toBe(0);
    await warnings(async () => expect(await write(module, 'callSync', '12345678')).toBe(EIO));
    taken.shift()!();
  });

  needsEdit('e7errno')('G10: a Node stream that breaks: an errno, and the process lives', async () => {
    const broken = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('broken'), { code: 'EPIPE' })),
    });
    const module = await guest(new ModuleConfig().withStdout(broken));
    await warnings(async () => expect(await write(module, 'call', 'xx')).toBe(EPIPE));
    expect(await write(module, 'call', 'xx')).toBe(EPIPE);
  });

  it('a web stream', async () => {
    const chunks: string[] = [];
    const stream = new WritableStream<Uint8Array>({
      write: (chunk) => void chunks.push(Buffer.from(chunk).toString()),
    });
    const module = await guest(new ModuleConfig().withStdout(stream));
    expect([await write(module, 'call', 'a'), await write(module, 'call', 'b')]).toEqual([0, 0]);
    expect([chunks, stream.locked]).toEqual([['a', 'b'], false]);
  });
});
