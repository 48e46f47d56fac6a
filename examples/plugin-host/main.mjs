// A shop whose orders pass through plugins of five languages. `node main.mjs` starts the server, sends it orders and ends; `node main.mjs --serve 8080`
// keeps it up: curl -d '{"item":"tea","quantity":3,"city":"Oslo"}' localhost:8080/plugins/price
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { goPlugin } from './go-plugin.mjs';
import { PluginHost } from './host.mjs';
import { javaScript, quickJsBinary } from './quickjs.mjs';
import { openStore } from './store.mjs';

const deadlineMs = 500;
/** What a plugin that somebody uploads may take: 16 MiB and 2 files. */
const tenantLimits = { memoryPages: 256, openFiles: 2 };
const here = (path) => new URL(path, import.meta.url);
const portAt = process.argv.indexOf('--serve') + 1;

let host;
const server = createServer(async (request, response) => {
  const send = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  const { pathname } = new URL(request.url, 'http://localhost');
  const started = performance.now();
  try {
    const shop = /^\/shop\/([a-z]+\.json)$/.exec(pathname);
    if (shop) return send(200, await readFile(here(`./shop/${shop[1]}`)));
    const plugin = /^\/plugins\/([a-z]+)$/.exec(pathname);
    if (!plugin || !['POST', 'PUT'].includes(request.method)) return send(404, '{}');
    const body = await request.setEncoding('utf8').toArray();
    if (request.method === 'PUT') {
      // A new version, under load: who has asked already gets his answer from the old one.
      await host.load(plugin[1], await quickJs, javaScript(body.join(''), 'uploaded.js'), tenantLimits);
      return send(200, '{}');
    }
    send(200, JSON.stringify(await host.request(plugin[1], JSON.parse(body.join('')), deadlineMs)));
  } catch (error) {
    // An ExitError by deadline is the plugin's fault and ours to survive; everything else is told too.
    const stopped = error.name === 'TimeoutError';
    const message = stopped
      ? `stopped after ${Math.round(performance.now() - started)} ms (deadline ${deadlineMs} ms)`
      : String(error.message);
    send(stopped ? 504 : 502, JSON.stringify({ error: message, code: error.code }));
  }
});
await new Promise((resolve) => server.listen(portAt ? Number(process.argv[portAt]) : 0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;

const store = await openStore();
await store.set('stock/stock tea', '42');
host = await PluginHost.create({ log: console.log, store, origin });
console.log(`plugin host: engine ${host.engine}, ${origin}`);

async function load(name, language, compiled, abi) {
  const started = performance.now();
  await host.load(name, await compiled, abi);
  console.log(`loaded ${name} (${language}) in ${Math.round(performance.now() - started)} ms`);
}
const compileFile = async (path) => host.compile(await readFile(here(path)));
const script = async (file) => javaScript(await readFile(here(`./plugins/javascript/${file}`), 'utf8'), file);
await load('price', 'C', compileFile('./plugins/c/price.wasm'));
await load('receipt', 'Rust', compileFile('./plugins/rust/receipt.wasm'));
await load('label', 'AssemblyScript', compileFile('./plugins/assemblyscript/label.wasm'));
const quickJs = host.compile(await quickJsBinary()); // compiled once, a module of its own for each script
await load('coupon', 'JavaScript on QuickJS', quickJs, await script('coupon.js'));
await load('runaway', 'JavaScript on QuickJS', quickJs, await script('runaway.js'));
const names = ['runaway', 'price', 'receipt', 'label', 'coupon'];
const go = await goPlugin();
if (go) {
  await load('stock', 'Go', host.compile(go));
  names.push('stock');
} else console.log('left out: stock (Go), for there is no Go toolchain here to build it');

async function ask(name, order) {
  const started = performance.now();
  const response = await fetch(`${origin}/plugins/${name}`, { method: 'POST', body: JSON.stringify(order) });
  const answer = await response.text();
  console.log(`${name} answered ${response.status} ${answer} after ${Math.round(performance.now() - started)} ms`);
}

if (!portAt) {
  const order = { item: 'tea', quantity: 3, city: 'Oslo' };
  console.log(`order ${JSON.stringify(order)} to all plugins at once`);
  await Promise.all(names.map((name) => ask(name, order)));
  console.log('the runaway plugin again, with an order that it can answer');
  await ask('runaway', { item: 'sugar', quantity: 1, city: 'Rome' });
  console.log('a new version of the coupon plugin while it is asked');
  const before = ask('coupon', order);
  const script = 'function handle(order) { return { coupon: "HALF", percent: 50 }; }';
  await fetch(`${origin}/plugins/coupon`, { method: 'PUT', body: script });
  await before;
  await ask('coupon', order);
  console.log('and one that wants more memory than it may have');
  const greedy = 'const all = []; function handle() { for (;;) all.push(new Uint8Array(1 << 20)); }';
  await fetch(`${origin}/plugins/greedy`, { method: 'PUT', body: greedy });
  await ask('greedy', order);
  await host.close();
  await store.close();
  server.close();
  server.closeAllConnections();
}
