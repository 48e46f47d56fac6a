/** experimental.profile: what guests do, in each lane and on both engines, read by the parser of Chrome's DevTools. */
import { readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { CPUProfileDataModel as DevTools } from '@paulirish/trace_engine/models/cpu_profile/cpu_profile.js';
import { expect, it } from 'vitest';
import { hasEdit, needsEdit } from '../support/edits.js';
import { errorOf } from '../support/errors.js';
import { closedAfterEach, interruptible } from '../support/guests.js';
import { experimental, type Module, ModuleConfig, Runtime, RuntimeConfig, Tenant } from '../support/package.js';
import { wat } from '../support/wat.mjs';

const test = needsEdit('e12profile');
const runtimes = closedAfterEach();
const hot = readFileSync(new URL('../fixtures/guests/hot.wasm', import.meta.url));
type Profile = Required<Profiler.Profile> & { nodes: { hitCount: number }[] };

/** Samples by function, those of callees not counted. */
function own(profile: Profile): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { callFrame, hitCount } of profile.nodes)
    counts.set(callFrame.functionName, (counts.get(callFrame.functionName) ?? 0) + hitCount);
  return counts;
}
/** Whoever reads it can rely on that. */
function checkShape(profile: Profile): void {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  expect(byId.size).toBe(profile.nodes.length);
  const children = profile.nodes.flatMap((node) => node.children ?? []);
  expect(new Set(children).size).toBe(profile.nodes.length - 1); // a tree
  expect(profile.samples.length).toBe(profile.timeDeltas.length);
  for (const id of profile.samples) expect(byId.has(id)).toBe(true);
  const sum = profile.timeDeltas.reduce((total, delta) => total + delta, 0);
  expect(profile.endTime - profile.startTime).toBe(sum);
  for (const node of profile.nodes) expect(profile.samples.filter((id) => id === node.id).length).toBe(node.hitCount);
}
/** Until there are samples enough: a busy machine takes longer. */
async function profiled(target: Module | Runtime | Tenant, work: () => unknown, enough: (profile: Profile) => boolean) {
  for (;;) {
    const taken = experimental.profile(target);
    await work();
    const profile = (await taken.stop()) as Profile;
    checkShape(profile);
    if (enough(profile)) return profile;
  }
}
const count = (profile: Profile, name: string) => own(profile).get(name) ?? 0;

for (const engine of ['compiler', 'interpreter'] as const)
  for (const lane of ['callSync', 'call'] as const)
    test(`the hot function of a C guest, at its line (${engine}, ${lane})`, async () => {
      const runtime = new Runtime(interruptible(engine));
      runtimes.push(runtime);
      const module = await runtime.instantiate(hot);
      const run = module.exportedFunction('run')!;
      for (let i = 0; i < 4; i++) await run[lane](1); // as those that C++ enters
      const rounds = engine === 'compiler' ? 30_000_000 : 700_000;
      const profile = await profiled(
        module,
        () => run[lane](rounds),
        (p) => count(p, '.hot') >= 20,
      );
      expect(count(profile, '.hot')).toBeGreaterThan(5 * count(profile, '.cold'));
      const node = profile.nodes.find(({ callFrame }) => callFrame.functionName === '.hot')!;
      expect(node.callFrame).toMatchObject({ url: '/src/hot.c', lineNumber: 6 }); // from 0: what is first in it
      expect(node.positionTicks!.every(({ line }) => line >= 7 && line <= 9)).toBe(true);
      const callers = profile.nodes.filter(({ children }) => children?.includes(node.id));
      expect(callers.map(({ callFrame }) => callFrame.functionName)).toEqual(['.run']);

      const model = new DevTools.CPUProfileDataModel(JSON.parse(JSON.stringify(profile)));
      const times = new Map<string, number>();
      const visit = (at: { functionName: string; self: number; children: unknown[] }) => {
        times.set(at.functionName, (times.get(at.functionName) ?? 0) + at.self);
        for (const child of at.children) visit(child as typeof at);
      };
      visit(model.profileHead as never);
      const longest = [...times].filter(([name]) => name.startsWith('.')).sort(([, a], [, b]) => b - a);
      expect(longest[0]![0]).toBe('.hot');
      expect(model.totalHitCount).toBe(profile.samples.length);
    });

