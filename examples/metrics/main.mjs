// node examples/metrics/main.mjs: some requests, the spans that they made and what was counted. With a port: a server that stays, with its dashboard at /, and traffic.
import { propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Host } from './host.mjs';
import { Contexts, traceGuests } from './tracing.mjs';
import { traffic } from './traffic.mjs';

const spans = new InMemorySpanExporter(); // in earnest: @opentelemetry/exporter-trace-otlp-http, and a BatchSpanProcessor
const contextManager = new Contexts();
const provider = new NodeTracerProvider({ spanProcessors: process.argv[2] ? [] : [new SimpleSpanProcessor(spans)] });
provider.register({ contextManager });
traceGuests(contextManager);

const tenants = {
  acme: { memoryBytes: 64 * 2 ** 20, concurrentCalls: 64, weight: 3 },
  globex: { memoryBytes: 32 * 2 ** 20, cpuMsPerSecond: 400, concurrentCalls: 8 },
  initech: { memoryBytes: 16 * 2 ** 20, cpuMsPerSecond: 150, concurrentCalls: 4, queuedCalls: 8 },
};
const host = await Host.start(tenants, Number(process.argv[2] ?? 0));
if (process.argv[2]) {
  console.log(host.url);
  traffic(host.url);
} else {
  const ask = async (path, headers = {}) => {
    const answer = await fetch(`${host.url}/tenants/${path}`, { method: 'POST', headers });
    console.log(path, answer.status, await answer.text());
  };
  const sender = trace.getTracer('sender').startSpan('checkout');
  const headers = {};
  propagation.inject(trace.setSpan(contextManager.active(), sender), headers);
  await ask('acme/price?n=3', headers);
  await ask('acme/work?n=1000000');
  await ask('globex/keep?n=1000'); // of pages, over its limit: -1
  await ask('globex/fail');
  await ask('initech/work?n=2000000000');
  sender.end();

  const all = spans.getFinishedSpans();
  const print = (span, depth) => {
    const { 'wazero.tenant': tenant, 'wazero.code': code, 'wazero.reason': reason } = span.attributes;
    console.log(`${'  '.repeat(depth)}${[span.name, tenant, code, reason].filter(Boolean).join(' ')}`);
    const id = span.spanContext().spanId;
    for (const child of all) if (child.parentSpanContext?.spanId === id) print(child, depth + 1);
  };
  for (const span of all) if (!span.parentSpanContext) print(span, 0);

  const metrics = await (await fetch(`${host.url}/metrics`)).text();
  for (const line of metrics.split('\n'))
    if (/^wazero_tenant_(calls_total|memory_peak|cpu)/.test(line)) console.log(line);
  await host.close();
}
