import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Milliseconds that threads of this process wanted to run and did not get a processor; 0 where the system does not say. */
export function keptWaiting(): number {
  if (!existsSync('/proc/self/task')) return 0;
  const of = (task: string) => Number(readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  return readdirSync('/proc/self/task').reduce((sum, task) => sum + of(task), 0);
}
