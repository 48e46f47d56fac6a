/** Groups of very many linked modules: what is done to one of them does not look at all the others. */
import { expect, it } from 'vitest';
import { interruptible } from '../support/guests.js';
import { type Module, ModuleConfig, Runtime } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const library = wat('(module (func (export "f")))');
const user = wat('(module (import "lib" "f" (func $f)) (memory 1) (export "g" (func $f)))');
const anonymous = new ModuleConfig().withName('');

/** What the calls and the closes of `n` linked modules take, and the instantiations behind a queue. */
async function linked(n: number) {
  const runtime = new Runtime(interruptible());
  await runtime.instantiate(library, new ModuleConfig().withName('lib'));
  const compiled = await runtime.compileModule(user);
  const modules: Module[] = [];
  for (let i = 0; i < n; i++) modules.push(runtime.instantiateModuleSync(compiled, anonymous));
  // Of processors and not of the clock: other processes want them, too.
  const timed = async (work: () => unknown) => {
    const began = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e3;
  };
  const g = modules[0]!.exportedFunction('g', [], []).withOptions({ timeoutMs: 60_000 }); // through Go
  g.callSync();
  const calls = await timed(() => {
    for (let i = 0; i < 2_000; i++) g.callSync();
  });
  const queued = modules.slice(0, 2_000).map((module) =>
    module
      .exportedFunction('g')!
      .call()
      .catch(() => 0),
  );
  const closes = await timed(() => runtime.close());
  await Promise.all(queued);
  return { callMs: calls / 2_000, closeMs: closes / n };
}

it('10,000 of them: a call and a close take what they take among 500', async () => {
  await linked(100);
  const few = await linked(500);
  const many = await linked(10_000);
  console.log(
    `a call ${(few.callMs * 1e3).toFixed(1)} and ${(many.callMs * 1e3).toFixed(1)} µs, a close ${(few.closeMs * 1e3).toFixed(1)} and ${(many.closeMs * 1e3).toFixed(1)} µs`,
  );
  // Quadratic would be twenty times as long, and more than 100 µs for each.
  expect(many.callMs).toBeLessThan(5 * few.callMs + 0.02);
  expect(many.closeMs).toBeLessThan(5 * few.closeMs + 0.1);
});

it('20 instantiations behind 50,000 queued calls', async () => {
  const runtime = new Runtime(interruptible());
  const lib = await runtime.instantiate(library, new ModuleConfig().withName('lib'));
  const compiled = await runtime.compileModule(user);
  const f = lib.exportedFunction('f', [], []);
  const order: string[] = [];
  const time = async (instances: number) => {
    const calls = Array.from({ length: 50_000 }, () => f.call());
    const began = performance.now();
    const made = Array.from({ length: instances }, () => runtime.instantiateModule(compiled, anonymous));
    const asked = performance.now() - began; // on the JS thread
    void calls.at(-1)!.then(() => order.push('calls'));
    void made[0]?.then(() => order.push('instances'));
    await Promise.all([...calls, ...made]);
    return asked;
  };
  const asked = await time(20);
  console.log(`20 instantiations behind 50,000 calls: ${asked.toFixed(0)} ms of the JS thread`);
  expect(order).toEqual(['calls', 'instances']);
  expect(asked).toBeLessThan(200);
  await runtime.close();
});
