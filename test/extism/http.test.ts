/** HTTP of plugins: which hosts, at every redirect, how much, how long. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { type ExtismPluginOptions, guest, recorder, withPlugin } from '../support/extism.js';

/** The input is the request; the output the answer, behind its status. With a body where the function says so. */
const client = guest(`(data (i32.const 0) "a body")
  (func $answer (param $body i64) (call $log_error (call $http_headers)) (call $out (local.get $body))
    (if (i64.eqz (local.get $body)) (then (call $number (i64.extend_i32_u (call $http_status_code))))))
  (func (export "get") (call $answer (call $http_request (call $in) (i64.const 0))))
  (func (export "post") (call $answer (call $http_request (call $in) (call $block (i32.const 0) (i32.const 6)))))
  (func (export "status") (drop (call $http_request (call $in) (i64.const 0))) (call $number (i64.extend_i32_u (call $http_status_code))))
  (func (export "wrong") (call $number (call $http_request (i64.const 12345) (i64.const 1))))`);
let port: number;
let asked: {
  host: string | undefined;
  method: string | undefined;
  url: string | undefined;
  body: string;
  authorization: string | undefined;
}[];
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { host, authorization } = request.headers;
  asked.push({ host, method: request.method, url: request.url, body, authorization });
  const [path = '', argument = ''] = (request.url ?? '').slice(1).split('?');
  response.setHeader('x-own', 'header');
  if (path === 'redirect') {
    const [status, to] = argument.split(',');
    response.writeHead(Number(status), { location: to });
  } else if (path === 'round') {
    response.writeHead(307, { location: '/round' });
  } else if (path === 'status') {
    response.writeHead(Number(argument));
  } else if (path === 'slow') {
    await sleep(5_000);
  }
  response.end(path === 'bytes' ? Buffer.alloc(Number(argument)) : path === 'status' ? '' : 'the answer');
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const request = (path: string, rest: object = {}) =>
  JSON.stringify({ url: path.startsWith('http') ? path : `http://127.0.0.1:${port}/${path}`, ...rest });
