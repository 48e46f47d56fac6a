/** The bytes of a Response, as compileStreaming takes it: of the right type, and successful. */
export async function bytesOfResponse(source: unknown, where: string): Promise<Uint8Array> {
  const response: unknown = await source;
  if (typeof Response === 'undefined' || !(response instanceof Response))
    throw new TypeError(`${where}: Argument 0 must be a Response or a Promise of one`);
  const type = response.headers.get('Content-Type') ?? '';
  // Parameters are not allowed, by the specification.
  if (type.trim().toLowerCase() !== 'application/wasm')
    throw new TypeError(`${where}: Incorrect response MIME type. Expected 'application/wasm'.`);
  if (!response.ok) throw new TypeError(`${where}: HTTP status code is not ok`);
  if (response.bodyUsed) throw new TypeError(`${where}: the body of the Response is already used`);
  return new Uint8Array(await response.arrayBuffer());
}
