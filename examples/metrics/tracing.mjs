// Spans of OpenTelemetry from the tracing channels of node-wazero. A call is a child of whatever made it, an HTTP request say, and a host function one of
// its call; what that does in turn (a query, a fetch) is a child of the host function, if it is instrumented.
import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** OpenTelemetry's context, in a store that the channels can be bound to: NodeTracerProvider.register({ contextManager }). */
export class Contexts {
  storage = new AsyncLocalStorage();
  active() {
    return this.storage.getStore() ?? ROOT_CONTEXT;
  }
  with(active, fn, thisArg, ...args) {
    return this.storage.run(active, () => fn.apply(thisArg, args));
  }
  bind(active, target) {
    return typeof target === 'function' ? (...args) => this.with(active, target, undefined, ...args) : target;
  }
  enable() {
    return this;
  }
  disable() {
    this.storage.disable();
    return this;
  }
}

const named = ({ module, function: name }) => `${module || 'guest'}.${name}`;
/** What a span is called, of whom it is, and what is known of it at its end. */
const channels = {
  call: {
    kind: SpanKind.INTERNAL,
    name: named,
    ended: ({ ranMs, waitedMs, memoryBytes }) => ({
      'wazero.ran_ms': ranMs,
      'wazero.waited_ms': waitedMs,
      'wazero.memory_bytes': memoryBytes,
    }),
  },
  host: { kind: SpanKind.CLIENT, name: named, ended: () => ({}) },
  compile: {
    kind: SpanKind.INTERNAL,
    name: () => 'compile',
    ended: ({ byteLength }) => ({ 'wazero.bytes': byteLength }),
  },
  instantiate: {
    kind: SpanKind.INTERNAL,
    name: ({ module }) => `instantiate ${module || 'a guest'}`,
    ended: () => ({}),
  },
};
const isPromise = (value) => typeof value?.then === 'function';

export function traceGuests(contexts) {
  const tracer = trace.getTracer('node-wazero');
  for (const [channel, { kind, name, ended }] of Object.entries(channels)) {
    const spans = new WeakMap();
    const end = (message) => {
      const span = spans.get(message);
      if (!span) return;
      spans.delete(message);
      span.setAttributes(ended(message));
      if ('error' in message) {
        const { error } = message;
        span.recordException(error);
        span.setStatus({ code: SpanStatusCode.ERROR, message: String(error?.message ?? error) });
        if (error?.code) span.setAttribute('wazero.code', error.code); // ERR_WAZERO_TRAP, ...
        if (error?.reason) span.setAttribute('wazero.reason', error.reason); // 'cpu', 'timeout', ...
      }
      span.end();
    };
    const { start, end: returned, asyncEnd } = tracingChannel(`wazero:${channel}`);
    // What runs between the start and the end of it has the new span as its parent.
    start.bindStore(contexts.storage, (message) => {
      const tenant = message.context?.tenant;
      const span = tracer.startSpan(name(message), { kind, attributes: tenant ? { 'wazero.tenant': tenant } : {} });
      spans.set(message, span);
      return trace.setSpan(context.active(), span);
    });
    returned.subscribe((message) => {
      if ('error' in message || ('result' in message && !isPromise(message.result))) end(message);
    });
    asyncEnd.subscribe(end);
  }
}
