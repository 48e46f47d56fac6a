/** How long the event loop is held. Linux says for how long a thread was at work, and for how long it was kept waiting for a processor by others. */
import { readFileSync } from 'node:fs';

/** Milliseconds that the main thread has worked, and waited for a processor. */
function spent() {
  try {
    const [worked, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
    return { worked: Number(worked) / 1e6, waited: Number(waited) / 1e6 };
  } catch {
    return { worked: performance.now(), waited: 0 };
  }
}

/** Begins to watch; `end` gives the longest time in ms between two turns: `stall` of waiting and work, `work` without what it waited for. */
export function watchLoop() {
  const worst = { stall: 0, work: 0 };
  let last = performance.now();
  let { worked, waited } = spent();
  const look = () => {
    const now = performance.now();
    const so = spent();
    worst.stall = Math.max(worst.stall, now - last - (so.waited - waited));
    worst.work = Math.max(worst.work, so.worked - worked);
    last = now;
    ({ worked, waited } = so);
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

/** Runs it with the loop watched: what it answers or rejects with, and the longest stall and work in ms. */
export async function stallOf(work) {
  const watch = watchLoop();
  let value;
  let error;
  try {
    value = await work();
  } catch (thrown) {
    error = thrown;
  }
  return { value, error, ...(await watch.end()) };
}
