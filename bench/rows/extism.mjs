// Plugins of Extism beside @extism/extism 2.0.0-rc13, foreground and Worker. Guests: one of a kit (Rust), one that echoes, in text.
import { readFileSync } from 'node:fs';
import createPlugin from '../../dist/extism.js';
import { compare, emit, guest, median, quick, time, timeAsync } from '../measure.mjs';
import { importPeer } from '../peers.mjs';

const group = 'Extism';
const peerModule = await importPeer('extism-2');
const peer = peerModule.createPlugin ?? peerModule.default?.createPlugin ?? peerModule.default;
const echo = guest('extism.wat');
const receipt = readFileSync(new URL('../../examples/extism/plugins/receipt-rust.wasm', import.meta.url));
const of = (data) => ({ wasm: [{ data: new Uint8Array(data) }] });
const oneKiB = 'a'.repeat(1024);
const functions = { 'extism:host/user': { discount: (context) => context.store('10') } };
const options = { config: { currency: 'EUR' }, functions };
const inWorker = { runInWorker: true };

// made anew, its code seen before
const kept = [await createPlugin(of(receipt), options), await peer(of(receipt), options)];
const make = async (create) => {
  const plugin = await create(of(receipt), options);
  await plugin.call('receipt', '12 x 250');
  await plugin.close();
};
await compare({
  group,
  row: 'a plugin that was seen before (84 KB of Rust): made, called once, closed',
  against: '@extism/extism 2.0.0-rc13, in the JS thread',
  bar: 0.3,
  ours: () => timeAsync(() => make(createPlugin), quick ? 5 : 20),
  peer: () => timeAsync(() => make(peer), quick ? 5 : 20),
});

// a call
const [ours, theirs, worker] = await Promise.all([createPlugin(of(echo)), peer(of(echo)), peer(of(echo), inWorker)]);
for (const plugin of [ours, theirs, worker])
  if ((await plugin.call('run', oneKiB)).text() !== oneKiB) throw new Error('the echo differs');
const calls = quick ? 200 : 1000;
await compare({
  group,
  row: 'callSync of 1 KiB in and out',
  against: '@extism/extism 2.0.0-rc13, in the JS thread',
  ours: () => time(() => ours.callSync('run', oneKiB), calls * 5),
  peer: () => timeAsync(() => theirs.call('run', oneKiB), calls),
});
await compare({
  group,
  row: 'call of 1 KiB in and out, one after another',
  against: '@extism/extism 2.0.0-rc13, in a Worker',
  bar: 1 / 20,
  ours: () => timeAsync(() => ours.call('run', oneKiB), calls),
  peer: () => timeAsync(() => worker.call('run', oneKiB), calls),
});

// config, a var and a host function
const [kit, kitPeer] = kept;
await compare({
  group,
  row: 'a call with config, a var and a synchronous host function, callSync',
  against: '@extism/extism 2.0.0-rc13, in the JS thread',
  ours: () => time(() => kit.callSync('receipt', '12 x 250'), calls * 5),
  peer: () => timeAsync(() => kitPeer.call('receipt', '12 x 250'), calls),
});

// fresh
const fresh = await createPlugin(of(echo), { fresh: true });
emit({
  group,
  row: 'a call in an instance of its own (fresh), µs',
  unit: 'us',
  ours: (await timeAsync(() => fresh.call('run', oneKiB), calls)) / 1000,
  bar: 150,
  absolute: true,
});
await fresh.close();

// a runaway
const spin = await createPlugin(of(receipt), { ...options, timeoutMs: 100 });
const late = [];
for (let i = 0; i < (quick ? 3 : 15); i++) {
  const began = performance.now();
  await spin.call('hang').catch(() => {});
  late.push(performance.now() - began - 100);
}
emit({
  group,
  row: 'a runaway is told of so many ms after its deadline',
  unit: 'ms',
  ours: median(late),
  bar: 10,
  absolute: true,
});
await spin.close();

// many
const many = quick ? 200 : 1000;
globalThis.gc?.();
const rss = () => Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
const before = rss();
const plugins = [];
for (let i = 0; i < many; i++) {
  plugins.push(await createPlugin(of(receipt), options));
  await plugins[i].call('receipt', '12 x 250');
}
emit({
  group,
  row: `${many.toLocaleString('en')} plugins that live, each called, MiB each`,
  unit: 'MiB',
  ours: (rss() - before) / many,
  bar: 0.35,
  absolute: true,
});
await Promise.all([...plugins, ...kept, ours, theirs, worker].map((plugin) => plugin.close()));
process.exit(0);
