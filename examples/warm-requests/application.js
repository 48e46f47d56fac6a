// Runs in QuickJS, in the guest. The index takes a while to build, and is the same for all requests; so is what a request leaves behind: nothing.
const index = new Map();
for (let i = 0; i < 20000; i++) index.set(`item${i}`, { id: i, price: (i * 37) % 1000 });
let requests = 0;

// biome-ignore lint/correctness/noUnusedVariables: called by the host
function handle({ path, query }) {
  requests++;
  if (path === '/price') return { price: index.get(query.name)?.price, requests };
  if (path === '/spoil') {
    index.clear();
    for (;;) requests++;
  }
  return { items: index.size, requests };
}
