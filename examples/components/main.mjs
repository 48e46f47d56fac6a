import { loadComponent } from 'node-wazero/components';
import { machineCode, suspending, transpiled } from './transpile.mjs';
import { Exit, sandbox } from './wasi.mjs';

const options = { timeoutMs: 1_000, limits: { memoryPages: 256 }, cache: machineCode }; // 16 MiB

// A world of our own: records, lists, results and variants cross, and an interface of the host.
const receipt = await loadComponent(await transpiled('receipt', { instantiation: 'sync' }), options);
const prices = new Map(Object.entries({ tea: 250n, scone: 375n, gold: 1n << 63n }));
const fresh = () => receipt.instantiate({ 'shop:receipt/prices': { of: (item) => prices.get(item) } });

const order = (...lines) => lines.map(([count, item]) => ({ count, item }));
const { print } = await fresh();
const { text, total } = print(order([2, 'tea'], [1, 'scone']));
console.log(`${text}${total} cents`);
for (const lines of [order([1, 'unicorn']), order([2, 'gold'])]) {
  try {
    print(lines);
  } catch ({ tag, val }) {
    console.log(`refused: ${tag}${val ? ` ${val}` : ''}`);
  }
}
for (const name of ['neverEnd', 'takeAll']) {
  const plugin = await fresh();
  try {
    plugin[name]();
  } catch (error) {
    console.log(`${name}: ${error.cause?.reason ?? error.cause?.kind ?? error.message}`);
  }
}
await receipt.close();

// A command of WASI 0.2, off the JS thread: the event loop turns while it computes or sleeps.
const report = await loadComponent(await transpiled('report', suspending), options);
let turns = 0;
const turning = setInterval(() => turns++, 10);

async function run(args, given) {
  const host = sandbox({ args: ['report', ...args], ...given });
  turns = 0;
  let ended = 'ok';
  try {
    const command = await report.instantiate(host.imports);
    await command.run.run();
  } catch (error) {
    if (error instanceof Exit) ended = error.message;
    else ended = error instanceof Error ? (error.cause?.reason ?? error.message) : 'failed';
  }
  host.close();
  const waits = args[0] === 'sleep' || args[0] === 'spin';
  const said = [host.stdout(), host.stderr()].join('').trimEnd().slice(0, 400);
  console.log(
    `${args[0]}: ${ended}${waits && turns > 3 ? ', the event loop turned' : ''}\n${said.replace(/^(?=.)/gm, '  ')}`,
  );
  return host;
}
const host = await run(['count'], {
  stdin: 'a rose is a rose',
  env: { CUSTOMER: 'Ada' },
  files: { '/work': { 'in.txt': '' } },
});
console.log(`count.txt: ${host.file('/work', 'count.txt').trim()}`);
await run(['look'], { env: { ONLY: 'this' }, files: { '/work': {} } });
await run(['sleep', '250']);
await run(['sleep', '3600000']);
await run(['spin']);
await run(['flood'], { maxOutputBytes: 0 });
await run(['nonsense']);

clearInterval(turning);
await report.close();
