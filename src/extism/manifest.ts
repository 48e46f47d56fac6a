import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ExtismError, manifestError } from './errors.js';
import { isRecord } from './shapes.js';
import type { Manifest, ManifestLike, ManifestWasm, NativeManifestOptions } from './types.js';

type Fetch = typeof fetch;

/** A module of a manifest: its bytes, and what it is called. */
export interface ManifestPart {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** Whatever stands for a manifest, as one. */
export async function manifestOf(source: ManifestLike, fetchIt: Fetch): Promise<Manifest> {
  if (source instanceof ArrayBuffer) return { wasm: [{ data: new Uint8Array(source) }] };
  if (ArrayBuffer.isView(source))
    return { wasm: [{ data: new Uint8Array(source.buffer, source.byteOffset, source.byteLength) }] };
  if (typeof source === 'string') {
    if (/^\s*\{/.test(source)) return checked(parsed(source));
    if (!/^(https?|file):\/\//.test(source)) return { wasm: [{ path: source }] };
    return await manifestOf(new URL(source), fetchIt);
  }
  if (source instanceof URL) {
    if (source.protocol === 'file:') return { wasm: [{ path: fileURLToPath(source) }] };
    return await manifestOf(await fetchIt(source, { redirect: 'follow' }), fetchIt);
  }
  if (isResponse(source)) {
    const type = source.headers.get('content-type') || 'application/octet-stream';
    switch (type.split(';')[0]) {
      case 'application/octet-stream':
      case 'application/wasm':
        return { wasm: [{ response: source }] };
      case 'application/json':
      case 'text/json':
        return checked(parsed(await source.text()));
      default:
        throw manifestError(
          `While processing manifest URL "${source.url}"; expected content-type of "text/json", "application/json", "application/octet-stream", or "application/wasm"; got "${type}" after stripping off charset.`,
        );
    }
  }
  if (isModuleOfV8(source)) return { wasm: [{ module: source }] };
  return checked(source);
}

/** Of another realm or library, too: what has `fetch` as an option may bring its own. */
function isResponse(value: object): value is Response {
  return value instanceof Response || value?.constructor?.name === 'Response';
}
const isModuleOfV8 = (value: unknown) => Object.prototype.toString.call(value) === '[object WebAssembly.Module]';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw manifestError(`Expected JSON for the manifest but received text that is none: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
function checked(value: unknown): Manifest {
  if (typeof value !== 'object' || value === null || !('wasm' in value))
    throw manifestError('Expected "wasm" key in manifest');
  if (!Array.isArray(value.wasm)) throw manifestError('Expected "manifest.wasm" to be array');
  const keys = ['data', 'url', 'path', 'module', 'response'];
  const bad = value.wasm.findIndex(
    (item) => typeof item !== 'object' || item === null || !keys.some((key) => key in item),
  );
  if (bad >= 0)
    throw manifestError(
      `Expected every item in "manifest.wasm" to include either a "data", "url", or "path" key; got bad item at index ${bad}`,
    );
  for (const [at, item] of value.wasm.entries())
    for (const key of ['hash', 'name'])
      if (item[key] !== undefined && item[key] !== null && typeof item[key] !== 'string')
        throw manifestError(`Expected text for manifest.wasm[${at}].${key} but received ${typeof item[key]}`);
  return { ...value, wasm: value.wasm } as Manifest;
}

/** Its options, whichever way they are written. */
export function manifestOptions(manifest: Manifest): NativeManifestOptions {
  const { memory } = manifest;
  return {
    allowedPaths: manifest.allowedPaths ?? manifest.allowed_paths,
    allowedHosts: manifest.allowedHosts ?? manifest.allowed_hosts,
    config: manifest.config,
    timeoutMs: manifest.timeoutMs ?? manifest.timeout_ms,
    memory: isRecord(memory)
      ? {
          maxPages: memory.maxPages ?? memory.max_pages,
          maxHttpResponseBytes: memory.maxHttpResponseBytes ?? memory.max_http_response_bytes,
          maxVarBytes: memory.maxVarBytes ?? memory.max_var_bytes,
        }
      : memory,
  };
}

/** Fetches and checks the bytes of all modules, and names them. */
export async function partsOf(
  manifest: Manifest,
  fetchIt: Fetch,
  hashOf: (bytes: Uint8Array) => string,
): Promise<ManifestPart[]> {
  const { wasm } = manifest;
  const parts = await Promise.all(
    wasm.map(async (item, at): Promise<ManifestPart> => {
      const bytes = await bytesOf(item, at, fetchIt);
      const hash = hashOf(bytes);
      if (item.hash && item.hash.toLowerCase() !== hash)
        throw new ExtismError(
          'ERR_EXTISM_HASH',
          `Plugin error: hash mismatch. Expected: ${item.hash}. Actual: ${hash}`,
        );
      return { name: item.name ?? (at === wasm.length - 1 ? 'main' : item.hash ? hash : String(at)), bytes, hash };
    }),
  );
  if (parts.length !== 1 && !parts.some(({ name }) => name === 'main'))
    throw new ExtismError('ERR_EXTISM_MANIFEST', 'manifest with multiple modules must designate one "main" module');
  return parts;
}

async function bytesOf(item: ManifestWasm, at: number, fetchIt: Fetch): Promise<Uint8Array> {
  if ('data' in item && item.data) {
    const { data }: { data: unknown } = item;
    if (typeof data === 'string') return Buffer.from(data, 'base64'); // as in a manifest in JSON
    if (data instanceof ArrayBuffer) return new Uint8Array(data);
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  } else if ('path' in item && item.path) {
    return await readFile(item.path);
  } else if ('url' in item && item.url) {
    const url = new URL(item.url);
    if (url.protocol === 'file:') return await readFile(url);
    const accept = 'application/wasm;q=0.9,application/octet-stream;q=0.8';
    return await bodyOf(await fetchIt(item.url, { headers: { accept } }));
  } else if ('response' in item && item.response) {
    return await bodyOf(item.response);
  } else if ('module' in item && item.module) {
    if (item.hash)
      throw new ExtismError(
        'ERR_EXTISM_MANIFEST',
        'Item specified a hash but WebAssembly.Module source data is unavailable for hashing',
      );
    throw manifestError(
      'Expected bytes, a path, a URL or a response but received a WebAssembly.Module: it is code of V8, with no way back to its bytes; give what it was compiled from',
    );
  }
  throw manifestError(`Unrecognized wasm item at index ${at}. Keys include: "${Object.keys(item).sort().join(',')}"`);
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  if (!response.ok)
    throw new ExtismError(
      'ERR_EXTISM_MANIFEST',
      `Expected a module at ${response.url} but received status ${response.status}`,
    );
  return new Uint8Array(await response.arrayBuffer());
}
