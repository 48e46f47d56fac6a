/** Standard streams of a C guest: what a web stream's state means to it, whole pipes of data, and poll_oneoff on stdin. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import {
  type CompiledModule,
  type InputSource,
  ModuleConfig,
  OutputBuffer,
  type OutputSink,
  Runtime,
  RuntimeConfig,
  wasi,
} from '../support/package.js';

let runtime: Runtime;
let compiled: CompiledModule;
beforeAll(async () => {
  runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  await wasi.instantiate(runtime);
  compiled = await runtime.compileModule(readFileSync(new URL('../fixtures/guests/files.wasm', import.meta.url)));
});
afterAll(() => runtime.close());

/** What the guest wrote to stderr, and its exit code. */
async function run(script: string[], stdin: InputSource, stdout: OutputSink) {
  const err = new OutputBuffer();
  const config = new ModuleConfig()
    .withName('')
    .withArgs('files', ...script)
    .withStdin(stdin)
    .withStdout(stdout)
    .withStderr(err);
  const code = await runtime.instantiateModule(compiled, config, { timeoutMs: 30_000 }).then(
    (module) => module.close().then(() => 0),
    (error: { exitCode?: number }) => error.exitCode,
  );
  return { code, err: err.text() };
}
async function warningsOf(action: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = [];
  const listener = (warning: Error) => void heard.push(warning.message);
  process.on('warning', listener);
  await action();
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off('warning', listener);
  return heard;
}

describe('a WritableStream', () => {
  needsEdit('e7errno')('that is closed gives EPIPE, and no warning', async () => {
    const closed = new WritableStream<Uint8Array>();
    await closed.close();
    const closing = new WritableStream<Uint8Array>({ close: () => new Promise(() => {}) });
    void closing.close();
    for (const stream of [closed, closing]) {
      const warnings = await warningsOf(async () =>
        expect(await run(['pour', '1'], 'ignore', stream)).toEqual({ code: 9, err: 'pour: !64\n' }),
      );
      expect(warnings).toEqual([]);
    }
  });
  it('that somebody has locked, or that failed, gives EIO and a warning; it is not closed', async () => {
    const locked = new WritableStream<Uint8Array>();
    const writer = locked.getWriter();
    const failed = new WritableStream<Uint8Array>({ write: () => Promise.reject(new Error('the disk is gone')) });
    for (const stream of [locked, failed]) {
      const warnings = await warningsOf(async () =>
        expect(await run(['pour', '1'], 'ignore', stream)).toEqual({ code: 9, err: 'pour: !29\n' }),
      );
      expect(warnings).toHaveLength(1);
    }
    await writer.close();
  });
  it('gets the pieces that the guest writes, each taken before the guest goes on', async () => {
    let taken = 0;
    let most = 0;
    const stream = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        most = Math.max(most, chunk.byteLength);
        await new Promise((resolve) => setImmediate(resolve));
        taken += chunk.byteLength;
      },
    });
    expect(await run(['pour', '4'], 'ignore', stream)).toEqual({ code: 0, err: '' });
    expect([taken, most]).toEqual([4 * 2 ** 20, 65536]);
  });
});

describe('stdin to stdout', () => {
  const chunks = Array.from({ length: 300 }, (_, i) => new Uint8Array((i * 37) % 5000).fill(i));
  const all = Buffer.concat(chunks);
  const web = () =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(chunk);
        controller.close();
      },
    });
  const bytes = () =>
    new ReadableStream({
      type: 'bytes',
      start(controller) {
        for (const chunk of chunks) if (chunk.byteLength > 0) controller.enqueue(chunk.slice());
        controller.close();
      },
    });
  async function* iterate() {
    for (const chunk of chunks) {
      await new Promise((resolve) => setImmediate(resolve));
      yield chunk;
    }
  }
  const sources: [string, () => InputSource][] = [
    ['bytes', () => new Uint8Array(all)],
    ['a Node stream', () => Readable.from(chunks, { objectMode: false })],
    ['a web stream', web],
    ['a byte stream', bytes as () => InputSource],
    ['an async iterable', iterate],
  ];
  it.each(sources)(
    '%s comes out as it went in, empty chunks and chunks that are larger than a read included',
    async (_name, source) => {
      const out: Uint8Array[] = [];
      expect(await run(['cat'], source(), (chunk) => void out.push(chunk))).toEqual({
        code: 0,
        err: `cat: ${all.byteLength}\n`,
      });
      expect(Buffer.compare(Buffer.concat(out), all)).toBe(0);
    },
  );
});

describe('poll_oneoff on stdin', () => {
  const poll = async (stdin: InputSource, ms: number) => {
    const out = new OutputBuffer();
    const started = performance.now();
    await run(['poll', String(ms)], stdin, out);
    return { text: out.text(), ms: performance.now() - started };
  };
  it('bytes, the end and what JavaScript gives are always ready', async () => {
    for (const source of [new Uint8Array(3), 'ignore', () => 0] as const)
      expect((await poll(source, 20)).text).toMatch(/^poll: \d in\n$/);
  });
  it('a descriptor is ready when something has come', async () => {
    // The reading end of a pipe whose writer is a process that says nothing until it is told to.
    const child = spawn(process.execPath, ['-e', 'process.stdin.once("data", () => process.stdout.write("now"))']);
    const { fd } = (child.stdout as unknown as { _handle: { fd: number } })._handle;
    child.stdout.pause();
    const silent = await poll(fd, 60);
    expect(silent.text).toBe('poll: 0 -\n');
    child.stdin.write('go\n');
    child.stdin.end();
    await once(child, 'exit');
    expect((await poll(fd, 20)).text).toMatch(/^poll: \d in\n$/);
    child.stdout.destroy();
  });
});
