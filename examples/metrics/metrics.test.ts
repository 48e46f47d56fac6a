import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { wat } from '../../test/support/wat.mjs';
import { run } from '../run.js';

it('spans are in the trace of who sent the request, and the counts are those of the tenants', async () => {
  const lines = (await run(new URL('main.mjs', import.meta.url))).trimEnd().split('\n');
  const metrics = lines.filter((line) => line.startsWith('wazero_'));
  const rest = lines.slice(0, lines.length - metrics.length);
  expect(rest.slice(0, 5)).toEqual([
    'acme/price?n=3 200 30',
    'acme/work?n=1000000 200 -1801681983',
    'globex/keep?n=1000 200 -1',
    'globex/fail 502 {"code":"ERR_WAZERO_TRAP"}',
    'initech/work?n=2000000000 504 {"stopped":"cpu"}',
  ]);
  // As a tree: the sender's span, the request's, the guest's, and the host function's in it.
  expect(rest.slice(5)).toEqual([
    'instantiate host',
    'compile',
    'POST /tenants/:tenant/work acme',
    '  instantiate a guest',
    '  guest.work acme',
    'POST /tenants/:tenant/keep globex',
    '  instantiate a guest',
    '  guest.keep globex',
    'POST /tenants/:tenant/fail globex',
    '  instantiate a guest',
    '  guest.fail globex ERR_WAZERO_TRAP',
    'POST /tenants/:tenant/work initech',
    '  instantiate a guest',
    '  guest.work initech ERR_WAZERO_EXIT cpu',
    'checkout',
    '  POST /tenants/:tenant/price acme',
    '    instantiate a guest',
    '    guest.price acme',
    '      host.price acme',
  ]);
  const value = (name: string) => {
    const line = metrics.find((text) => text.startsWith(`${name} `));
    expect(line, name).toBeDefined();
    return Number(line!.slice(name.length));
  };
  const calls = (tenant: string, outcome: string) =>
    value(`wazero_tenant_calls_total{tenant="${tenant}",outcome="${outcome}"}`);
  const outcomes = ['ok', 'stopped', 'trap', 'error'];
  const all = (tenant: string) => outcomes.map((outcome) => calls(tenant, outcome));
  expect([all('acme'), all('globex'), all('initech')]).toEqual([
    [2, 0, 0, 0],
    [1, 0, 1, 0],
    [0, 1, 0, 0],
  ]);
  expect(value('wazero_tenant_cpu_seconds_total{tenant="acme"}')).toBeGreaterThan(0);
  expect(value('wazero_tenant_cpu_seconds_total{tenant="initech"}')).toBeGreaterThanOrEqual(0.25); // its cpuTimeMs
  expect(value('wazero_tenant_memory_peak_bytes{tenant="globex"}')).toBe(65_536);
});

it('plugin.wasm is what plugin.wat says', () => {
  const file = (name: string) => readFileSync(new URL(name, import.meta.url));
  expect(file('plugin.wasm').equals(wat(file('plugin.wat').toString()))).toBe(true);
});
