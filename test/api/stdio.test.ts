/** Standard streams: every kind of sink and source, in both lanes, with back-pressure and failures. */
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  type InputSource,
  type Module,
  ModuleConfig,
  OutputBuffer,
  type OutputSink,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';
import { wasiGuest } from '../support/wasi-guest.js';
import { wat } from '../support/wat.mjs';

// read(n): up to n bytes of stdin to 1024, answers how many came, or -errno; write(n): n bytes from 1024 to stdout, 0 or errno.
const bytes = wat(`(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (func $iovec (param i32) (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (local.get 0)))
  (func (export "read") (param i32) (result i32) (local $errno i32)
    (call $iovec (local.get 0))
    (local.set $errno (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
    (if (result i32) (local.get $errno) (then (i32.sub (i32.const 0) (local.get $errno))) (else (i32.load (i32.const 16)))))
  (func (export "write") (param i32 i32) (result i32)
    (call $iovec (local.get 1)) (call $write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 16))))`);
const [EIO, ENOSPC, EPIPE] = [29, 51, 64];
const { instance: guest } = wasiGuest(bytes);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-wazero-stdio-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const lanes = ['call', 'callSync'] as const;
type Lane = (typeof lanes)[number];
async function read(module: Module, lane: Lane, most = 100): Promise<string | number> {
  const count = (await module.exportedFunction('read')![lane](most)) as number;
  return count < 0 ? count : module.memory!.readString(1024, count);
}
async function write(module: Module, lane: Lane, text: string, fd = 1): Promise<unknown> {
  return module.exportedFunction('write')![lane](fd, module.memory!.writeString(1024, text));
}
/** What the process is warned of while an action runs. */
async function warnings(action: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = [];
  const listener = (warning: Error) => heard.push(warning.message);
  process.on('warning', listener);
  await action();
  await sleep(1);
  process.off('warning', listener);
  return heard;
}

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
    const module = await runtime.instantiate(bytes, new ModuleConfig().withStdout(sink));
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

describe.each(lanes)('stdin in the lane of %s', (lane) => {
  it('is at its end by default', async () => {
    expect(await read(await guest(new ModuleConfig()), lane)).toBe('');
  });

  it('bytes are read from the beginning by each module', async () => {
    const config = new ModuleConfig().withStdin(new TextEncoder().encode('hello'));
    for (let i = 0; i < 2; i++) {
      const module = await guest(config);
      expect([
        await read(module, lane, 2),
        await read(module, lane, 2),
        await read(module, lane),
        await read(module, lane),
      ]).toEqual(['he', 'll', 'o', '']);
    }
  });

  it('a file descriptor', async () => {
    const path = join(folder, `in-${lane}`);
    writeFileSync(path, 'from a file');
    const module = await guest(new ModuleConfig().withStdin(openSync(path, 'r')));
    expect([await read(module, lane, 6), await read(module, lane), await read(module, lane)]).toEqual([
      'from a',
      ' file',
      '',
    ]);
  });

  it('a function fills the buffer', async () => {
    const texts = ['ab', 'c'];
    const module = await guest(
      new ModuleConfig().withStdin((buffer) => new TextEncoder().encodeInto(texts.shift() ?? '', buffer).written),
    );
    expect([await read(module, lane), await read(module, lane), await read(module, lane)]).toEqual(['ab', 'c', '']);
  });

  it('one that fails or answers nonsense: EIO, and the process is warned', async () => {
    const throwing = await guest(
      new ModuleConfig().withStdin(() => {
        throw new Error('no source');
      }),
    );
    expect(await warnings(async () => expect(await read(throwing, lane)).toBe(-EIO))).toEqual(['no source']);
    for (const answer of [101, -1, 1.5, 'x']) {
      const module = await guest(new ModuleConfig().withStdin(() => answer as never));
      expect(await warnings(async () => expect(await read(module, lane)).toBe(-EIO))).toHaveLength(1);
    }
  });

  it('what a Node stream has already', async () => {
    const stream = new PassThrough();
    stream.write('ready');
    const module = await guest(new ModuleConfig().withStdin(stream));
    expect([await read(module, lane, 3), await read(module, lane)]).toEqual(['rea', 'dy']);
  });
});

describe('stdin that answers later', () => {
  async function* generate() {
    yield new TextEncoder().encode('one ');
    yield new Uint8Array();
    await sleep(2);
    yield new TextEncoder().encode('two');
  }
  const texts = ['one ', 'two'];
  const sources: [string, () => InputSource][] = [
    ['an async iterable', generate],
    ['a Node stream', () => Readable.from(texts)],
    [
      'a Node stream of bytes',
      () =>
        Readable.from(
          texts.map((text) => Buffer.from(text)),
          { objectMode: false },
        ),
    ],
    [
      'a web stream',
      () =>
        Readable.toWeb(
          Readable.from(texts.map((text) => new TextEncoder().encode(text))),
        ) as ReadableStream<Uint8Array>,
    ],
    [
      'a function',
      () => {
        const left = ['one', ' ', 'two'];
        return async (buffer) => {
          await sleep(1);
          return new TextEncoder().encodeInto(left.shift() ?? '', buffer).written;
        };
      },
    ],
  ];
  it.each(sources)('%s is read to its end', async (_name, source) => {
    const module = await guest(new ModuleConfig().withStdin(source()));
    let all = '';
    for (let part = await read(module, 'call', 3); part !== ''; part = await read(module, 'call', 3)) all += part;
    expect(all).toBe('one two');
    expect(await read(module, 'call')).toBe('');
  });

  const blocking = sources.map((source): (typeof sources)[number] =>
    source[0].startsWith('a Node stream') ? [source[0], () => new PassThrough()] : source,
  );
  it.each(blocking)('%s in the sync lane: ERR_WAZERO_WOULD_BLOCK', async (_name, source) => {
    const module = await guest(new ModuleConfig().withStdin(source()));
    expect(await errorOf(() => read(module, 'callSync'))).toMatchObject({
      kind: 'host function',
      cause: { code: 'ERR_WAZERO_WOULD_BLOCK' },
    });
  });

  it('two modules share a stream, and no byte is lost', async () => {
    const config = new ModuleConfig().withStdin(generate());
    const [a, b] = [await guest(config), await guest(config)];
    const parts = [
      await read(a, 'call', 2),
      await read(b, 'call', 2),
      ...(await Promise.all([read(a, 'call', 2), read(b, 'call', 2)])),
    ];
    // which of the two that wait asks first is not given
    expect(['one two', 'one otw']).toContain(parts.join(''));
  });

  it('a stream that breaks: EIO', async () => {
    const stream = new PassThrough();
    const module = await guest(new ModuleConfig().withStdin(stream));
    const reading = read(module, 'call');
    await expect.poll(() => stream.listenerCount('error')).toBeGreaterThan(0);
    expect(
      await warnings(async () => {
        stream.destroy(new Error('broken'));
        expect(await reading).toBe(-EIO);
      }),
    ).toEqual(['broken']);
  });
});
