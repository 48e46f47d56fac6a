/**
 * One target, in a process of its own: node child.mjs TARGET {seed, from, executions, seconds, committed, progress}. The number of the execution is in the
 * file `progress` before it starts, so whoever watches knows which one ended the process or hangs.
 */
import { openSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { native } from '../../dist/internal.js';
import { Random } from './random.mjs';

const [name, text] = process.argv.slice(2);
const { seed, from, executions, seconds, committed, progress } = JSON.parse(text);
const { open } = await import(`./targets/${name}.mjs`);
const file = openSync(progress, 'r+');
const note = new BigUint64Array(1);
const end = performance.now() + seconds * 1000;
const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);

const target = await open({ seed, committed });
/** How often C++ was asked to enter a function without Go. */
let direct = 0;
const binding = native();
const { directCall } = binding;
binding.directCall = () => {
  direct++;
  return directCall();
};
let index = from;
let lastTurn = performance.now();
for (; index < from + executions && performance.now() < end; index++) {
  note[0] = BigInt(index);
  writeSync(file, note, 0, 8, 0);
  const random = new Random(seed, index);
  try {
    const pending = target.run(random, index);
    if (pending) await pending;
  } catch (error) {
    say({ index, finding: error?.stack ?? String(error), input: error?.input });
    await target.reset?.();
  }
  // What is closed is let go in turns of the event loop.
  if (performance.now() - lastTurn > 20) {
    await turn();
    lastTurn = performance.now();
  }
}
await target.close?.();
say({ done: index - from, counts: { ...target.counts, direct } });
