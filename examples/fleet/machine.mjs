// What the example needs to be on one machine: a Redis of its own, host processes, and a directory for both.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const redisServer = process.env.REDIS_SERVER ?? '/usr/bin/redis-server';

/** When `close` has settled, all that it started has ended. */
export class Machine {
  hosts = [];
  #redis;

  static async start() {
    if (!existsSync(redisServer))
      throw new Error('Expected redis-server: apt-get install redis-server, or REDIS_SERVER=path.');
    const machine = new Machine();
    machine.directory = await mkdtemp(join(tmpdir(), 'fleet-'));
    machine.redis = join(machine.directory, 'redis.sock'); // on several machines: redis://host:6379
    // What a queue needs: nothing is evicted. Where jobs must outlive Redis itself: --appendonly yes.
    const args = ['--port', '0', '--unixsocket', machine.redis, '--save', '', '--maxmemory-policy', 'noeviction'];
    machine.#redis = spawn(redisServer, [...args, '--dir', machine.directory], { stdio: 'ignore' });
    for (let tries = 0; !existsSync(machine.redis); tries++) {
      if (tries === 500 || machine.#redis.exitCode !== null) throw new Error('Redis does not start.');
      await setTimeout(10);
    }
    return machine;
  }

  /** A host process that takes jobs. `under`: a command that starts it, as ['taskset', '-c', '0']. */
  async startHost({ concurrency = 8, under = [] } = {}) {
    const [command, ...args] = [...under, process.execPath, fileURLToPath(new URL('host.mjs', import.meta.url))];
    const host = spawn(command, args, {
      env: {
        ...process.env,
        REDIS: this.redis,
        DIRECTORY: join(this.directory, 'shared'),
        CONCURRENCY: String(concurrency),
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = once(host, 'exit');
    const [message] = await Promise.race([once(host, 'message'), ended]);
    if (message !== 'ready') throw new Error(`A host ended before it was ready: ${message}`);
    const started = { process: host, ended };
    this.hosts.push(started);
    return started;
  }

  /** As an operator does it (SIGTERM: it ends what it has), or as a machine that dies (SIGKILL). */
  async stopHost(host, signal = 'SIGTERM') {
    this.hosts = this.hosts.filter((other) => other !== host);
    host.process.kill(signal);
    await host.ended;
  }

  async close() {
    await Promise.all(this.hosts.map((host) => this.stopHost(host)));
    const ended = once(this.#redis, 'exit');
    this.#redis.kill();
    await ended;
    await rm(this.directory, { recursive: true });
  }
}
