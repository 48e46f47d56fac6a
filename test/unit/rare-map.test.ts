import { describe, expect, it } from 'vitest';
import { RareMap, RareSet } from '../../src/values/rare-map.js';

/** The same steps, at random, to ours and to V8's; few keys, so that there is often one thing, or none. */
function* steps(count: number): Iterable<{ step: number; key: unknown; value: number }> {
  const keys: unknown[] = [1n, 'a', undefined, Number.NaN, 0, {}];
  let seed = 1;
  for (let value = 0; value < count; value++) {
    seed = (seed * 48271) % 0x7fffffff;
    yield { step: seed % 5, key: keys[Math.floor(seed / 5) % (seed % 3 === 0 ? keys.length : 2)], value };
  }
}

describe('RareMap', () => {
  it('is a Map, whatever is done to it', () => {
    const [ours, map] = [new RareMap<unknown, number>(), new Map<unknown, number>()];
    for (const { step, key, value } of steps(3_000)) {
      if (step < 2) {
        ours.set(key, value);
        map.set(key, value);
      } else if (step < 4) expect(ours.delete(key)).toBe(map.delete(key));
      else if (value % 50 === 0) {
        ours.clear();
        map.clear();
      }
      expect([ours.size, ours.get(key), ours.has(key)]).toEqual([map.size, map.get(key), map.has(key)]);
      if (value % 10 === 0) {
        expect([...ours]).toEqual([...map]);
        expect([...ours.values()]).toEqual([...map.values()]);
      }
    }
  });
});

describe('RareSet', () => {
  it('is a Set, whatever is done to it', () => {
    const items = [{}, {}, {}];
    const [ours, set] = [new RareSet<object>(), new Set<object>()];
    for (const { step, value } of steps(3_000)) {
      const item = items[value % (step === 1 ? 3 : 1)] as object;
      if (step < 2) {
        ours.add(item);
        set.add(item);
      } else expect(ours.delete(item)).toBe(set.delete(item));
      expect([ours.size, ours.has(item), ...ours]).toEqual([set.size, set.has(item), ...set]);
    }
  });
});
