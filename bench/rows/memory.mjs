import { Runtime } from '../../dist/index.js';
import { wat } from '../../test/support/wat.mjs';
import { compare, quick, time } from '../measure.mjs';

const group = 'Memory';
const runtime = new Runtime();
const module = await runtime.instantiate(wat('(module (memory (export "memory") 1024))'));
const MiB = 2 ** 20;
const from = new Uint8Array(64 * MiB);
const times = quick ? 50 : 500;
await compare({
  group,
  row: 'memory.read of 1 MiB',
  against: 'a copy into a fresh Uint8Array',
  limitIs: 'a copy into a fresh Uint8Array',
  bar: 1.2,
  ours: () => time(() => module.memory.read(0, MiB), times),
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