const local: ExtismPluginOptions = { allowedHosts: ['127.0.0.*'] };
async function ask(text: string, options = local, name = 'get'): Promise<string | undefined> {
  asked = [];
  return await withPlugin(client, options, async (plugin) => (await plugin.call(name, text))?.text());
}
const refused = {
  code: 'ERR_EXTISM_HTTP',
  message: expect.stringMatching(/^Call error: HTTP request to ".*" is not allowed \(no allowedHosts match/),
};

describe('hosts', () => {
  it('are allowed by name or pattern; none is by default', async () => {
    for (const allowedHosts of [['127.0.0.1'], ['no', '127.*'], ['*'], ['127.0.0.?']])
      expect(await ask(request('x'), { allowedHosts })).toBe('the answer');
    for (const allowedHosts of [
      undefined,
      [],
      ['localhost'],
      ['127.0.0'],
      ['27.0.0.1'],
      ['127.0.0.??'],
      ['*.127.0.0.1'],
    ]) {
      expect(await errorOf(() => ask(request('x'), { allowedHosts }))).toMatchObject(refused);
      expect(asked).toEqual([]);
    }
    await expect(
      ask(request('http://a.example.com.evil.test/'), { allowedHosts: ['*.example.com'] }),
    ).rejects.toMatchObject(refused);
  });

  it('are looked at whatever the URL looks like; what has no host is refused', async () => {
    for (const url of [
      'data:text/plain,x',
      'file:///etc/passwd',
      `http://127.0.0.1:${port}@example.com/`,
      `http://example.com#@127.0.0.1:${port}/`,
    ])
      expect(await errorOf(() => ask(request('', { url }), { allowedHosts: ['127.0.0.1', ''] }))).toMatchObject(
        refused,
      );
    expect(await errorOf(() => ask(request('', { url: 'nonsense' })))).toMatchObject({ code: 'ERR_EXTISM_HTTP' });
    for (const text of ['no json', 'null', '{}', '{"url":1}', '{"url":"http://127.0.0.1","method":1}'])
      expect(await errorOf(() => ask(text))).toMatchObject({ code: 'ERR_EXTISM_HTTP' });
    for (const headers of [5, { 'a b': 'c' }, { a: 'b\nc' }, [['a']]])
      expect(await errorOf(() => ask(request('x', { headers })))).toMatchObject({ code: 'ERR_EXTISM_HTTP' });
  });

  it('as a plugin names them are short in messages, and on one line', async () => {
    const long = 'x'.repeat(50_000);
    for (const [url, headers] of [
      [`${long}\n`],
      [`http://${long}.test/`],
      [`ftp://a/${long}`],
      ['x', { [`a\n${long}`]: 'b' }],
    ]) {
      const { code, message } = (await errorOf(() =>
        ask(request('', { ...(url === 'x' ? {} : { url }), headers })),
      )) as {
        code: string;
        message: string;
      };
      expect(code).toBe('ERR_EXTISM_HTTP');
      expect(message.length).toBeLessThan(1_000);
      expect(message).not.toContain('\n');
    }
  });

  it('are looked at again at each redirect', async () => {
    expect(await ask(request(`redirect?302,http://127.0.0.1:${port}/there`))).toBe('the answer');
    expect(asked.map(({ url }) => url)).toEqual([expect.stringContaining('/redirect'), '/there']);
    expect(await ask(request('redirect?301,/relative'))).toBe('the answer');
    expect(await errorOf(() => ask(request(`redirect?302,http://localhost:${port}/there`)))).toMatchObject(refused);
    expect(asked).toHaveLength(1);
    expect(await errorOf(() => ask(request('round')))).toMatchObject({
      message: expect.stringContaining('redirected too often'),
    });
    expect(asked).toHaveLength(21);
  });

  it('a redirect of a POST asks as fetch would, and another origin is not told what is secret', async () => {
    const headers = { authorization: 'secret', 'content-type': 'text/plain' };
    await ask(request('redirect?303,/there', { method: 'post', headers }), local, 'post');
    expect(asked.map(({ method, body, authorization }) => [method, body, authorization])).toEqual([
      ['POST', 'a body', 'secret'],
      ['GET', '', 'secret'],
    ]);
    const both = { allowedHosts: ['127.0.0.1', 'localhost'] };
    await ask(request(`redirect?307,http://localhost:${port}/there`, { method: 'PUT', headers }), both, 'post');
    expect(asked.map(({ method, body, authorization }) => [method, body, authorization])).toEqual([
      ['PUT', 'a body', 'secret'],
      ['PUT', 'a body', undefined],
    ]);
  });
});

it('status and headers are those of the last answer, the headers only if they may be seen', async () => {
  const { logger, lines } = recorder();
  const status = async (path: string, options = local) =>
    await withPlugin(client, options, async (plugin) =>
      (await plugin.call('status', request(path)))?.getUint32(0, true),
    );
  asked = [];
  expect([await status('x'), await status('status?404'), await status('status?500')]).toEqual([200, 404, 500]);
  await ask(request('x'), { ...local, logger, logLevel: 'error', allowHttpResponseHeaders: true });
  expect(JSON.parse((lines[0] as string).slice('error: '.length))).toMatchObject({ 'x-own': 'header' });
  lines.length = 0;
  await ask(request('x'), { ...local, logger, logLevel: 'error' });
  expect(lines).toEqual([]);
});

it('an answer that is too long is none, with a log', async () => {
  for (const [maxHttpResponseBytes, bytes, fits] of [
    [1000, 1000, true],
    [1000, 1001, false],
    [0, 1, false],
    [undefined, 100_000, true],
  ] as const) {
    const { logger, lines } = recorder();
    const memory = maxHttpResponseBytes === undefined ? {} : { maxHttpResponseBytes };
    const text = await ask(request(`bytes?${bytes}`), { ...local, memory, logger, logLevel: 'error' });
    expect(text?.length).toBe(fits ? bytes : 8); // the status
    expect(lines).toEqual(fits ? [] : [`error: Response body exceeded ${maxHttpResponseBytes} bytes`]);
  }
});

it('ends with the deadline of the call, and the plugin goes on', async () => {
  asked = [];
  await withPlugin(client, { ...local, timeoutMs: 200 }, async (plugin) => {
    expect(await errorOf(() => plugin.call('get', request('slow')))).toMatchObject({ code: 'ERR_EXTISM_TIMEOUT' });
    expect((await plugin.call('get', request('x'), undefined, { timeoutMs: 10_000 }))?.text()).toBe('the answer');
  });
});

it('is asynchronous: in callSync it would block', async () => {
  asked = [];
  await withPlugin(client, local, async (plugin) => {
    expect(() => plugin.callSync('get', request('x'))).toThrow(
      expect.objectContaining({ code: 'ERR_WAZERO_WOULD_BLOCK' }),
    );
    expect((await plugin.call('wrong'))?.getUint32(0, true)).toBe(0);
  });
});

it('fetch may be one of the caller', async () => {
  const seen: unknown[] = [];
  const own = (async (url: string, init: { method: string }) => {
    seen.push(url, init.method);
    return new Response('mine', { status: 201 });
  }) as typeof fetch;
  expect(await ask(request('http://example.com/x'), { allowedHosts: ['example.com'], fetch: own })).toBe('mine');
  expect(seen).toEqual(['http://example.com/x', 'GET']);
  const failing = (async () => Promise.reject(new TypeError('no network'))) as typeof fetch;
  expect(
    await errorOf(() => ask(request('http://example.com/x'), { allowedHosts: ['example.com'], fetch: failing })),
  ).toMatchObject({ message: 'no network' });
});
