/**
 * Slots go by turns of runtimes: however many guests one has, and however often they call the host, the call of another one waits for a turn
 * and not until they have ended. (Both were so: who comes back from the host went before who begins, for ever; and each guest had a turn.)
 */
import { afterEach, expect, it } from 'vitest';
import { errorOf } from '../support/errors.js';
import { interruptible } from '../support/guests.js';
import { ModuleConfig, Runtime } from '../support/package.js';
import { slowness } from '../support/slowness.js';
import { wat } from '../support/wat.mjs';

const guest = wat(`(module (import "env" "host" (func $host))
  (func (export "quick"))
  (func (export "forever") (loop $l (br $l)))
  (func (export "host") (param $spin i32) (local $i i32)
    (loop $l
      (local.set $i (local.get $spin))
      (loop $m (br_if $m (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (call $host)
      (br $l))))`);
const anonymous = new ModuleConfig().withName('');
/** How long the others run; and how long a call may take that waits for a turn, on a machine that does other things too. */
const theirs = 5_000 * slowness;
const most = 1_500 * slowness;

const runtimes: Runtime[] = [];
afterEach(async () => {
  for (const runtime of runtimes.splice(0)) await runtime.close();
});
async function tenant() {
  const runtime = new Runtime(interruptible());
  runtimes.push(runtime);
  await runtime
    .newHostModuleBuilder('env')
    .newFunctionBuilder()
    .withFunction(() => {}, [], [])
    .export('host')
    .instantiate();
  const compiled = await runtime.compileModule(guest);
  return () => runtime.instantiateModule(compiled, anonymous);
}

it.each([
  ['400 guests that call the host all the time', 400, 'host', [600_000]],
  ['100 that compute more in between', 100, 'host', [1_500_000]],
  ['300 that never end', 300, 'forever', []],
] as const)("beside %s another runtime's calls and instantiations begin soon", async (_, guests, fn, args) => {
  const [a, b] = [await tenant(), await tenant()];
  const mine = await b();
  const quick = mine.exportedFunction('quick', [], []).withOptions({ timeoutMs: 60_000 * slowness });
  await quick.call();
  const others = await Promise.all(Array.from({ length: guests }, a));
  const began = performance.now();
  const running = others.map((module) =>
    errorOf(() =>
      module
        .exportedFunction(fn)
        ?.withOptions({ timeoutMs: theirs })
        .call(...args),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  const waited: number[] = [];
  for (let i = 0; i < 6; i++) {
    const started = performance.now();
    await (i === 3 ? b() : quick.call());
    waited.push(Math.round(performance.now() - started));
  }
  const untilThen = performance.now() - began;
  console.log(`${guests} guests, ${fn}: waited ${waited.join(', ')} ms`);
  expect(untilThen, 'the others still run').toBeLessThan(theirs);
  expect(Math.max(...waited)).toBeLessThan(most);
  // One that did not begin in time is refused, and its module stays open.
  for (const error of await Promise.all(running))
    expect(error).toMatchObject({ name: 'TimeoutError', code: expect.stringMatching(/_EXIT$|_ABORTED$/) });
});
