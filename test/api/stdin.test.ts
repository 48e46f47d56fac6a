/** Standard input: every kind of source, in both lanes, with what fails. */
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { type InputSource, ModuleConfig } from '../support/package.js';
import { EIO, lanes, read, stdioGuest, warnings } from '../support/stdio-guest.js';

const guest = stdioGuest();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'node-wazero-stdio-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

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
