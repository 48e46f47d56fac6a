/** A stdin that comes from JavaScript: a guest asks whether there is something, with a deadline, and reads without waiting. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import {
  experimental,
  type InputSource,
  type Module,
  ModuleConfig,
  OutputBuffer,
  Runtime,
  RuntimeConfig,
  SockConfig,
  wasi,
} from '../support/package.js';
import { slowness } from '../support/slowness.js';
import { type WasiCall, wasiCalls } from '../support/wasi-calls.js';
import { wasiGuest } from '../support/wasi-guest.js';

const [OK, EAGAIN] = [0, 6];
const NONBLOCK = 4;
const clocks = (config: ModuleConfig) => config.withSysWalltime().withSysNanotime().withSysNanosleep();

class Guest {
  readonly module: Module;
  readonly lane: 'call' | 'callSync';
  constructor(module: Module, lane: 'call' | 'callSync') {
    this.module = module;
    this.lane = lane;
  }
  async ask(name: WasiCall, ...args: (number | bigint)[]): Promise<number> {
    return (await this.module.exportedFunction(name)![this.lane](...args)) as number;
  }
  /** Text, or the errno. */
  async read(): Promise<string | number> {
    const errno = await this.ask('fd_read', 0, 0, 1, 256);
    return errno === OK ? this.module.memory!.readString(64, this.module.memory!.readUint32Le(256)!) : errno;
  }
  /** The descriptors that are ready, and 'clock' where its time has come. ms undefined: no clock. */
  async poll(ms: number | undefined, ...fds: number[]): Promise<(number | 'clock')[]> {
    const memory = this.module.memory!;
    const count = fds.length + (ms === undefined ? 0 : 1);
    memory.write(1024, new Uint8Array(48 * count));
    for (const [i, fd] of fds.entries()) {
      memory.writeUint32Le(1024 + 48 * i, fd);
      memory.writeByte(1024 + 48 * i + 8, 1);
      memory.writeUint32Le(1024 + 48 * i + 16, fd);
    }
    if (ms !== undefined) {
      const at = 1024 + 48 * fds.length;
      memory.writeUint32Le(at, 0xffff);
      memory.writeUint32Le(at + 16, 1); // the monotonic clock
      memory.writeUint64Le(at + 24, BigInt(ms) * 1_000_000n);
    }
    expect(await this.ask('poll_oneoff', 1024, 8192, count, 256)).toBe(OK);
    return Array.from({ length: this.module.memory!.readUint32Le(256)! }, (_, i) => {
      const data = this.module.memory!.readUint32Le(8192 + 32 * i)!;
      return data === 0xffff ? 'clock' : data;
    });
  }
}
async function timed<T>(action: () => Promise<T>): Promise<{ answer: T; ms: number }> {
  const began = performance.now();
  return { answer: await action(), ms: performance.now() - began };
}

