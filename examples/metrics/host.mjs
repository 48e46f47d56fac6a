// A plugin host behind HTTP: POST /tenants/acme/price?n=3 calls `price(3)` of that tenant's plugin. GET /metrics, and / is the dashboard.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { ModuleConfig, Runtime, RuntimeConfig, Tenant } from 'node-wazero';
import { tenantMetrics } from './metrics.mjs';

const file = (name) => readFile(new URL(name, import.meta.url));
const functions = new Set(['price', 'work', 'keep', 'fail']);

export class Host {
  #runtime = new Runtime(RuntimeConfig.untrusted());
  #tenants = new Map();
  #metrics = tenantMetrics();
  #tracer = trace.getTracer('plugin-host');
  #compiled;
  #server;

  /** `tenants`: the limits of each, by name. */
  static async start(tenants, port = 0) {
    const host = new Host();
    await host.#runtime.hostModule('host', {
      // A database, say.
      price: [['i32'], ['i32'], async (quantity) => setTimeout(5, quantity > 10 ? 9 : 10)],
    });
    host.#compiled = await host.#runtime.compileModule(await file('plugin.wasm'));
    for (const [name, limits] of Object.entries(tenants)) host.#tenants.set(name, new Tenant(name, limits));
    host.#server = createServer((request, response) => host.#answer(request, response));
    await once(host.#server.listen(port, '127.0.0.1'), 'listening');
    host.url = `http://127.0.0.1:${host.#server.address().port}`;
    return host;
  }

  async #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const send = (status, type, body) => response.writeHead(status, { 'content-type': type }).end(body);
    try {
      if (pathname === '/') return send(200, 'text/html; charset=utf-8', await file('dashboard.html'));
      if (pathname === '/metrics') return send(200, this.#metrics.contentType, await this.#metrics.text());
      const [, tenant, name] = /^\/tenants\/([^/]+)\/(\w+)$/.exec(pathname) ?? [];
      if (!this.#tenants.has(tenant) || !functions.has(name)) return send(404, 'application/json', '{}');
      const { status, body } = await this.#traced(request, tenant, name, Number(searchParams.get('n') ?? 1));
      send(status, 'application/json', JSON.stringify(body));
    } catch (error) {
      console.error(error);
      if (!response.headersSent) send(500, 'application/json', '{}');
    }
  }

  /** A span for the request, in the trace of who sent it (traceparent), around all that it does. */
  #traced(request, tenant, name, n) {
    const sender = propagation.extract(context.active(), request.headers);
    const options = { kind: SpanKind.SERVER, attributes: { 'wazero.tenant': tenant } };
    return this.#tracer.startActiveSpan(`${request.method} /tenants/:tenant/${name}`, options, sender, async (span) => {
      const answer = await this.#call(tenant, name, n);
      span.setAttribute('http.response.status_code', answer.status);
      if (answer.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      return answer;
    });
  }

  /** Each request has an instance of its own. */
  async #call(tenant, name, n) {
    try {
      const config = new ModuleConfig().withName('').withTenant(this.#tenants.get(tenant));
      const module = await this.#runtime.instantiateModule(this.#compiled, config, { context: { tenant } });
      try {
        const options = { cpuTimeMs: 250, timeoutMs: 5_000, context: { tenant } };
        return { status: 200, body: await module.exportedFunction(name).withOptions(options).call(n) };
      } finally {
        await module.close();
      }
    } catch ({ code, reason, limit }) {
      if (code === 'ERR_WAZERO_EXIT' || code === 'ERR_WAZERO_ABORTED')
        return { status: 504, body: { stopped: reason ?? 'waited' } };
      if (code === 'ERR_WAZERO_LIMIT') return { status: 429, body: { limit } };
      return { status: 502, body: { code } };
    }
  }

  async close() {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.#runtime.close();
    for (const tenant of this.#tenants.values()) await tenant.close();
  }
}
