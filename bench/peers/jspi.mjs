// Run by Node 26: guests of V8 that are suspended in Promises (JSPI). A line { guests, each } is answered with the time of one host call; with a total,
// each guest is called again until there have been so many calls.
import { createInterface } from 'node:readline';

let module;
for await (const line of createInterface(process.stdin)) {
  const { binary, guests, each, total } = JSON.parse(line);
  module ??= await WebAssembly.compile(Buffer.from(binary, 'base64'));
  const later = new WebAssembly.Suspending(() => new Promise((resolve) => setImmediate(resolve)));
  const runs = Array.from({ length: guests }, () => {
    const { exports } = new WebAssembly.Instance(module, { env: { later } });
    return WebAssembly.promising(exports.run);
  });
  let begun = 0;
  const again = async (run) => {
    while (begun < total) {
      begun++;
      await run(each);
    }
  };
  const start = process.hrtime.bigint();
  await Promise.all(runs.map((run) => (total === undefined ? run(each) : again(run))));
  const ns = Number(process.hrtime.bigint() - start) / (total ?? guests * each);
  process.stdout.write(`${JSON.stringify({ ns })}\n`);
}
