import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';

export const queueName = 'plugins';

/** Who asks: puts jobs into the queue, and gets each one's answer, whichever host it comes from. */
export class Asker {
  #connections;
  #queue;
  #events;

  constructor(redis) {
    this.#connections = [new Redis(redis), new Redis(redis, { maxRetriesPerRequest: null })]; // events are waited for on one of their own
    this.#queue = new Queue(queueName, { connection: this.#connections[0] });
    this.#events = new QueueEvents(queueName, { connection: this.#connections[1] });
    for (const emitter of [this.#queue, this.#events]) emitter.setMaxListeners(0); // each job that is waited for has some
  }

  /** For who wants to see more of it: `events.on('completed', ...)`, `queue.getJob(id)`. */
  get events() {
    return this.#events;
  }
  get queue() {
    return this.#queue;
  }

  ready() {
    return this.#events.waitUntilReady();
  }

  /** The answer, or an error with what the plugin failed of. A `jobId` that is given twice is one job. */
  async ask(tenant, plugin, input, { jobId, waitMs = 60_000 } = {}) {
    const job = await this.#queue.add(
      plugin,
      { tenant, plugin, input },
      {
        jobId,
        attempts: 3, // for what did not run (host.mjs says which); what failed by itself has one
        backoff: { type: 'exponential', delay: 200 },
        removeOnComplete: { age: 3_600 },
        removeOnFail: { age: 24 * 3_600 },
      },
    );
    return job.waitUntilFinished(this.#events, waitMs);
  }

  async close() {
    await this.#events.close();
    await this.#queue.close();
    for (const connection of this.#connections) connection.disconnect();
  }
}
