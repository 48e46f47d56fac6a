// TCP listeners (wazero: experimental/sock/sock_test.go, imports/wasi_snapshot_preview1/sock_test.go).
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { endingOnceBegun, expectAftermath, expectEnding, timeout } from '../support/faults.js';
import {
  experimental,
  type Module,
  ModuleConfig,
  Runtime,
  RuntimeConfig,
  SockConfig,
  wasi,
} from '../support/package.js';

expectAftermath();

const guest = readFileSync(new URL('../fixtures/guests/sockets.wasm', import.meta.url));
const listening = (...ports: number[]) =>
  new ModuleConfig()
    .withStartFunctions('_initialize')
    .withSockConfig(ports.reduce((config, port) => config.withTCPListener('127.0.0.1', port), new SockConfig()));

async function open(config = new RuntimeConfig()): Promise<Runtime> {
  const runtime = new Runtime(config);
  await wasi.instantiate(runtime);
  return runtime;
}
const portOf = (module: Module) => experimental.tcpAddresses(module)[0]!.port;
const serve = (module: Module, fd = 3) => module.exportedFunction('serve', ['i32'], ['i32']).call(fd);

/** What the other side answers, once both have ended. */
async function ask(port: number, ...chunks: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (const chunk of chunks) {
    socket.write(chunk);
    await sleep(2);
  }
  socket.end();
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}
async function refuses(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const error = (await errorOf(() => once(socket, 'connect'))) as NodeJS.ErrnoException | undefined;
  socket.destroy();
  return error?.code === 'ECONNREFUSED';
}

for (const engine of ['compiler', 'interpreter'] as const) {
  needsEdit('e9sockets')(`serves connections one after another (${engine})`, async () => {
    await using runtime = await open(RuntimeConfig[engine]());
    const module = await runtime.instantiate(guest, listening(0));
    expect(experimental.tcpAddresses(module)).toEqual([{ host: '127.0.0.1', port: expect.any(Number) }]);
    const port = portOf(module);
    expect(port).toBeGreaterThan(0);
    for (const text of ['hello', 'x', 'a longer text '.repeat(3000)]) {
      const [served, answer] = await Promise.all([serve(module), ask(port, text)]);
      expect(answer).toBe(text.toUpperCase());
      expect(served).toBe(text.length);
    }
    // An odd number of bytes first: recv and send take over.
    expect(await Promise.all([serve(module), ask(port, 'odd', 'even')])).toEqual([7, 'ODDEVEN']);
  });
}

needsEdit('e9sockets')('names what port 0 became for each listener, in order, and the port asked for', async () => {
  await using runtime = await open();
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as { port: number };
  await new Promise((resolve) => free.close(resolve));
  const module = await runtime.instantiate(guest, listening(0, port, 0));
  const addresses = experimental.tcpAddresses(module);
  expect(addresses.map(({ host }) => host)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  expect(addresses[1]!.port).toBe(port);
  expect(new Set(addresses.map((address) => address.port)).size).toBe(3);
  for (const [i, address] of addresses.entries())
    expect(await Promise.all([serve(module, 3 + i), ask(address.port, 'abc')])).toEqual([3, 'ABC']);
  expect(Object.isFrozen(addresses)).toBe(true);
});

it('D13: there are none without withTCPListener: each instantiation has its own', async () => {
  await using runtime = await open();
  const first = await runtime.instantiate(guest, listening(0).withName('first'));
  const second = await runtime.instantiate(
    guest,
    new ModuleConfig().withName('second').withStartFunctions('_initialize'),
  );
  expect(experimental.tcpAddresses(second)).toEqual([]);
  expect(await serve(second)).toBe(-8); // EBADF
  expect(portOf(first)).toBeGreaterThan(0);
  expect(await refuses(portOf(first))).toBe(false);
});

needsEdit('e9sockets')('closes its listeners with the module, and the port can be bound again', async () => {
  await using runtime = await open();
  const module = await runtime.instantiate(guest, listening(0));
  const port = portOf(module);
  await module.close();
  expect(await refuses(port)).toBe(true);
  expect(() => experimental.tcpAddresses(module)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_CLOSED' }));
  const again = await runtime.instantiate(guest, listening(port));
  expect(portOf(again)).toBe(port);
  expect(await Promise.all([serve(again), ask(port, 'again')])).toEqual([5, 'AGAIN']);
});

it('fails to instantiate where the port is taken, and leaves nothing open', async () => {
  await using runtime = await open();
  const module = await runtime.instantiate(guest, listening(0).withName('first'));
  const error = await errorOf(() => runtime.instantiate(guest, listening(0, portOf(module)).withName('second')));
  expect(error).toMatchObject({ message: expect.stringContaining('address already in use') });
});

for (const engine of ['compiler', 'interpreter'] as const) {
  for (const lane of ['call', 'callSync'] as const) {
    needsEdit('e9sockets')(
      `G9: ends at its deadline while it waits for a connection (${engine}, ${lane})`,
      async () => {
        await using runtime = await open(RuntimeConfig[engine]().withCloseOnContextDone(true));
        const module = await runtime.instantiate(guest, listening(0));
        const serve = module.exportedFunction('serve', ['i32'], ['i32']).withOptions({ timeoutMs: 100 });
        expectEnding(await endingOnceBegun(() => serve[lane](3)), timeout, 100);
        expect(module.isClosed).toBe(true);
      },
    );
  }
}

needsEdit('e9sockets')(
  'G9: ends when it is closed while it waits for bytes, and the other side hears of it',
  async () => {
    await using runtime = await open(new RuntimeConfig().withCloseOnContextDone(true));
    const module = await runtime.instantiate(guest, listening(0));
    const socket = connect(portOf(module), '127.0.0.1').on('error', () => {});
    const ended = once(socket, 'close');
    const call = serve(module);
    await once(socket, 'connect');
    socket.write('first');
    await once(socket, 'data'); // it waits for more
    await module.close();
    expect(await errorOf(() => call)).toMatchObject({ code: 'ERR_WAZERO_EXIT', reason: 'close' });
    socket.resume();
    await ended;
  },
);

needsEdit('e9sockets')('keeps nobody from running while it waits', async () => {
  await using runtime = await open(new RuntimeConfig().withCloseOnContextDone(true));
  experimental.setConcurrency(1);
  try {
    const waiting = await runtime.instantiate(guest, listening(0).withName('waiting'));
    const call = serve(waiting);
    const other = await runtime.instantiate(guest, listening(0).withName('other'));
    expect(await Promise.all([serve(other), ask(portOf(other), 'goes on')])).toEqual([7, 'GOES ON']);
    expect(await Promise.all([call, ask(portOf(waiting), 'at last')])).toEqual([7, 'AT LAST']);
  } finally {
    experimental.setConcurrency(2);
  }
});