for (const engine of ['compiler', 'interpreter'] as const) {
  const { instance } = wasiGuest(wasiCalls, RuntimeConfig[engine]().withCloseOnContextDone(true));
  const open = async (lane: 'call' | 'callSync', source: InputSource) =>
    new Guest(await instance(clocks(new ModuleConfig().withStdin(source))), lane);

  describe(`in the lane of call (${engine})`, () => {
    needsEdit('e8stdio')('G15: an idle stream is not ready, until it has something or ends', async () => {
      const stream = new PassThrough();
      const guest = await open('call', stream);
      expect(await guest.poll(0, 0)).toEqual(['clock']);
      const idle = await timed(() => guest.poll(200, 0));
      expect(idle.answer).toEqual(['clock']);
      expect(idle.ms).toBeGreaterThan(190);
      expect(idle.ms).toBeLessThan(1_500 * slowness);
      setTimeout(() => stream.write('abc'), 50);
      const woken = await timed(() => guest.poll(20_000, 0));
      expect(woken.answer).toEqual([0]);
      expect(woken.ms).toBeLessThan(5_000 * slowness);
      expect(await guest.poll(20_000, 0)).toEqual([0]); // nobody has read it
      expect(await guest.read()).toBe('abc');
      expect(await guest.poll(20, 0)).toEqual(['clock']);
      stream.write('0123456789abcdefXYZ'); // more than is read at once
      expect(await guest.poll(undefined, 0)).toEqual([0]);
      expect([await guest.read(), await guest.poll(0, 0), await guest.read()]).toEqual([
        '0123456789abcdef',
        [0, 'clock'],
        'XYZ',
      ]);
      stream.end();
      expect([await guest.poll(undefined, 0), await guest.read(), await guest.read()]).toEqual([[0], '', '']);
    });

    needsEdit('e8stdio')('G15: what is there already is ready at once, also without waiting', async () => {
      const stream = new PassThrough();
      stream.write('there');
      async function* pieces() {
        yield Buffer.from('there');
      }
      const web = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('there')) });
      const fill = (buffer: Uint8Array) => Buffer.from('there').copy(buffer);
      for (const source of [stream, pieces(), web, fill, async (b: Uint8Array) => fill(b), Buffer.from('there')]) {
        const guest = await open('call', source as InputSource);
        expect(await guest.poll(0, 0)).toEqual([0, 'clock']);
        expect(await guest.read()).toBe('there');
      }
    });

    needsEdit('e8stdio')('G15: told not to block, a read gives EAGAIN, and loses nothing', async () => {
      let give: (count: number) => void = () => {};
      let asked = 0;
      const slow = (buffer: Uint8Array) =>
        new Promise<number>((resolve) => {
          asked++;
          give = (count) => {
            buffer.fill(0x61, 0, count);
            resolve(count);
          };
        });
      const guest = await open('call', slow);
      expect(await guest.ask('fd_fdstat_set_flags', 0, NONBLOCK)).toBe(OK);
      expect(await guest.ask('fd_fdstat_get', 0, 256)).toBe(OK);
      expect(guest.module.memory!.readUint16Le(258)! & NONBLOCK).toBe(NONBLOCK);
      for (let i = 0; i < 5; i++) expect(await guest.read()).toBe(EAGAIN);
      expect(await guest.poll(10, 0)).toEqual(['clock']);
      expect(asked).toBe(1);
      setTimeout(() => give(20), 20);
      expect(await guest.poll(undefined, 0)).toEqual([0]);
      expect([await guest.read(), await guest.read(), await guest.read()]).toEqual(['a'.repeat(16), 'aaaa', EAGAIN]);
      expect(asked).toBe(2);
      // A read that waits takes what the source was asked for before.
      expect(await guest.ask('fd_fdstat_set_flags', 0, 0)).toBe(OK);
      setTimeout(() => give(3), 20);
      expect([await guest.read(), asked]).toEqual(['aaa', 2]);
      setTimeout(() => give(0), 20);
      expect([await guest.read(), asked]).toEqual(['', 3]);
    });

    needsEdit('e8stdio')('G15: a source that fails is ready, and the read says so', async () => {
      const failing = () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }));
      const guest = await open('call', failing);
      expect([await guest.poll(5_000, 0), await guest.read()]).toEqual([[0], 2]);
      const lying = await open('call', () => 1e6);
      expect([await lying.poll(5_000, 0), await lying.read()]).toEqual([[0], 29]);
      // An error of that very name is an error, not "nothing yet".
      const again = await open('call', () => {
        throw Object.assign(new Error('again'), { code: 'EAGAIN' });
      });
      expect([await again.poll(5_000, 0), await again.read(), await again.read()]).toEqual([[0], EAGAIN, EAGAIN]);
    });

    needsEdit('e8stdio')(
      'G15: guests that share a stream: each byte reaches one, and a read that must not wait does not',
      async () => {
        const stream = new PassThrough();
        const [a, b] = [await open('call', stream), await open('call', stream)];
        expect(await a.ask('fd_fdstat_set_flags', 0, NONBLOCK)).toBe(OK);
        expect([await a.poll(0, 0), await b.poll(0, 0)]).toEqual([['clock'], ['clock']]);
        stream.write('one');
        expect([await a.poll(undefined, 0), await b.poll(undefined, 0)]).toEqual([[0], [0]]);
        expect(await b.read()).toBe('one');
        expect(await a.read()).toBe(EAGAIN);
        stream.write('two');
        expect([await a.poll(undefined, 0), await a.read()]).toEqual([[0], 'two']);
      },
    );

    needsEdit('e8stdio')('G15: a guest that is stopped while it polls ends, and its stream goes on', async () => {
      const stream = new PassThrough();
      const other = await open('call', stream);
      const waiting = errorOf(() => other.poll(undefined, 0));
      await sleep(20);
      await other.module.close();
      expect(await waiting).toMatchObject({ reason: 'close' });
      const third = await open('call', stream);
      stream.write('kept');
      expect([await third.poll(undefined, 0), await third.read()]).toEqual([[0], 'kept']);
    });
  });

  describe(`in the lane of callSync (${engine})`, () => {
    needsEdit('e8stdio')(
      'G15: what is there is ready, what is not there comes no more while the guest runs',
      async () => {
        const stream = new PassThrough();
        const guest = await open('callSync', stream);
        expect(await guest.ask('fd_fdstat_set_flags', 0, NONBLOCK)).toBe(OK);
        expect([await guest.read(), await guest.poll(30, 0)]).toEqual([EAGAIN, ['clock']]);
        expect(await errorOf(() => guest.poll(undefined, 0))).toMatchObject({
          cause: { code: 'ERR_WAZERO_WOULD_BLOCK' },
        });
        stream.write('now');
        await sleep(5); // between two calls it may come
        expect([await guest.poll(undefined, 0), await guest.read()]).toEqual([[0], 'now']);
        const bytes = await open('callSync', Buffer.from('bytes'));
        expect(await bytes.ask('fd_fdstat_set_flags', 0, NONBLOCK)).toBe(OK);
        expect([await bytes.poll(undefined, 0), await bytes.read(), await bytes.poll(20, 0)]).toEqual([
          [0],
          'bytes',
          [0],
        ]);
      },
    );
  });
}

