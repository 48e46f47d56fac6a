/** Workers come and go, one after the other: `make` starts one, which tells when it is loaded. */
export async function workersUntil(end, random, count, make) {
  while (performance.now() < end) {
    const worker = make();
    count('workers');
    const gone = new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
    // Not before it is loaded: Node leaves modules open that it was just reading.
    const patience = random.below(100);
    if (random.oneIn(2)) worker.once('message', () => setTimeout(() => void worker.terminate(), patience).unref());
    await gone;
  }
}
