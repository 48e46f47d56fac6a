import { Runtime, RuntimeConfig } from '../../dist/index.js';
import { compare, guest, quick, time, timeAsync } from '../measure.mjs';
import { importPeer, node26, nodeApi, piscina } from '../peers.mjs';

const group = 'Calls';
const binary = guest('calls.wat');
const limits = nodeApi();
const runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
await runtime
  .newHostModuleBuilder('env')
  .newFunctionBuilder()
  .withFunction(() => {}, [], [])
  .export('nothing')
  .newFunctionBuilder()
  .withModuleFunction((caller, p, n) => caller.memory.readString(p, n).length, ['i32', 'i32'], ['i32'])
  .export('length')
  .newFunctionBuilder()
  .withFunction(() => new Promise((resolve) => setImmediate(resolve)), [], [])
  .export('later')
  .instantiate();
const module = await runtime.instantiate(binary);
const f = (name) => module.exportedFunction(name);
const [empty, add, host, strings] = ['empty', 'add', 'host', 'strings'].map(f);

// The same guest in V8.
let v8Memory;
const decoder = new TextDecoder();
const { exports: v8 } = new WebAssembly.Instance(new WebAssembly.Module(binary), {
  env: { nothing() {}, length: (p, n) => decoder.decode(new Uint8Array(v8Memory.buffer, p, n)).length },
});
v8Memory = v8.memory;

const napi = () => time(limits.empty, 3e6);
const many = quick ? 1e5 : 1e6;
await compare({
  group,
  row: 'callSync of an empty function',
  against: 'an empty Node-API call',
  limitIs: 'an empty Node-API call',
  bar: 4.5,
  ours: () => time(() => empty.callSync(), many),
  peer: napi,
  limit: napi,
});
await compare({
  group,
  row: 'a synchronous host call',
  against: 'an empty Node-API call',
  limitIs: 'an empty Node-API call',
  bar: 17,
  ours: () => time(() => host.callSync(1000), many / 1e4) / 1000,
  peer: napi,
  limit: napi,
});
await compare({
  group,
  row: 'callSync (i32, i32) -> i32',
  against: "V8's WebAssembly",
  limitIs: 'an empty Node-API call',
  ours: () => time(() => add.callSync(1, 2), many),
  peer: () => time(() => v8.add(1, 2), many),
  limit: napi,
});
await compare({
  group,
  row: 'a host function that reads a string of 1 KiB',
  note: '3.97 x before its arguments came without an array. What is left beside reading the text: the object that stands for the caller, and collecting it',
  against: "V8's WebAssembly",
  ours: () => time(() => strings.callSync(100), many / 1e4) / 100,
  peer: () => time(() => v8.strings(100), many / 1e4) / 100,
});

// A string of 1 KiB in, reversed, and out again.
const text = 'abcdefgh'.repeat(128);
const [alloc, free, reverse] = ['alloc', 'free', 'reverse'].map(f);
const encoder = new TextEncoder();
function ourString() {
  const p = alloc.callSync(text.length);
  module.memory.writeString(p, text);
  reverse.callSync(p, text.length);
  const result = module.memory.readString(p, text.length);
  free.callSync(p);
  return result;
}
function v8String() {
  const p = v8.alloc(text.length);
  encoder.encodeInto(text, new Uint8Array(v8.memory.buffer, p));
  v8.reverse(p, text.length);
  const result = decoder.decode(new Uint8Array(v8.memory.buffer, p, text.length));
  v8.free(p);
  return result;
}
if (ourString() !== v8String()) throw new Error('the strings differ');
await compare({
  group,
  row: 'a string of 1 KiB in and out',
  against: "V8's WebAssembly",
  ours: () => time(ourString, many / 100),
  peer: () => time(v8String, many / 100),
});

const { createPlugin } = (await importPeer('@extism/extism')).default ?? (await importPeer('@extism/extism'));
const plugin = await createPlugin(await WebAssembly.compile(guest('extism.wat')), { useWasi: false });
if ((await plugin.call('run', text)).text() !== v8String()) throw new Error("Extism's string differs");
await compare({
  group,
  row: 'a string of 1 KiB in and out, beside Extism',
  against: '@extism/extism, in the JS thread',
  bar: 1 / 2,
  ours: () => time(ourString, many / 100),
  peer: () => timeAsync(async () => (await plugin.call('run', text)).text(), many / 1000),
});
await plugin.close();

const pool = await piscina({ guest: binary });
const asynchronous = quick ? 500 : 3000;
await compare({
  group,
  row: 'call, one at a time',
  against: 'a piscina pool',
  limitIs: "a trip to libuv's pool and back",
  bar: 1 / 3,
  ours: () => timeAsync(() => empty.call(), asynchronous),
  peer: () => timeAsync(() => pool.run(), asynchronous),
  limit: () => timeAsync(limits.roundTrip, asynchronous),
});
const guests = await Promise.all(Array.from({ length: 1000 }, () => runtime.instantiate(binary)));
const functions = guests.map((each) => each.exportedFunction('empty'));
const together = async (work) => {
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: 1000 }, (_, i) => work(i)));
  return Number(process.hrtime.bigint() - start) / 1000;
};
await compare({
  group,
  row: 'call, 1,000 at once',
  against: 'a piscina pool',
  limitIs: "1,000 trips to libuv's pool at once",
  bar: 1 / 10,
  ours: () => together((i) => functions[i].call()),
  peer: () => together(() => pool.run()),
  limit: () => together(limits.roundTrip),
});
await pool.destroy();

const later = guest('later.wat');
const one = (await runtime.instantiate(later)).exportedFunction('run');
const hostCalls = quick ? 100 : 1000;
await compare({
  group,
  row: 'an asynchronous host call, one guest',
  against: "a trip to libuv's pool and back",
  limitIs: "a trip to libuv's pool and back",
  bar: 1.5,
  ours: async () => (await timeAsync(() => one.call(hostCalls))) / hostCalls,
  peer: () => timeAsync(limits.roundTrip, hostCalls),
  limit: () => timeAsync(limits.roundTrip, hostCalls),
});
const jspi = node26('jspi.mjs');
const thousand = await Promise.all(
  Array.from({ length: 1000 }, async () => (await runtime.instantiate(later)).exportedFunction('run')),
);
await compare({
  group,
  row: 'asynchronous host calls of 1,000 guests',
  against: 'V8 with JSPI, Node 26',
  bar: 4,
  ours: async () => (await timeAsync(() => Promise.all(thousand.map((run) => run.call(10))))) / 10_000,
  peer: async () => (await jspi.ask({ binary: Buffer.from(later).toString('base64'), guests: 1000, each: 10 })).ns,
});
jspi.close();
await runtime.close();