describe('listeners', () => {
  const { instance } = wasiGuest(wasiCalls, new RuntimeConfig().withCloseOnContextDone(true));
  for (const lane of ['call', 'callSync'] as const) {
    needsEdit('e9sockets')(
      `G15: do not block, and poll_oneoff waits for who comes and for what they say (${lane})`,
      async () => {
        const stream = new PassThrough();
        const config = new ModuleConfig().withSockConfig(new SockConfig().withTCPListener('127.0.0.1', 0));
        const guest = new Guest(await instance(clocks(config.withStdin(stream))), lane);
        const { port } = experimental.tcpAddresses(guest.module)[0]!;
        expect(await guest.ask('sock_accept', 3, 0, 256)).toBe(EAGAIN);
        const idle = await timed(() => guest.poll(100, 3, 0));
        expect(idle.answer).toEqual(['clock']);
        expect(idle.ms).toBeGreaterThan(95);
        const socket = connect(port, '127.0.0.1');
        await new Promise((resolve) => socket.once('connect', resolve));
        expect(await guest.poll(undefined, 0, 3)).toEqual([3]);
        expect(await guest.ask('sock_accept', 3, NONBLOCK, 256)).toBe(OK);
        const connection = guest.module.memory!.readUint32Le(256)!;
        expect(await guest.ask('sock_accept', 3, 0, 256)).toBe(EAGAIN);
        expect(await guest.poll(30, 3, connection)).toEqual(['clock']);
        if (lane === 'call') setTimeout(() => socket.write('hello'), 30);
        else await new Promise<void>((resolve) => socket.write('hello', () => resolve()));
        const woken = await timed(() => guest.poll(20_000, 3, connection, 0));
        expect(woken.answer).toEqual([connection]);
        expect(woken.ms).toBeLessThan(5_000 * slowness);
        expect(await guest.ask('fd_read', connection, 0, 1, 256)).toBe(OK);
        expect(guest.module.memory!.readString(64, 5)).toBe('hello');
        expect(await guest.ask('fd_read', connection, 0, 1, 256)).toBe(EAGAIN);
        socket.destroy();
      },
    );

    needsEdit('e9sockets')(`G15: one that was told to block still ends at its deadline (${lane})`, async () => {
      const config = new ModuleConfig().withName('').withSockConfig(new SockConfig().withTCPListener('127.0.0.1', 0));
      const guest = await instance(config);
      expect(await guest.exportedFunction('fd_fdstat_set_flags')![lane](3, NONBLOCK)).toBe(OK);
      expect(await guest.exportedFunction('fd_fdstat_set_flags')![lane](3, 0)).toBe(OK);
      const accept = guest.exportedFunction('sock_accept')!.withOptions({ timeoutMs: 100 });
      expect(await errorOf(async () => accept[lane](3, 0, 256))).toMatchObject({ reason: 'timeout' });
    });
  }
});

