// Tenants beside each other: short calls of one beside endless guests of another, shares by weight, budgets, and whether what is counted is what the processor has run.
import { setTimeout as sleep } from 'node:timers/promises';
import { ModuleConfig, Runtime, RuntimeConfig, Tenant } from '../../dist/index.js';
import { emit, guest, quantile, quick } from '../measure.mjs';

const group = 'Tenants';
const binary = guest('tenants.wat');
const settleMs = quick ? 300 : 1_000;
const seconds = quick ? 3 : 5;

async function world() {
  const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  await runtime.hostModule('env', { nothing: [[], [], () => {}] });
  const compiled = await runtime.compileModule(binary);
  const make = (tenant) => runtime.instantiateModule(compiled, new ModuleConfig().withName('').withTenant(tenant));
  /** So many guests of the tenant that go on until the runtime is closed. */
  const crowd = async (tenant, name, count) => {
    const guests = []; // all before the first begins: instantiations wait for their turns, too
    for (let i = 0; i < count; i++) guests.push((await make(tenant)).exportedFunction(name));
    for (const guest of guests) guest.call().catch(() => {});
  };
  const close = async (...tenants) => {
    await runtime.close();
    for (const tenant of tenants) await tenant.close();
  };
  return { make, crowd, close };
}

/** Milliseconds of short calls with a deadline, one after another, the last but one in a hundred of them. */
async function p99(work, count) {
  const each = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await work.call(1_000);
    each.push(performance.now() - began);
    await sleep(1);
  }
  return quantile(each, 0.99);
}
for (const [row, name, count] of [
  ['p99 of short calls beside 1,000 endless guests of another tenant', 'forever', 1_000],
  ['p99 of short calls beside 400 guests of another tenant that call the host without pause', 'ask', 400],
]) {
  const { make, crowd, close } = await world();
  const [a, b] = [new Tenant('A'), new Tenant('B')];
  const work = (await make(b)).exportedFunction('work').withOptions({ timeoutMs: 5_000 });
  const calls = quick ? 100 : 500;
  await p99(work, calls);
  const alone = await p99(work, calls);
  await crowd(a, name, count);
  await sleep(settleMs);
  const beside = await p99(work, calls);
  emit({ group, row, unit: 'ms', ours: beside, peer: alone, against: 'it alone', bar: 2 });
  emit({ group, row: `${row}, as such`, unit: 'ms', ours: beside, bar: 25, absolute: true });
  await close(a, b);
}

{
  const { crowd, close } = await world();
  const [a, b] = [new Tenant('A', { weight: 3 }), new Tenant('B')];
  await crowd(a, 'forever', 8);
  await crowd(b, 'forever', 8);
  await sleep(settleMs);
  const before = [a.usage().cpuMs, b.usage().cpuMs];
  await sleep(1_000 * seconds);
  const share = (a.usage().cpuMs - before[0]) / (b.usage().cpuMs - before[1]);
  emit({
    group,
    row: 'CPU of weight 3 beside weight 1, both endless: how far from 3 : 1',
    unit: '%',
    ours: 100 * Math.abs(share / 3 - 1),
    bar: 5,
    absolute: true,
  });
  await close(a, b);
}

// In each lane by itself: endless guests; short calls of `call`, which threads of C++ enter; callSync. Each begins, and gives what lets so many
// milliseconds pass.
const lanes = {
  'endless guests': async ({ crowd }, tenant) => {
    await crowd(tenant, 'forever', 4);
    return sleep;
  },
  'calls of a hundred microseconds': async ({ make }, tenant) => {
    for (let i = 0; i < 4; i++) {
      const work = (await make(tenant)).exportedFunction('work');
      const goOn = () => work.call(100_000).then(goOn, () => {}); // until the runtime is closed
      goOn();
    }
    return sleep;
  },
  callSync: async ({ make }, tenant) => {
    const work = (await make(tenant)).exportedFunction('work');
    return (ms) => {
      for (const end = performance.now() + ms; performance.now() < end; ) work.callSync(100_000);
    };
  },
};
for (const [lane, begin] of Object.entries(lanes)) {
  const there = await world();
  const tenant = new Tenant('budget', { cpuMsPerSecond: 200 });
  const pass = await begin(there, tenant);
  await pass(1_500); // the first second's is used at once
  const [before, began] = [tenant.usage().cpuMs, performance.now()];
  await pass(1_000 * seconds);
  const rate = (1_000 * (tenant.usage().cpuMs - before)) / (performance.now() - began);
  emit({
    group,
    row: `cpuMsPerSecond: 200, ${lane}: how far from it`,
    unit: '%',
    ours: 100 * Math.abs(rate / 200 - 1),
    bar: 5,
    absolute: true,
  });
  await there.close(tenant);
}

{
  const { crowd, close } = await world();
  const tenants = [new Tenant('A'), new Tenant('B')];
  for (const tenant of tenants) await crowd(tenant, 'forever', 4);
  await sleep(settleMs);
  const counted = () => tenants.reduce((sum, tenant) => sum + tenant.usage().cpuMs, 0);
  const [before, processor] = [counted(), process.cpuUsage()];
  await sleep(1_000 * seconds);
  const { user, system } = process.cpuUsage(processor);
  const ran = counted() - before;
  emit({
    group,
    row: "sum of tenants' cpuMs: how far from what the process has run",
    unit: '%',
    ours: 100 * Math.abs(ran / ((user + system) / 1_000) - 1),
    bar: 3,
    absolute: true,
    note: 'time of the processor, also where other programs run',
  });
  await close(...tenants);
}
process.exit(0);
