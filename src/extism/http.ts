import { Buffer } from 'node:buffer';
import { shown } from '../values/shown.js';
import { ExtismError } from './errors.js';

export interface HttpOptions {
  readonly fetch: typeof fetch;
  readonly allowedHosts: readonly string[];
  readonly maxResponseBytes: number;
}
/** What a plugin asks for, in JSON. */
interface Request {
  readonly url: string;
  readonly method?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly header?: Record<string, string> | undefined;
}
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** undefined: it was over the limit. */
  readonly body: Buffer | undefined;
}

/** As many as browsers follow. */
const mostRedirects = 20;

/**
 * One request of a plugin, with its redirects: hosts are checked at each, which fetch would not do. A host that is not allowed rejects, and
 * so does what fetch rejects with.
 */
export async function httpRequest(
  text: string,
  body: Uint8Array<ArrayBuffer> | undefined,
  options: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  const request = parse(text);
  const headers = headersOf(request);
  let method = request.method?.toUpperCase() ?? 'GET';
  let url = request.url;
  if (method === 'GET' || method === 'HEAD') body = undefined;
  for (let redirects = 0; ; redirects++) {
    const target = checkAllowed(url, options.allowedHosts);
    const response = await options.fetch(url, {
      method,
      headers,
      redirect: 'manual',
      ...(body ? { body } : {}),
      ...(signal ? { signal } : {}),
    });
    const next = redirectOf(response, target);
    if (!next)
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await bodyUpTo(response, options.maxResponseBytes),
      };
    if (redirects === mostRedirects)
      throw new ExtismError(
        'ERR_EXTISM_HTTP',
        `Call error: HTTP request to "${shown(request.url)}" was redirected too often`,
      );
    await response.body?.cancel();
    if (response.status === 303 ? method !== 'HEAD' : response.status < 303 && method === 'POST') {
      method = 'GET';
      body = undefined;
      for (const name of [...headers.keys()]) if (name.startsWith('content-')) headers.delete(name);
    }
    if (next.origin !== target.origin)
      for (const name of ['authorization', 'proxy-authorization', 'cookie', 'host']) headers.delete(name);
    url = next.href;
  }
}

function parse(text: string): Request {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch (error) {
    throw new ExtismError('ERR_EXTISM_HTTP', 'Call error: Expected JSON for the HTTP request of the plugin', {
      cause: error,
    });
  }
  const { url, method } = (request ?? {}) as Record<string, unknown>;
  if (typeof url !== 'string' || (method !== undefined && method !== null && typeof method !== 'string'))
    throw new ExtismError('ERR_EXTISM_HTTP', 'Call error: Expected texts for url and method of the HTTP request');
  return request as Request;
}

function headersOf({ headers, header }: Request): Headers {
  try {
    return new Headers(headers ?? header ?? {});
  } catch (error) {
    const { message } = error as Error;
    throw new ExtismError('ERR_EXTISM_HTTP', `Call error: Expected headers for the HTTP request: ${shown(message)}`, {
      cause: error,
    });
  }
}

function checkAllowed(text: string, allowedHosts: readonly string[]): URL {
  if (!URL.canParse(text))
    throw new ExtismError(
      'ERR_EXTISM_HTTP',
      `Call error: Expected a URL for the HTTP request but received "${shown(text)}"`,
    );
  const url = new URL(text);
  // data: and the like have no host that could be looked at.
  const allowed = /^https?:$/.test(url.protocol) && allowedHosts.some((pattern) => matches(url.hostname, pattern));
  if (!allowed)
    throw new ExtismError(
      'ERR_EXTISM_HTTP',
      `Call error: HTTP request to "${shown(url.href)}" is not allowed (no allowedHosts match "${shown(url.hostname)}")`,
    );
  return url;
}

function redirectOf(response: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.get('location');
  return location !== null && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
}

/** `*` is any characters, `?` one. In linear time: the host is the plugin's choice. */
export function matches(host: string, pattern: string): boolean {
  let at = 0;
  let in_ = 0;
  let star = -1;
  let retry = 0;
  while (at < host.length) {
    if (pattern[in_] === '*') {
      star = in_++;
      retry = at;
    } else if (in_ < pattern.length && (pattern[in_] === '?' || pattern[in_] === host[at])) {
      in_++;
      at++;
    } else if (star >= 0) {
      in_ = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (pattern[in_] === '*') in_++;
  return in_ === pattern.length;
}

async function bodyUpTo(response: Response, most: number): Promise<Buffer | undefined> {
  if (!response.body) return Buffer.from(await response.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