describe('programs in Go', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'node-wazero-go-'));
    const source = readFileSync(new URL('../fixtures/guests/goroutines.go', import.meta.url));
    writeFileSync(join(folder, 'main.go'), source);
    writeFileSync(join(folder, 'go.mod'), 'module guest\n\ngo 1.25\n');
    const env = { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', GOWORK: 'off', GOFLAGS: '' };
    execFileSync('go', ['build', '-ldflags=-s -w', '-o', 'guest.wasm', '.'], { cwd: folder, env });
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  async function run(config: ModuleConfig, ...args: string[]) {
    const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
    await wasi.instantiate(runtime);
    const compiled = await runtime.compileModule(readFileSync(join(folder, 'guest.wasm')));
    const out = new OutputBuffer();
    const full = clocks(
      config
        .withArgs('guest', ...args)
        .withStdout(out)
        .withStderr('inherit'),
    );
    const ended = runtime.instantiateModule(compiled, full, { timeoutMs: 60_000 * slowness });
    return { out, ended, runtime };
  }

  needsEdit('e8stdio')('G15: keep their timers while a stream is idle', async () => {
    const stream = new PassThrough();
    const { out, ended, runtime } = await run(new ModuleConfig().withStdin(stream), 'ticks');
    while (!out.text().includes('ready')) await sleep(10);
    for (const line of ['a', 'b', 'c']) {
      await sleep(300);
      stream.write(`${line}\n`);
    }
    stream.end();
    await ended;
    expect(out.text()).toBe('ready\n"a" ticking=true\n"b" ticking=true\n"c" ticking=true\n');
    await runtime.close();
  });

  needsEdit('e9sockets')(
    'G15: serve many connections at once, with timers',
    async () => {
      const free = await new Promise<number>((resolve) => {
        const server = process
          .getBuiltinModule('node:net')
          .createServer()
          .listen(0, '127.0.0.1', () => {
            const { port } = server.address() as { port: number };
            server.close(() => resolve(port));
          });
      });
      const config = new ModuleConfig().withSockConfig(new SockConfig().withTCPListener('127.0.0.1', free));
      const { out, ended, runtime } = await run(config, 'serve', '8');
      while (!out.text().includes('ready')) await sleep(10);
      const began = performance.now();
      const answers = await Promise.all(
        Array.from({ length: 8 }, async (_, i) => {
          const response = await fetch(`http://127.0.0.1:${free}/?name=${i}`, { headers: { connection: 'close' } });
          return response.text();
        }),
      );
      expect(answers).toEqual(Array.from({ length: 8 }, (_, i) => `hello ${i}`));
      expect(performance.now() - began).toBeLessThan(8 * 300 * slowness); // each sleeps 300 ms: all at once
      await ended;
      await runtime.close();
    },
    120_000,
  );
});

it('G15: reading a stream that nobody polls asks for it as before', async () => {
  const sizes: number[] = [];
  const runtime = new Runtime();
  await wasi.instantiate(runtime);
  const fill = (buffer: Uint8Array) => {
    sizes.push(buffer.byteLength);
    return 0;
  };
  const module = await runtime.instantiate(wasiCalls, new ModuleConfig().withStdin(fill));
  expect(await module.exportedFunction('fd_read')!.call(0, 0, 1, 256)).toBe(OK);
  expect(sizes).toEqual([16]); // the guest's own buffer
  await runtime.close();
});
