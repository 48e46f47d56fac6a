import { Runtime } from '../../../dist/index.js';
import { wat } from '../wat.mjs';
import { boundaryModule, functions } from './functions.mjs';

/** What an error says, in the same words for both. */
function kindOf({ message }) {
  if (/out of bounds memory|memory access out of bounds/.test(message)) return 'out of bounds';
  if (/divide|remainder/.test(message)) return 'division';
  return /overflow|unrepresentable|truncation|conversion/.test(message) ? 'conversion' : message.slice(0, 200);
}

const positions = (end) => [
  ...Array.from({ length: 20 }, (_, i) => end - 17 + i),
  ...[0, 1, 65_520, 0x7ffffff0, 0x7fffffff, -0x80000000, -65_536, -16, -1, end - 4097],
];

/**
 * Each function at each position, by wazero and by V8, in a memory of 0, 1, 2 and 3 pages, which grows in between: results, traps, what is in memory and
 * in a global afterwards must be equal. Answers how many calls there were, and the first differences.
 */
export async function checkBoundaries(config, lane = 'callSync', chosen = functions) {
  const differences = [];
  let calls = 0;
  const runtime = new Runtime(config);
  for (const [first, ...grows] of [
    [0, 0, 1, 1],
    [2, 0, 1],
  ]) {
    const binary = wat(boundaryModule(first, chosen));
    const ours = await runtime.instantiate(binary);
    const v8 = new WebAssembly.Instance(new WebAssembly.Module(binary)).exports;
    const called = chosen.map((_, i) => ours.exportedFunction(`f${i}`));
    const same = () => Buffer.compare(Buffer.from(v8.memory.buffer), Buffer.from(ours.memory.buffer)) === 0;
    for (const grow of grows) {
      v8.grow(grow);
      ours.exportedFunction('grow').callSync(grow);
      const end = v8.memory.buffer.byteLength;
      const bytes = Uint8Array.from({ length: end }, (_, i) => i * 37 + (i >> 8));
      const fill = () => {
        new Uint8Array(v8.memory.buffer).set(bytes);
        ours.memory.write(0, bytes);
      };
      fill();
      for (const [i, { name, writes }] of chosen.entries())
        for (const at of positions(end)) {
          if (name === 'to the end' && (at | 0) >>> 0 > 131_080) continue;
          const one = ended(() => v8[`f${i}`](at | 0));
          const other =
            lane === 'callSync' ? ended(() => called[i].callSync(at | 0)) : await called[i].call(at | 0).catch(kindOf);
          calls++;
          const global = ours.exportedGlobal('g').get();
          if (one !== other || v8.g.value !== global || (writes && !same()))
            differences.push(
              `${name}, at ${at - end} from the end of ${end}: V8 ${one}, wazero ${other}, globals ${v8.g.value} and ${global}`,
            );
          if (writes) fill();
        }
      if (!same()) differences.push(`something wrote that should not have, in a memory of ${end} bytes`);
    }
    await ours.close();
  }
  await runtime.close();
  return { calls, differences: differences.slice(0, 20) };
}

function ended(call) {
  try {
    return call();
  } catch (error) {
    return kindOf(error);
  }
}
