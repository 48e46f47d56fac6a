// One host process: REDIS=redis://... DIRECTORY=... node host.mjs. As many as you like, on as many machines; the directory is one for each machine.
import { Worker as QueueWorker, UnrecoverableError } from 'bullmq';
import { Redis } from 'ioredis';
import { Plugins } from './plugins.mjs';
import { queueName } from './queue.mjs';

const plugins = await Plugins.open(process.env.DIRECTORY);
const connection = new Redis(process.env.REDIS, { maxRetriesPerRequest: null });

/** What did not run, or found this host or the tenant's account on it full: another host may have room. All else is the plugin's own, and would only fail again. */
const mayBeTriedAgain = ({ code, limit = '' }) =>
  code === 'ERR_WAZERO_ABORTED' ||
  code === 'ERR_WAZERO_CLOSED' ||
  (code === 'ERR_WAZERO_LIMIT' && (limit === 'totalMemoryBytes' || limit.startsWith('tenant.')));

const worker = new QueueWorker(
  queueName,
  async (job) => {
    try {
      return await plugins.run(job.data);
    } catch (error) {
      throw mayBeTriedAgain(error) ? error : new UnrecoverableError(error.reason ?? error.message);
    }
  },
  {
    connection,
    concurrency: Number(process.env.CONCURRENCY ?? 8),
    // A host that has died is noticed when its locks run out. Guests are not on this thread, so the locks of long jobs are renewed in time.
    lockDuration: 3_000,
    stalledInterval: 1_000,
    maxStalledCount: 2, // of a job whose hosts die, this often; then it fails
  },
);
worker.on('error', (error) => console.error(`host ${process.pid}: ${error.message}`));
await worker.waitUntilReady();
process.send?.('ready');

process.once('SIGTERM', async () => {
  await worker.close(); // takes no more, ends what it has
  await plugins.close();
  await connection.quit();
  process.exitCode = 0;
  process.disconnect?.();
});
