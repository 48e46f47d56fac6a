/** How long the event loop is held: by work or by waiting, but not by others that have the processor (Linux says how long it was wanted in vain). */
import { readFileSync } from 'node:fs';

/** Milliseconds that the main thread has waited for a processor. */
function waitedForProcessor() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/** Begins to watch; `end` gives the longest time in ms that no timer could come. */
export function watchLoop() {
  let worst = 0;
  let seen = performance.now();
  let waited = waitedForProcessor();
  const look = () => {
    const now = performance.now();
    const wait = waitedForProcessor();
    worst = Math.max(worst, now - seen - (wait - waited));
    seen = now;
    waited = wait;
  };
  const timer = setInterval(look, 1);
  return {
    async end() {
      await new Promise((resolve) => setTimeout(resolve, 2));
      look();
      clearInterval(timer);
      return worst;
    },
  };
}

/** Runs it with the loop watched: what it answers or rejects with, and the stall in ms. */
export async function stallOf(work) {
  const watch = watchLoop();
  let value;
  let error;
  try {
    value = await work();
  } catch (thrown) {
    error = thrown;
  }
  return { value, error, stall: await watch.end() };
}
