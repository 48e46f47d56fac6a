// What Prometheus asks for: of each tenant what node-wazero has counted, read when somebody asks.
import { availableParallelism } from 'node:os';
import { Tenant } from 'node-wazero';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** Calls by how they ended; those that run have no outcome yet. */
function outcomes({ calls, runningCalls, failedCalls, stoppedCalls, traps }) {
  const trap = Math.min(traps, failedCalls - stoppedCalls); // those of start functions belong to no call
  return {
    ok: calls - runningCalls - failedCalls,
    stopped: stoppedCalls,
    trap,
    error: failedCalls - stoppedCalls - trap,
  };
}

export function tenantMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry }); // of the process: event loop, heap, CPU
  const make = (Kind, name, help, ...labels) =>
    new Kind({ name: `wazero_${name}`, help, labelNames: labels, registers: [registry] });
  const ofTenant = (Kind, name, help, ...labels) => make(Kind, `tenant_${name}`, help, 'tenant', ...labels);

  const cpu = ofTenant(Counter, 'cpu_seconds_total', 'What its guests ran.');
  const waited = ofTenant(
    Counter,
    'waited_seconds_total',
    'What its calls waited for a processor or for their budget.',
  );
  const calls = ofTenant(Counter, 'calls_total', 'Calls that have ended, by how.', 'outcome');
  const hostCalls = ofTenant(Counter, 'host_calls_total', 'Calls of host functions.');
  const memory = ofTenant(Gauge, 'memory_bytes', 'Linear memories, now.');
  const peak = ofTenant(Gauge, 'memory_peak_bytes', 'The most that they were.');
  const instances = ofTenant(Gauge, 'instances', 'Modules that are open.');
  const running = ofTenant(Gauge, 'calls_running', 'Calls that run, or wait inside a host function.');
  const waiting = ofTenant(Gauge, 'calls_waiting', 'Calls that wait.');
  const throttled = ofTenant(Gauge, 'throttled', '1 while calls wait and its budget of this second is used up.');
  const limits = ofTenant(Gauge, 'limit', 'Its limits, those that it has.', 'limit');
  const all = [cpu, waited, calls, hostCalls, memory, peak, instances, running, waiting, throttled, limits];
  const processors = make(Gauge, 'processors', 'Guests that may run at once.');
  processors.set(availableParallelism());

  /** What a tenant had used when somebody asked last. */
  let before = new Map();
  return {
    contentType: registry.contentType,
    /** All of it, in Prometheus' text format. */
    text() {
      for (const metric of all) metric.reset(); // tenants that are closed are gone
      const seen = new Map();
      for (const { name: tenant, limits: most, usage } of Tenant.list().map(read)) {
        const { at, cpuMs } = before.get(tenant) ?? { at: 0, cpuMs: 0 };
        const now = performance.now();
        seen.set(tenant, { at: now, cpuMs: usage.cpuMs });
        const rate = (1_000 * (usage.cpuMs - cpuMs)) / (now - at);
        cpu.inc({ tenant }, usage.cpuMs / 1_000);
        waited.inc({ tenant }, usage.waitedMs / 1_000);
        hostCalls.inc({ tenant }, usage.hostCalls);
        for (const [outcome, count] of Object.entries(outcomes(usage)))
          calls.inc({ tenant, outcome }, Math.max(0, count));
        memory.set({ tenant }, usage.memoryBytes);
        peak.set({ tenant }, usage.peakMemoryBytes);
        instances.set({ tenant }, usage.instances);
        running.set({ tenant }, usage.runningCalls);
        waiting.set({ tenant }, usage.waitingCalls);
        throttled.set({ tenant }, usage.waitingCalls > 0 && rate > 0.9 * (most.cpuMsPerSecond ?? Infinity) ? 1 : 0);
        for (const [limit, value] of Object.entries(most)) limits.set({ tenant, limit }, value);
      }
      before = seen;
      return registry.metrics();
    },
  };
}
const read = (tenant) => ({ name: tenant.name, limits: tenant.limits, usage: tenant.usage() });
