import { Runtime } from '../../dist/index.js';
import { wat } from '../../test/support/wat.mjs';
import { compare, own, quick, time } from '../measure.mjs';

const group = 'Memory';
const runtime = new Runtime();
const module = await runtime.instantiate(wat('(module (memory (export "memory") 1024))'));
const { memory } = module;
const MiB = 2 ** 20;
const many = quick ? 1e5 : 3e6;

// V8's own memory, by views of it that are kept where they can be.
const v8 = new WebAssembly.Memory({ initial: 16 }).buffer;
const view = new DataView(v8);
const bytes = new Uint8Array(v8);
for (const [row, ours, peer, bar] of [
  ['readUint32Le', 'sum += memory.readUint32Le(i & 0xfff0)', 'sum += view.getUint32(i & 0xfff0, true)', 12],
  ['writeUint32Le', 'memory.writeUint32Le(i & 0xfff0, i)', 'view.setUint32(i & 0xfff0, i, true)', 12],
  ['readFloat64Le', 'sum += memory.readFloat64Le(i & 0xfff0)', 'sum += view.getFloat64(i & 0xfff0, true)', 12],
  ['writeByte', 'memory.writeByte(i & 0xfff0, i & 0xff)', 'view.setUint8(i & 0xfff0, i)', 12],
]) {
  const run = own(`let sum = 0; ${ours}`, { memory });
  const other = own(`let sum = 0; ${peer}`, { view });
  await compare({
    group,
    row: `memory.${row}`,
    against: "a DataView of V8's memory",
    bar,
    absolute: true,
    ours: () => run(many),
    peer: () => other(many),
  });
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const texts = { '11 bytes': 'hello world', '1 KiB': 'abcdefgh'.repeat(128), '12 bytes, not ASCII': 'naïve 🦆!' };
for (const [what, text] of Object.entries(texts)) {
  const length = memory.writeString(4096, text);
  encoder.encodeInto(text, bytes.subarray(4096));
  const at = (statement, values) => own(statement, { text, length, ...values });
  const read = at('memory.readString(4096, length)', { memory });
  const decode = at('decoder.decode(new Uint8Array(v8, 4096, length))', { decoder, v8 });
  const write = at('memory.writeString(4096, text)', { memory });
  const encode = at('encoder.encodeInto(text, new Uint8Array(v8, 4096))', { encoder, v8 });
  const times = many / 10;
  await compare({
    group,
    row: `memory.readString, ${what}`,
    against: "TextDecoder on V8's memory",
    bar: 1.5,
    ours: () => read(times),
    peer: () => decode(times),
  });
  await compare({
    group,
    row: `memory.writeString, ${what}`,
    against: "encodeInto on V8's memory",
    bar: 1.5,
    ours: () => write(times),
    peer: () => encode(times),
  });
}

const source = new Uint8Array(1024);
const read = own('memory.read(4096, 1024)', { memory });
const slice = own('bytes.slice(4096, 5120)', { bytes });
const write = own('memory.write(4096, source)', { memory, source });
const set = own('bytes.set(source, 4096)', { bytes, source });
await compare({
  group,
  row: 'memory.read of 1 KiB',
  against: "slice of V8's memory",
  bar: 1.5,
  ours: () => read(many / 10),
  peer: () => slice(many / 10),
});
await compare({
  group,
  row: 'memory.write of 1 KiB',
  against: "set on V8's memory",
  bar: 1.5,
  ours: () => write(many / 10),
  peer: () => set(many / 10),
});

const from = new Uint8Array(64 * MiB);
const times = quick ? 50 : 500;
await compare({
  group,
  row: 'memory.read of 1 MiB',
  against: 'a copy into a fresh Uint8Array',
  limitIs: 'a copy into a fresh Uint8Array',
  bar: 1.2,
  ours: () => time(() => memory.read(0, MiB), times),
  peer: () => time(() => from.slice(0, MiB), times),
  limit: () => time(() => from.slice(0, MiB), times),
});
// Were anything copied, 64 MiB would take longer than one page.
const small = await runtime.instantiate(wat('(module (memory (export "memory") 1))'));
const first = (each) => {
  each.memory.grow(0); // detaches
  return each.memory.buffer.byteLength;
};
await compare({
  group,
  row: 'memory.buffer of 64 MiB',
  against: 'memory.buffer of 64 KiB',
  bar: 2,
  note: 'no byte is copied: the time does not depend on the size',
  ours: () => time(() => first(module), times),
  peer: () => time(() => first(small), times),
});
await runtime.close();