const asking = `(module $guest (import "env" "spin" (func $spin)) (import "env" "later" (func $later))
  (func $outer (call $spin)) (func (export "spins") (call $outer))
  (func (export "waits") (call $later)))`;
for (const engine of ['compiler', 'interpreter'] as const)
  test(`host functions, and waiting (${engine})`, async () => {
    const runtime = new Runtime(interruptible(engine));
    runtimes.push(runtime);
    const spin = () => {
      for (const end = performance.now() + 30; performance.now() < end; );
    };
    await runtime
      .newHostModuleBuilder('env')
      .newFunctionBuilder()
      .withFunction(spin, [], [])
      .export('spin')
      .newFunctionBuilder()
      .withFunction(() => new Promise<void>((resolve) => setTimeout(resolve, 30)), [], [])
      .export('later')
      .instantiate();
    const module = await runtime.instantiate(wat(asking));
    for (let i = 0; i < 5; i++) {
      const f = module.exportedFunction('spins')!;
      const profile = await profiled(
        runtime,
        () => f.callSync(),
        (p) => count(p, 'env.spin') >= 10,
      );
      const spun = profile.nodes.find(({ callFrame }) => callFrame.functionName === 'env.spin')!;
      const callers = profile.nodes.filter(({ children }) => children?.includes(spun.id));
      expect(callers[0]!.callFrame.functionName).toBe('guest.outer');
    }
    const waits = module.exportedFunction('waits')!;
    await profiled(
      runtime,
      () => waits.call(),
      (p) => count(p, '(waiting)') >= 10,
    );
  });

test('a tenant has its own modules; nothing else is sampled, and then it is idle', async () => {
  const tenant = new Tenant('profiled');
  const runtime = new Runtime(interruptible());
  runtimes.push(runtime);
  const compiled = await runtime.compileModule(hot);
  const its = await runtime.instantiateModule(compiled, new ModuleConfig().withName('').withTenant(tenant));
  const other = await runtime.instantiateModule(compiled, new ModuleConfig().withName(''));
  const work = (module: Module) => module.exportedFunction('run')!.callSync(20_000_000);
  const profile = await profiled(
    tenant,
    () => work(its),
    (p) => count(p, '.hot') >= 10,
  );
  expect(count(profile, '.hot')).toBeGreaterThan(0);
  for (const target of [tenant, its]) {
    const none = await profiled(
      target,
      () => work(other),
      (p) => p.samples.length >= 10,
    );
    expect([...own(none).keys()].sort()).toEqual(['(idle)', '(root)']);
  }
  await tenant.close();
});

test('what cannot be profiled, and when', async () => {
  const runtime = new Runtime(interruptible());
  runtimes.push(runtime);
  const module = await runtime.instantiate(hot);
  for (const target of [undefined, {}, 1]) expect(() => experimental.profile(target as never)).toThrow(TypeError);
  for (const intervalMs of [0, -1, Number.NaN, 60_001])
    expect(() => experimental.profile(module, { intervalMs })).toThrow(RangeError);
  expect(() => experimental.profile(module, { intervalMs: '1' as never })).toThrow(TypeError);
  const one = experimental.profile(module, { intervalMs: 5 });
  expect(() => experimental.profile(runtime)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_BUSY' }));
  await module.close(); // in the middle of it
  const profile = await one.stop();
  expect(await one.stop()).toBe(profile);
  expect(await errorOf(() => experimental.profile(module))).toMatchObject({ code: 'ERR_WAZERO_CLOSED' });
  const blind = new Runtime(new RuntimeConfig());
  runtimes.push(blind);
  expect(() => experimental.profile(blind)).toThrow(expect.objectContaining({ code: 'ERR_WAZERO_NOT_INTERRUPTIBLE' }));
});

test('a Worker that ends in the middle of its profile leaves the next one free', async () => {
  const code = `import { experimental, Runtime, RuntimeConfig } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
    experimental.profile(new Runtime(new RuntimeConfig().withCloseOnContextDone(true)));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  await new Promise((resolve) => worker.once('exit', resolve));
  const runtime = new Runtime(interruptible());
  runtimes.push(runtime);
  let taken: ReturnType<typeof experimental.profile> | undefined;
  await expect.poll(() => (taken = experimental.profile(runtime))).toBeDefined();
  await taken!.stop();
});

it('the engine has the edit', () => expect(typeof hasEdit('e12profile')).toBe('boolean'));
