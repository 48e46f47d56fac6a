// A call in a link group of many modules beside one in a group of few: nothing is done for each of the others.
import { ModuleConfig, Runtime, RuntimeConfig } from '../../dist/index.js';
import { wat } from '../../test/support/wat.mjs';
import { compare, own, quick, timeAsync } from '../measure.mjs';

const group = 'Calls with deadlines, and many calls';
const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
await runtime.hostModule('env', { later: [[], [], () => new Promise((resolve) => setImmediate(resolve))] });
const owner = await runtime.compileModule(wat('(module (func (export "f")))'));
const user = await runtime.compileModule(
  wat(`(module (import "owner" "f" (func $f)) (import "env" "later" (func $later))
    (func (export "run") call $f) (func (export "wait") call $later))`),
);
/** One of so many modules that import from the same one. */
async function among(count) {
  const f = await runtime.instantiateModule(owner, new ModuleConfig().withName(''));
  const options = { importResolver: (name) => (name === 'owner' ? f : undefined) };
  const make = () => runtime.instantiateModuleSync(user, new ModuleConfig().withName(''), options);
  const first = make();
  const others = Array.from({ length: count - 2 }, make);
  return { first, all: [f, first, ...others] };
}
const count = quick ? 1_000 : 10_000;
const [few, many] = [await among(10), await among(count)];
const of = (world, name) => world.first.exportedFunction(name);
const times = quick ? 300 : 3000;
const direct = (world) => own('f.callSync()', { f: of(world, 'run') });
const [fewDirect, manyDirect] = [direct(few), direct(many)];
const rows = [
  ['callSync', () => manyDirect(100 * times), () => fewDirect(100 * times)],
  ['call, one at a time', ...[many, few].map((world) => () => timeAsync(() => of(world, 'run').call(), times))],
  [
    'call with an asynchronous host call',
    ...[many, few].map((world) => () => timeAsync(() => of(world, 'wait').call(), times)),
  ],
];
for (const [what, ours, peer] of rows)
  await compare({
    group,
    row: `${what}, in a link group of ${count.toLocaleString('en')} modules`,
    against: 'in a group of 10',
    bar: 1.2,
    ours,
    peer,
  });
await runtime.close();
