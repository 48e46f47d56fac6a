import { describe, expect, it } from 'vitest';
import { frames } from '../../src/calls/known-frames.js';
import type { Frame } from '../../src/calls/link-group.js';

const frame = (id: number) => ({ id, nextKnown: undefined }) as Frame;

describe('frames that native code knows', () => {
  it('are found by their ids as in a Map, however many come and go', () => {
    const map = new Map<number, Frame>();
    let id = 2 ** 31 - 1_000; // what ids become of which the lowest bits are no small integer any more
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed % below;
    };
    for (const most of [3, 5_000, 2, 700, 0]) {
      for (let step = 0; step < 20_000; step++) {
        if (map.size < most && random(3) > 0) {
          const one = frame(++id);
          frames.add(one);
          map.set(id, one);
        } else if (map.size > 0) {
          const [oldest] = map.keys();
          const which = map.size > most ? (oldest as number) : id - random(2 * map.size);
          const one = map.get(which) ?? frame(which); // one that is not known is not removed
          frames.remove(one);
          map.delete(which);
        }
        const asked = id - random(2 * most + 2);
        if (frames.find(asked) !== map.get(asked)) throw new Error(`${asked} of ${map.size}`);
      }
    }
    expect(map.size).toBe(0);
  });
});
