import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Handler } from './handler.mjs';

const handler = await Handler.create(await readFile(new URL('application.js', import.meta.url), 'utf8'));
const server = createServer(async ({ url }, response) => {
  const { pathname: path, searchParams } = new URL(url, 'http://localhost');
  try {
    response.end(JSON.stringify(await handler.handle({ path, query: Object.fromEntries(searchParams) })));
  } catch (error) {
    response.statusCode = error.name === 'TimeoutError' || error.code === 'ERR_WAZERO_EXIT' ? 504 : 500;
    response.end();
  }
});
await once(server.listen(Number(process.argv[2] ?? 0), '127.0.0.1'), 'listening');
const { port } = server.address();
if (process.argv[2]) console.log(`http://127.0.0.1:${port}/price?name=item7`);
else {
  // Without a port: some requests, and what came back.
  const get = async (path) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return `${answer.status} ${await answer.text()}`;
  };
  for (const path of ['/', '/price?name=item7', '/spoil', '/price?name=item7']) console.log(path, await get(path));
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => get(`/price?name=item${i}`)));
  console.log(`${new Set(many.map((text) => text.replace(/\d+/g, 'n'))).size} kind of answer to 50 requests at once`);
  server.close();
  await handler.close();
}
